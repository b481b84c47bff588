"""How much one more token can leave to be written, at most: what tells that there is plenty of room.

Where all containers are plain and nothing depends on what came before, what is left is what each open container still
needs, one by one, and the rest of the member in hand. For each node of the automaton both are bounded, once; a token
opens only as many containers as it has brackets. So a bound on what is left after any token takes a look at the depth,
or at the open containers. It is never less than what the completer would find: its texts cost no more than the pieces
they are made of.

Without a bound are grammars, and schemas with states, unique items, or keys whose patterns tell them apart.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..token_tables import TokenTables

if TYPE_CHECKING:
    from ..matcher import Matcher
    from .values import ValueTexts

TOKEN = 64
"""What a token costs, without its bytes (``Spelling.cost``)."""

_BYTE = TOKEN + 1
_PARTIAL = 12 * _BYTE
"""The rest of a character or escape."""

_CHARACTER = 6 * _BYTE
_MOST_NODES = 1 << 11
_NO_NODE = -1


@dataclass(frozen=True)
class Reach:
    """In costs: ``member``: the rest of a value or key in hand, and of the value after the key; ``container``: what any
    open container still needs besides, by node in ``of_node`` (int64[nodes], -1 for others); ``opens``: how many
    containers a token can open.
    """

    member: int
    container: int
    of_node: NDArray[np.int64]
    opens: int

    def tokens_after(self, matcher: Matcher, most: int) -> int:
        """No less than the tokens, the end token included, that are left after any next one; looks no closer than it
        must to tell that these are at most ``most``.
        """
        start = int(matcher._slots[at.LENGTH]) * at.CONFIGURATION
        frame = int(matcher._history[start + at.FRAME])
        arena = matcher._arena
        base = self.member + self.opens * self.container
        tokens = (base + int(arena[frame + at.DEPTH]) * self.container) // TOKEN + 1
        if tokens <= most:
            return tokens
        while arena[frame + at.KIND] != at.ROOT:
            base += int(self.of_node[arena[frame + at.NODE]])
            frame = int(arena[frame + at.PARENT])
        return base // TOKEN + 1


class _Unbounded(Exception):  # noqa: N818 -- no error: it ends a search
    """Something has no bound."""


def reach_of(values: ValueTexts, tokens: TokenTables) -> Reach | None:
    """The bounds for the automaton whose values are ``values``; None if there are none."""
    try:
        return _Bounds(values).reach(tokens)
    except _Unbounded:
        return None


class _Bounds:
    def __init__(self, values: ValueTexts) -> None:
        self._values = values
        self._records = values.records

    def reach(self, tokens: TokenTables) -> Reach:
        found: dict[int, int] = {}
        nested, members = False, [self._member(0, b"")]
        met, work = {0}, [0]
        while work:
            if len(met) > _MOST_NODES:
                raise _Unbounded
            fields = self._plain(work.pop())
            for before, node in self._parts(fields):
                members.append(self._member(node, before))
                nested = nested or bool(
                    fields[at.KINDS] & at.IS_ARRAY and self._records.node(node)[at.KINDS] & at.IS_ARRAY
                )
                if node not in met:
                    met.add(node)
                    work.append(node)
        for node in met:
            found[node] = self._container(self._records.node(node))
        of_node = np.full(max(met) + 1, _NO_NODE, np.int64)
        of_node[list(found)] = list(found.values())
        return Reach(max(members), max(found.values()), of_node, most_opens(tokens, nested))

    def _plain(self, node: int) -> list[int]:
        fields = self._records.node(node)
        states = fields[at.OBJECT_STATE] or fields[at.ARRAY_STATE]
        if fields[at.JOINT] or fields[at.AFTER_ITEMS] or fields[at.UNIQUE] or fields[at.CLASSES] or states:
            raise _Unbounded
        return fields

    def _parts(self, fields: list[int]) -> list[tuple[bytes, int]]:
        """All members that the containers of a node can have, each with its key and the colon."""
        found: list[tuple[bytes, int]] = []
        if fields[at.KINDS] & at.IS_OBJECT:
            found += [(key.text + b":", key.node) for key in self._records.keys_of(fields)]
            if fields[at.OTHER] != at.NONE:
                found.append((b'"aaa":', fields[at.OTHER]))
        if fields[at.KINDS] & at.IS_ARRAY:
            found += [(b"", self._records.items(fields, i)) for i in range(fields[at.PREFIX])]
            found.append((b"", fields[at.ITEM]))
        return [(before, node) for before, node in found if node != at.NONE]

    def _value(self, node: int) -> int:
        text = self._values.text(node)
        if text is None:
            raise _Unbounded
        return self._values.cost(text)

    def _member(self, node: int, before: bytes) -> int:
        """The key in hand, and then the value; or what is left of a scalar that has begun."""
        fields = self._plain(node)
        return max(_PARTIAL + _BYTE * (len(before) + 2) + self._value(node), self._scalar(fields))

    def _scalar(self, fields: list[int]) -> int:
        """What may be left of a scalar that has begun."""
        kinds, found = fields[at.KINDS], 5 * _BYTE
        if kinds & at.IS_STRING:
            found = max(found, self._values.cost(self._values.filler(fields[at.MIN_LENGTH]) + b'"'))
        if kinds & at.IS_CHOICE:
            found = max(found, _BYTE * max(len(text) for text, _ in self._records.choices(fields)))
        if kinds & at.IS_TEXT:
            longest = fields[at.MAX_LENGTH]
            if longest >= at.UNBOUNDED:
                longest = fields[at.MIN_LENGTH] + self._records.text_states(fields[at.TEXT_ID])
            found = max(found, longest * _CHARACTER + _BYTE)
        if kinds & at.IS_NUMBER:
            found = max(found, _BYTE * self._records.digits_left(fields[at.NUMBER_START]))
        return found + _PARTIAL

    def _container(self, fields: list[int]) -> int:
        """What an open array or object of a node may need besides the member in hand."""
        found, comma = 0, _BYTE
        if fields[at.KINDS] & at.IS_ARRAY:
            items = [self._value(node) + comma for _, node in self._parts(fields) if not _]
            found = fields[at.MIN_ITEMS] * max(items, default=0)
        if fields[at.KINDS] & at.IS_OBJECT:
            keys = self._records.keys_of(fields)
            cost = {
                before: self._values.cost(before) + self._value(node) + comma
                for before, node in self._parts(fields)
                if before
            }
            needed = sum(cost[key.text + b":"] for key in keys if key.required)
            found = max(found, needed + max(fields[at.MIN_KEYS], 1) * max(cost.values(), default=0))
        return found + comma


_opens: weakref.WeakKeyDictionary[TokenTables, tuple[int, int]] = weakref.WeakKeyDictionary()


def most_opens(tokens: TokenTables, arrays_in_arrays: bool) -> int:
    """How many containers a token can open: ``{`` where a key or its end follows, ``[`` where no other one does."""
    if tokens not in _opens:
        content = tokens.content
        following = np.zeros_like(content)
        following[:-1] = content[1:]
        ends = tokens.offsets[1:]
        following[ends[ends > tokens.offsets[:-1]] - 1] = 0x20  # anything may follow in the next token
        opens_object = (content == 0x7B) & np.isin(following, np.frombuffer(b'" }\t\r\n', np.uint8))
        opens_array = content == 0x5B
        _opens[tokens] = (
            _most(tokens, opens_object | (opens_array & (following != 0x5B))),
            _most(tokens, opens_object | opens_array),
        )
    return _opens[tokens][arrays_in_arrays]


def _most(tokens: TokenTables, marks: NDArray[np.bool_]) -> int:
    counts = np.concatenate([[0], np.cumsum(marks)])
    return int((counts[tokens.offsets[1:]] - counts[tokens.offsets[:-1]]).max(initial=0))
