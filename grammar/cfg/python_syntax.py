"""Python's regular expressions as nodes, parsed by Python's own parser.

Not supported: back-references and conditions on groups, which are not regular, and look-arounds or atomic groups
inside a look-behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, reduce
from operator import or_
from typing import Any

from ..charset import ANY, EMPTY, CharSet, char_set, complement, union
from ..errors import InvalidPattern, UnsupportedPattern
from ..regex_nodes import UNBOUNDED
from ..regex_syntax import shown
from .python_nodes import Ahead, Atomic, Behind, Chars, Choice, Concat, Node, Repeat, TextEnd
from .python_sets import category, ignoring_case

# Lark takes Python's parser from there too
from re import _constants as constants  # isort: skip
from re import _parser as parser  # isort: skip

_FLAGS = {letter: int(re.RegexFlag[letter.upper()]) for letter in "imsxaul"}
_IGNORECASE, _MULTILINE, _DOTALL, _ASCII = (_FLAGS[letter] for letter in "imsa")
_KINDS = _FLAGS["a"] | _FLAGS["u"] | _FLAGS["l"]
_GLOBAL_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
_LINE_FEED: CharSet = ((0x0A, 0x0A),)
_CATEGORIES = {
    constants.CATEGORY_DIGIT: "d",
    constants.CATEGORY_NOT_DIGIT: "D",
    constants.CATEGORY_SPACE: "s",
    constants.CATEGORY_NOT_SPACE: "S",
    constants.CATEGORY_WORD: "w",
    constants.CATEGORY_NOT_WORD: "W",
}
_CHOOSY = {constants.ASSERT, constants.ASSERT_NOT, constants.AT, constants.ATOMIC_GROUP, constants.POSSESSIVE_REPEAT}

_Item = tuple[Any, Any]
"""Of a parsed pattern: what it is, and what belongs to it."""


def parse(pattern: str, flags: frozenset[str], *, may_be_empty: bool = False) -> Node:
    """The node of ``pattern``; ``flags`` are letters as in ``(?i)``.

    Raises ``InvalidPattern`` for what Python refuses and, unless it ``may_be_empty``, for what matches the empty text,
    and ``UnsupportedPattern``.
    """
    try:
        parsed = _parsed(pattern, flags)
        if parsed.getwidth()[0] == 0 and not may_be_empty:
            remedy = "write it so that it takes at least one character, and make its use optional instead"
            raise InvalidPattern(f"the pattern {shown(pattern)} can match the empty text", remedy=remedy)
        return _Reader(pattern).sequence(parsed, parsed.state.flags)
    except re.error as error:
        where = "" if error.pos is None else f" at position {error.pos}"
        raise InvalidPattern(f"{error.msg}{where} of the pattern {shown(pattern)}") from None
    except ValueError as error:
        raise InvalidPattern(f"the flags of the pattern {shown(pattern)}: {error}") from None


@lru_cache(maxsize=256)
def _parsed(pattern: str, flags: frozenset[str]) -> Any:
    return parser.parse(pattern, reduce(or_, map(_FLAGS.__getitem__, flags), 0))


def group_width(pattern: str, flags: frozenset[str]) -> tuple[int, int] | None:
    """The least and most characters of a match, as Python counts them, of ``(?flags:pattern)``.

    ``None`` if Python may refuse it, or if in such a group it is another pattern than with flags for the whole.
    """
    if "(?<" in pattern or (flags and ("#" in pattern or _GLOBAL_FLAGS.search(pattern))):
        return None
    try:
        least, most = _parsed(pattern, flags).getwidth()
    except (re.error, ValueError, OverflowError, RecursionError):
        return None
    return int(least), int(most)


class _Reader:
    """Turns what Python's parser found into nodes."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def sequence(self, items: Iterable[_Item], flags: int) -> Node:
        parts = [self._node(kind, value, flags) for kind, value in items]
        return parts[0] if len(parts) == 1 else Concat(tuple(parts))

    def _node(self, kind: Any, value: Any, flags: int) -> Node:
        if kind in (constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.IN):
            return Chars(_single(kind, value, flags))
        if kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
            return self._repetition(kind, value, flags)
        if kind is constants.SUBPATTERN:
            _, added, removed, items = value
            return self.sequence(items, _combined(flags, added, removed))
        if kind is constants.BRANCH:
            return Choice(tuple(self.sequence(option, flags) for option in value[1]))
        if kind is constants.ATOMIC_GROUP:
            return Atomic(self.sequence(value, flags))
        if kind is constants.AT:
            return self._edge(value, flags)
        if kind in (constants.ASSERT, constants.ASSERT_NOT):
            return self._look(value, kind is constants.ASSERT_NOT, flags)
        if kind is constants.FAILURE:
            return Chars(EMPTY)
        return self._unsupported(kind, value)

    def _repetition(self, kind: Any, value: Any, flags: int) -> Node:
        low, high, items = value
        high = UNBOUNDED if high is constants.MAXREPEAT else int(high)
        body = self.sequence(items, flags)
        node = Repeat(body, int(low), high, kind is not constants.MIN_REPEAT, items.getwidth()[0] == 0)
        return Atomic(node) if kind is constants.POSSESSIVE_REPEAT else node

    def _unsupported(self, kind: Any, value: Any) -> Node:
        remedy = "it is not regular; write the alternatives out"
        if kind is constants.GROUPREF:
            what = f"the back-reference to group {value}"
        elif kind is constants.GROUPREF_EXISTS:
            what = f"the condition on group {value[0]}"
        else:
            what, remedy = f"{kind}", ""
        raise UnsupportedPattern(f"{what} in the pattern {shown(self._pattern)}", remedy=remedy)

    # --- look-arounds

    def _look(self, value: Any, negated: bool, flags: int) -> Node:
        direction, items = value
        body = self.sequence(items, flags)
        low, high = items.getwidth()
        if direction > 0 or (low, high) == (0, 0):
            return Ahead(body, negated)
        if low != high:
            raise InvalidPattern(f"look-behind requires fixed-width pattern in the pattern {shown(self._pattern)}")
        if _is_choosy(items):
            raise UnsupportedPattern(
                f"a look-around or atomic group inside a look-behind, in the pattern {shown(self._pattern)}",
                remedy="place the two side by side",
            )
        return Behind(body, negated, f"the look-behind {'(?<!...)' if negated else '(?<=...)'}")

    def _edge(self, value: Any, flags: int) -> Node:
        lines = flags & _MULTILINE
        if value is constants.AT_BEGINNING_STRING or (value is constants.AT_BEGINNING and not lines):
            return Behind(Chars(ANY), True, "^" if value is constants.AT_BEGINNING else "\\A")
        if value is constants.AT_BEGINNING:
            return Behind(Chars(complement(_LINE_FEED)), True, "^")
        if value is constants.AT_END_STRING:
            return Ahead(TextEnd(), False)
        if value is constants.AT_END:
            line_feed = Chars(_LINE_FEED)
            return Ahead(Choice((TextEnd(), line_feed if lines else Concat((line_feed, TextEnd())))), False)
        word, negated = Chars(category("w", bool(flags & _ASCII))), value is constants.AT_NON_BOUNDARY
        source = "\\B" if negated else "\\b"
        sides = [Concat((Behind(word, left, source), Ahead(word, left is negated))) for left in (False, True)]
        return Choice(tuple(sides))


def _is_choosy(items: Any) -> bool:
    """Whether there is a look-around or atomic group in what Python's parser found."""
    if isinstance(items, tuple) and len(items) == 2 and items[0] in _CHOOSY:
        return True
    return isinstance(items, list | tuple | parser.SubPattern) and any(map(_is_choosy, items))


def _combined(flags: int, added: int, removed: int) -> int:
    return ((flags & ~_KINDS if added & _KINDS else flags) | added) & ~removed


# --- sets


def _single(kind: Any, value: Any, flags: int) -> CharSet:
    """What a single item matches; case is ignored in what is spelled out, not in categories."""
    if kind is constants.ANY:
        return ANY if flags & _DOTALL else complement(_LINE_FEED)
    if kind is constants.LITERAL and not flags & _IGNORECASE:
        return ((value, value),)
    members = list(value) if kind is constants.IN else [(constants.LITERAL, value)]
    negated = kind is constants.NOT_LITERAL or members[0][0] is constants.NEGATE
    spelled = [(item, item) for kind, item in members if kind is constants.LITERAL]
    spelled += [tuple(item) for kind, item in members if kind is constants.RANGE]
    chars, ascii_only = char_set(spelled), bool(flags & _ASCII)
    if flags & _IGNORECASE:
        chars = ignoring_case(chars, ascii_only)
    categories = [category(_CATEGORIES[item], ascii_only) for kind, item in members if kind is constants.CATEGORY]
    chars = union(chars, *categories)
    return complement(chars) if negated else chars
