"""What a grammar is to the kernels: a parser, its contexts and their scanner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import LimitExceeded
from ..limits import Budget
from .contexts import Contexts
from .cuts import Cuts
from .exact_contexts import ExactContexts
from .exact_grammar import ExactGrammar
from .joins import without_joins
from .lr_tables import LrTables, lr_tables
from .model import Embedded, Grammar, Lexing
from .scanner import Scanner
from .separation import is_separable


@dataclass(frozen=True)
class Machine:
    """``is_exact``: terminals say how a text is cut, so that whatever can be read can be completed."""

    grammar: Grammar
    lr: LrTables
    contexts: Contexts
    is_exact: bool


def machine_of(grammar: Grammar, accepts_empty: bool, budget: Budget) -> Machine:
    """The machine for ``grammar``, which has no empty rules.

    Raises ``LimitExceeded``, and ``UnsatisfiableGrammar`` where all texts would be cut otherwise.
    """
    grammar, lr = without_joins(grammar, budget)
    contexts = Contexts(grammar, lr, Scanner(grammar, budget))
    plain = Machine(grammar, lr, contexts, False)
    if not _can_be_exact(grammar, contexts.scanner) or _is_separable(plain):
        return plain
    try:
        return _exact(plain, accepts_empty, budget)
    except LimitExceeded:
        budget.check()
        return plain


def _can_be_exact(grammar: Grammar, scanner: Scanner) -> bool:
    """Lines that indent and values are not followed."""
    if grammar.indentation is not None or any(isinstance(terminal.content, Embedded) for terminal in grammar.terminals):
        return False
    return grammar.lexing is Lexing.LONGEST or len(scanner.rows.guard_transitions) > 0


def _is_separable(plain: Machine) -> bool:
    return plain.grammar.lexing is Lexing.LONGEST and is_separable(plain.grammar, plain.lr, plain.contexts)


def _exact(plain: Machine, accepts_empty: bool, budget: Budget) -> Machine:
    lr, contexts = plain.lr, plain.contexts
    reached = np.unique(contexts.of_state[[0, *lr.shifts[:, 1].tolist()]]).tolist()
    cuts = Cuts(contexts, reached, plain.grammar.lexing, budget)
    exact = ExactGrammar(plain.grammar, lr, contexts.of_state.tolist(), accepts_empty, cuts, budget)
    after = lr_tables(exact.grammar, budget)
    return Machine(exact.grammar, after, ExactContexts(exact, after, cuts, contexts.scanner), True)
