"""A grammar as a constraint over a vocabulary."""

from __future__ import annotations

from ..automaton import Automaton
from ..kernels import layout as at
from ..limits import Budget
from ..matcher import Constraint
from ..token_tables import tables_of
from ..vocabulary import Vocabulary
from .model import Grammar
from .tables import GrammarTables


class _NoValues:
    """The compiler of an automaton without values of its own."""

    def compile_node(self, node: int) -> None:
        raise AssertionError(node)

    compile_state = compile_node

    def node_after(self, node: int, items: bytes) -> int:
        raise AssertionError(node, items)


def compile_grammar(grammar: Grammar, vocabulary: Vocabulary, budget: Budget) -> Constraint:
    """The constraint to the texts of ``grammar``."""
    automaton = Automaton(at.COMPACT, budget)
    automaton.grammar = GrammarTables(grammar, {}, tables_of(vocabulary), budget)
    return Constraint(automaton, _NoValues(), vocabulary, grammar.notes)
