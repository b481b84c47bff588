"""Texts that evidently match a pattern: told from its syntax, without an automaton.

Most patterns are sequences and alternatives of characters between ``^`` and ``$``. That something matches these, and
how long it may be, can be read off, so that an automaton is built only when a text is to be judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .dfa_operations import states_exceeded
from .errors import InvalidPattern, LimitExceeded, UnsupportedPattern
from .limits import Budget
from .regex_listed import texts_of
from .regex_nodes import (
    UNBOUNDED,
    Ahead,
    Alternation,
    Behind,
    Chars,
    Concat,
    Node,
    Nodes,
    Repeat,
    TextEnd,
    TextStart,
    shortest,
)
from .regex_syntax import parse, shown
from .text_dfa import FIRST_SURROGATE, LAST_SURROGATE


@dataclass(frozen=True)
class Matched:
    """There are matches of ``shortest`` code points, and if ``is_open`` of any greater number."""

    shortest: int
    is_open: bool


@dataclass(frozen=True)
class Outline:
    """What the syntax of a pattern tells: some lengths of its matches, ``None`` if it does not say.

    ``size``: how many sets of characters it is written with when counted repetitions are spelled out. ``texts``: all
    that it matches, if they are few and it says so.
    """

    matched: Matched | None
    size: int
    texts: frozenset[str] | None


@lru_cache(maxsize=1024)
def outline(pattern: str, budget: Budget) -> Outline:
    """The outline of ``pattern``, which is looked for anywhere in a text.

    Raises ``InvalidPattern`` and ``UnsupportedPattern``, and ``LimitExceeded`` where every match is too long for an
    automaton.
    """
    node = parse(pattern, Nodes(budget))
    if shortest(node) >= budget.limits.states:
        raise states_exceeded(f"the pattern {shown(pattern)}", budget)
    options = node.options if isinstance(node, Alternation) else (node,)
    found = [matched for matched in map(_matched, options) if matched is not None]
    matched = min(found, key=lambda matched: (not matched.is_open, matched.shortest), default=None)
    return Outline(matched, _size(node), texts_of(node))


def listed_texts(pattern: str, budget: Budget) -> frozenset[str] | None:
    """The texts in which ``pattern`` is found, if they are few and it says so; a wrong or too long pattern does not."""
    try:
        return outline(pattern, budget).texts
    except (InvalidPattern, UnsupportedPattern, LimitExceeded):
        return None


def _matched(node: Node) -> Matched | None:
    """The same for one alternative."""
    parts = node.parts if isinstance(node, Concat) else (node,)
    begins, ends = (
        isinstance(parts[0], TextStart) if parts else False,
        isinstance(parts[-1], TextEnd) if parts else False,
    )
    inner = parts[begins : len(parts) - ends]
    if not all(map(_is_plain, inner)):
        return None
    return Matched(sum(map(shortest, inner)), not (begins and ends))


def _size(node: Node) -> int:
    match node:
        case Chars():
            return 1
        case Concat(parts) | Alternation(parts):
            return sum(map(_size, parts))
        case Repeat(body, low, high):
            return _size(body) * max(low if high == UNBOUNDED else high, 1)
        case Ahead(body) | Behind(body):
            return _size(body)
    return 0


def _is_plain(node: Node) -> bool:
    """Whether ``node`` consists of characters only, so that it matches wherever it stands."""
    match node:
        case Chars(chars):
            return any(low < FIRST_SURROGATE or high > LAST_SURROGATE for low, high in chars)
        case Concat(parts):
            return all(map(_is_plain, parts))
        case Alternation(options):
            return all(map(_is_plain, options))
        case Repeat(body):
            return _is_plain(body)
    return False
