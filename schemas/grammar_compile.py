"""A grammar, which may hold JSON schemas, as a constraint over a vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..grammar.automaton import Automaton
from ..grammar.cfg.forms import Form, read_form
from ..grammar.cfg.model import Embedded, Grammar
from ..grammar.cfg.special_tokens import with_special_tokens
from ..grammar.cfg.tables import GrammarTables
from ..grammar.errors import MaskwrightError, UnsupportedSchema
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
    options = _common_options(grammar, schemas)
    automaton = Automaton(whitespace_of(options), budget, ESCAPES[options.escapes])
    compilers, nodes = [], {}
    for terminal, schema in schemas.items():
        nodes[terminal] = automaton.new_node()
        try:
            compilers.append(JsonCompiler(language_of(schema.contents, schema.options), automaton, nodes[terminal]))
        except MaskwrightError as error:
            content = grammar.terminals[terminal].content
            assert isinstance(content, Embedded)
            raise type(error)(f"{content.place}: {error.problem}", error.pointer, error.remedy) from error
    automaton.grammar = GrammarTables(grammar, nodes, tables_of(vocabulary), budget)
    return Constraint(automaton, _Compilers(compilers), vocabulary, grammar.notes)


def _schemas_of(grammar: Grammar, schema_of: Callable[[object], Schema]) -> dict[int, Schema]:
    """The schemas inside, by terminal."""
    found = {}
    for number, terminal in enumerate(grammar.terminals):
        if isinstance(terminal.content, Embedded):
            found[number] = schema_of(terminal.content.specification)
    return found


def _common_options(grammar: Grammar, schemas: dict[int, Schema]) -> JsonOptions:
    """The options of the schemas inside, which have to agree on blanks and escapes: there is one automaton for all."""
    options = [schema.options for schema in schemas.values()] or [JsonOptions()]
    for other in options[1:]:
        if (other.whitespace, other.escapes) != (options[0].whitespace, options[0].escapes):
            raise UnsupportedSchema(
                "schemas inside one grammar have different options of whitespace or escapes",
                None,
                "give all of them the same ones",
            )
    return options[0]
