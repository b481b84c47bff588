"""Automata of the regular expressions in a notation, where they are not too large."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ..charset import char_set
from ..errors import LimitExceeded
from ..limits import Budget, Limits
from ..regex import compile_node
from ..regex_nodes import UNBOUNDED, Node, Nodes
from .byte_dfa import ByteDfa
from .literals import literal_dfa, literals_dfa
from .notation import Characters, Choice, Expression, Literal, Reference, Repetition, Sequence
from .plain_patterns import whole_dfa
from .utf8 import byte_dfa_of

POSITIONS = 4_000
"""Characters of an expression, counted repetitions written out, up to which its automaton is tried."""

_STATES = 4_000
_SECONDS = 1.0
_DEPTH = 60
"""Of expressions, rules in rules; walks recurse this deep."""

_TOO_LARGE = 1 << 40
_SHORT = 1 << 12
"""Patterns up to this long are read by kernels."""


@dataclass(frozen=True)
class Measure:
    """``positions``: a bound of the characters of an expression, and of its tree's leaves; ``depth``: of its tree."""

    positions: int
    depth: int

    @property
    def fits(self) -> bool:
        return self.positions <= POSITIONS and self.depth <= _DEPTH


@dataclass
class RegularParts:
    """``rules``: regular rules by name, each after those that it refers to; expressions with others are not regular."""

    budget: Budget
    rules: Mapping[str, Expression]
    measures: dict[str, Measure] = field(default_factory=dict)
    _automata: dict[Expression, ByteDfa | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, expression in self.rules.items():
            self.budget.check()
            self.measures[name] = self.measure(expression)

    def measure(self, expression: Expression) -> Measure:
        match expression:
            case Literal(text):
                return Measure(max(len(text), 1), 1)
            case Reference(name):
                return replace(self.measures[name], depth=self.measures[name].depth + 1)
            case Repetition(body, low, high):
                inner = self.measure(body)
                times = max(low if high == UNBOUNDED else high, 1)
                return Measure(min(inner.positions * times, _TOO_LARGE), inner.depth + 1)
        inner_ones = list(map(self.measure, expression.parts)) or [Measure(1, 0)]
        positions = sum(inner.positions for inner in inner_ones)
        return Measure(min(positions, _TOO_LARGE), 1 + max(inner.depth for inner in inner_ones))

    def automaton(self, expression: Expression) -> ByteDfa | None:
        """Of a regular expression; ``None`` where it is or may become too large."""
        while isinstance(expression, Reference):
            expression = self.rules[expression.name]
        if expression not in self._automata:
            self.budget.check()
            self._automata[expression] = self._compile(expression)
        return self._automata[expression]

    def _compile(self, expression: Expression) -> ByteDfa | None:
        if isinstance(expression, Literal):
            return literal_dfa(expression.text.encode())
        if isinstance(expression, Choice) and all(isinstance(option, Literal) for option in expression.options):
            texts = (option.text.encode() for option in expression.options if isinstance(option, Literal))
            return literals_dfa(texts, self.budget)
        if not self.measure(expression).fits:
            return None
        try:
            return _automaton(self._resolved(expression, {}))
        except LimitExceeded:
            return None

    def _resolved(self, expression: Expression, known: dict[str, Expression]) -> Expression:
        """``expression`` with what its references stand for."""
        match expression:
            case Reference(name):
                if name not in known:
                    known[name] = self._resolved(self.rules[name], known)
                return known[name]
            case Sequence(items):
                return Sequence(tuple([self._resolved(item, known) for item in items]))
            case Choice(options):
                return Choice(tuple([self._resolved(option, known) for option in options]))
            case Repetition(body, low, high):
                return Repetition(self._resolved(body, known), low, high)
        return expression


@lru_cache(maxsize=1 << 7)
def _automaton(expression: Expression) -> ByteDfa:
    """Of an expression without references, kept for other grammars. Raises ``LimitExceeded``."""
    pattern = _pattern(expression)
    plain = whole_dfa(pattern, _STATES) if pattern is not None and len(pattern) < _SHORT else None
    if plain is not None:
        return plain
    nodes = Nodes(Budget(Limits(states=_STATES, compile_seconds=_SECONDS)))
    text_dfa = compile_node(_node(expression, nodes), nodes, "a part of the grammar")
    return byte_dfa_of(text_dfa, nodes.budget)


def _pattern(expression: Expression) -> str | None:
    """``expression`` as Python writes it; ``None`` for what matches nothing."""
    match expression:
        case Literal(text):
            return re.escape(text)
        case Characters(chars):
            spans = "".join([f"\\U{low:08x}-\\U{high:08x}" for low, high in chars])
            return f"[{spans}]" if spans else None
    parts = [_pattern(part) for part in expression.parts]
    if None in parts:
        return None
    known = [part for part in parts if part is not None]
    match expression:
        case Sequence():
            return "".join(known)
        case Choice():
            return f"(?:{'|'.join(known)})"
        case Repetition(_, low, high):
            return f"(?:{known[0]}){{{low},{'' if high == UNBOUNDED else high}}}"
    return None


def _node(expression: Expression, nodes: Nodes) -> Node:
    match expression:
        case Literal(text):
            return _text(text, nodes)
        case Characters(chars):
            return nodes.chars(chars)
        case Sequence(items):
            return nodes.concat([_node(item, nodes) for item in items])
        case Choice(options):
            texts = [option.text for option in options if isinstance(option, Literal)]
            others = [_node(option, nodes) for option in options if not isinstance(option, Literal)]
            return nodes.alternation([*others, _texts(texts, nodes)] if texts else others)
        case Repetition(body, low, high):
            return nodes.repeat(_node(body, nodes), low, high)
    raise TypeError(type(expression))


def _text(text: str, nodes: Nodes) -> Node:
    return nodes.concat([nodes.chars(char_set([(ord(character), ord(character))])) for character in text])


def _texts(texts: list[str], nodes: Nodes, depth: int = 0) -> Node:
    """One of ``texts``, with common beginnings shared."""
    if len(texts) == 1 or depth > _DEPTH:
        return nodes.alternation([_text(text, nodes) for text in texts])
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[:1], []).append(text[1:])
    return nodes.alternation(
        [
            nodes.concat([_text(first, nodes), _texts(rest, nodes, depth + 1)]) if first else nodes.empty
            for first, rest in groups.items()
        ]
    )
