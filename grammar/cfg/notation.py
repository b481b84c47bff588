"""Expressions of grammars in the notation ``name ::= expression``, as a tree.

Equal expressions are equal values, so that what is made of one is made once.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from dataclasses import dataclass

from ..charset import EMPTY, CharSet
from ..regex_nodes import UNBOUNDED

_LONGEST = 40
"""What is shown of a text or an expression."""


@dataclass(frozen=True)
class Expression:
    """What may stand on the right of a rule."""

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The expressions that this one is made of."""
        return ()


@dataclass(frozen=True)
class Literal(Expression):
    """Just ``text``, which may be empty."""

    text: str


@dataclass(frozen=True)
class Characters(Expression):
    """One code point of ``chars``."""

    chars: CharSet


@dataclass(frozen=True)
class Apart(Expression):
    """A terminal of its own, never part of a larger one."""


@dataclass(frozen=True)
class Token(Apart):
    """A special token of the vocabulary."""

    name: str


@dataclass(frozen=True)
class Lazy(Apart):
    """The texts of ``body``, which is regular, of which no beginning is one."""

    body: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        return (self.body,)


@dataclass(frozen=True)
class Reference(Expression):
    """What the rule ``name`` derives."""

    name: str


@dataclass(frozen=True)
class Sequence(Expression):
    items: tuple[Expression, ...]

    @property
    def parts(self) -> tuple[Expression, ...]:
        return self.items


@dataclass(frozen=True)
class Choice(Expression):
    options: tuple[Expression, ...]

    @property
    def parts(self) -> tuple[Expression, ...]:
        return self.options


@dataclass(frozen=True)
class Repetition(Expression):
    """``low`` to ``high`` times ``body``; ``high`` may be ``regex_nodes.UNBOUNDED``."""

    body: Expression
    low: int
    high: int

    @property
    def parts(self) -> tuple[Expression, ...]:
        return (self.body,)


NOTHING = Characters(EMPTY)
"""Derives no text at all."""


def sequence(items: list[Expression]) -> Expression:
    return items[0] if len(items) == 1 else Sequence(tuple(items))


def choice(options: list[Expression]) -> Expression:
    return options[0] if len(options) == 1 else Choice(tuple(dict.fromkeys(options)))


def references(expression: Expression) -> Iterator[str]:
    """The names of rules in ``expression``, each as often as it stands there."""
    if isinstance(expression, Reference):
        yield expression.name
    for part in expression.parts:
        yield from references(part)


def is_regular(expression: Expression, rules: Container[str]) -> bool:
    """Whether ``expression`` is made of characters and of ``rules``, which are regular, alone."""
    if isinstance(expression, Reference):
        return expression.name in rules
    return not isinstance(expression, Apart) and all(is_regular(part, rules) for part in expression.parts)


def spelled(expression: Expression) -> str:
    """How ``expression`` may be written, cut short."""
    match expression:
        case Literal(text):
            return json.dumps(text[:_LONGEST], ensure_ascii=False)
        case Characters():
            return "[...]"
        case Token(name) | Reference(name):
            return name
        case Sequence(items):
            return _cut(" ".join(map(spelled, items[:_LONGEST])))
        case Choice(options):
            return _cut(f"({' | '.join(map(spelled, options[:_LONGEST]))})")
        case Repetition(body, low, high):
            return repeated(spelled(body), low, high)
        case Lazy(body):
            return f"{spelled(body)}, as little as can be"
        case Apart():
            return _cut(repr(expression))
    raise TypeError(type(expression))


def repeated(shown: str, low: int, high: int) -> str:
    """How a repetition of what is ``shown`` may be written."""
    sign = {(0, 1): "?", (0, UNBOUNDED): "*", (1, UNBOUNDED): "+"}.get((low, high))
    bounds = f"{{{low}}}" if low == high else f"{{{low},{'' if high == UNBOUNDED else high}}}"
    return (f"({shown})" if " " in shown and not shown.startswith("(") else shown) + (sign or bounds)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def right_linear(expression: Expression, name: str) -> tuple[list[Expression], list[Expression]] | None:
    """``loops`` and ``exits`` so that ``expression`` is one of ``loops`` and then ``name``, or one of ``exits``."""
    if name not in references(expression):
        return [], [expression]
    match expression:
        case Reference():
            return [Literal("")], []
        case Choice(options):
            found = [right_linear(option, name) for option in options]
        case Repetition(body, 0, 1):
            found = [right_linear(body, name), ([], [Literal("")])]
        case Sequence((*before, last)) if all(name not in references(item) for item in before):
            found = [right_linear(last, name)]
            prefix = tuple(before)
            if found[0] is not None:
                return tuple([Sequence((*prefix, item)) for item in part] for part in found[0])  # type: ignore[return-value]
        case _:
            return None
    known = [part for part in found if part is not None]
    if len(known) < len(found):
        return None
    return [loop for loops, _ in known for loop in loops], [end for _, ends in known for end in ends]


def mirrored(expression: Expression) -> Expression:
    """The same with every sequence in the opposite order; references and texts stay as they are."""
    match expression:
        case Sequence(items):
            return Sequence(tuple(mirrored(item) for item in reversed(items)))
        case Choice(options):
            return Choice(tuple(map(mirrored, options)))
        case Repetition(body, low, high):
            return Repetition(mirrored(body), low, high)
    return expression


def without_recursion(expression: Expression, name: str) -> Expression | None:
    """What ``name`` derives by ``expression`` alone, if it comes back to itself at its end alone or at its start."""
    for turned in (False, True):
        found = right_linear(mirrored(expression) if turned else expression, name)
        if found is not None:
            loops, exits = found
            parts: list[Expression] = [Repetition(choice(loops), 0, UNBOUNDED)] if loops else []
            parts.append(choice(exits) if exits else NOTHING)
            return mirrored(sequence(parts)) if turned else sequence(parts)
    return None
