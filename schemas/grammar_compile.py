"""A grammar, which may hold JSON schemas, as a constraint over a vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from ..grammar.automaton import Automaton
from ..grammar.cfg.forms import Form, read_form
from ..grammar.cfg.model import Embedded, Grammar
from ..grammar.cfg.special_tokens import with_special_tokens
from ..grammar.cfg.tables import GrammarTables
from ..grammar.errors import MaskwrightError
from ..grammar.limits import Budget, Limits
from ..grammar.matcher import Constraint
from ..grammar.token_tables import tables_of
from ..grammar.vocabulary import Vocabulary
from .compile import ESCAPES, language_of, whitespace_of
from .compiler import JsonCompiler
from .options import JsonOptions


class _Compilers:
    """Each node and state is written by the compiler that made it."""

    def __init__(self, compilers: Sequence[JsonCompiler]) -> None:
        self._compilers = compilers

    def _of_node(self, node: int) -> JsonCompiler:
        return next(compiler for compiler in self._compilers if compiler.knows_node(node))

    def compile_node(self, node: int) -> None:
        self._of_node(node).compile_node(node)

    def compile_state(self, state: int) -> None:
        next(compiler for compiler in self._compilers if compiler.knows_state(state)).compile_state(state)

    def compile_entry(self, entry: int) -> None:
        next(compiler for compiler in self._compilers if compiler.knows_entry(entry)).compile_entry(entry)

    def node_after(self, node: int, items: bytes) -> int:
        return self._of_node(node).node_after(node, items)

    def example_keys(self, state: int) -> frozenset[bytes]:
        return next(compiler for compiler in self._compilers if compiler.knows_state(state)).example_keys(state)


class Schema(Protocol):
    """A JSON schema with its options (``specification.JsonSchema``)."""

    contents: object
    options: JsonOptions


def compile_form(
    form: Form, vocabulary: Vocabulary, limits: Limits, schema_of: Callable[[object], Schema]
) -> Constraint:
    """The constraint to the texts of ``form``; ``schema_of`` makes the schemas inside of what stands for them.

    Raises ``InvalidGrammar``, ``UnsatisfiableGrammar``, ``LimitExceeded``, and for a schema inside what
    ``maskwright.compile`` raises for it.
    """
    budget = Budget(limits)
    grammar = with_special_tokens(read_form(form, budget, frozenset(vocabulary.special_tokens)), vocabulary)
    schemas = _schemas_of(grammar, schema_of)
    automaton = _automaton_for([schema.options for schema in schemas.values()], budget)
    compilers, nodes, styles = [], {}, {}
    for terminal, schema in schemas.items():
        options = schema.options
        style = styles[terminal] = automaton.style_of(whitespace_of(options), ESCAPES[options.escapes])
        node = nodes[terminal] = automaton.new_node(style)
        try:
            compilers.append(JsonCompiler(language_of(schema.contents, options), automaton, node, style))
        except MaskwrightError as error:
            raise _placed(error, grammar, terminal) from error
    automaton.grammar = GrammarTables(grammar, nodes, tables_of(vocabulary), budget, styles)
    return Constraint(automaton, _Compilers(compilers), vocabulary, grammar.notes)


def _schemas_of(grammar: Grammar, schema_of: Callable[[object], Schema]) -> dict[int, Schema]:
    """The schemas inside, by terminal."""
    found = {}
    for number, terminal in enumerate(grammar.terminals):
        if isinstance(terminal.content, Embedded):
            try:
                found[number] = schema_of(terminal.content.specification)
            except MaskwrightError as error:
                raise _placed(error, grammar, number) from error
    return found


def _placed(error: MaskwrightError, grammar: Grammar, terminal: int) -> MaskwrightError:
    """``error`` about the schema of ``terminal``, with where that stands."""
    content = grammar.terminals[terminal].content
    assert isinstance(content, Embedded)
    return replace(error, problem=f"{content.place}: {error.problem}")


def _automaton_for(options: Sequence[JsonOptions], budget: Budget) -> Automaton:
    """An automaton whose first style is that of the first options."""
    first = next(iter(options), JsonOptions())
    return Automaton(whitespace_of(first), budget, ESCAPES[first.escapes])
