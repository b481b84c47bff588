"""A matcher tried out: read bytes, look at the configuration, go back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..kernels import layout as at
from ..kernels import shortest
from .records import quoted
from .spelling import Spelling

if TYPE_CHECKING:
    from ..matcher import Constraint, Matcher

_QUOTE_FIRST = b'"' + bytes(range(0x61, 0x7B)) + b"0123456789" + bytes(range(0x41, 0x5B))
_ASCII = _QUOTE_FIRST + bytes(byte for byte in range(0x20, 0x7F) if byte not in _QUOTE_FIRST and byte != 0x5C)
_ENDS = b"\x80\x90\xa0"
_PLAIN = _ASCII + _ENDS
_ALPHABETS = tuple(
    np.frombuffer(bytearray(alphabet), np.uint8)
    for alphabet in (_PLAIN, _PLAIN + bytes(byte for byte in range(256) if byte not in _PLAIN))
)
"""Bytes to try: first those of plain characters, and such as end another that has begun; if these do not do, all."""

_NUMBERS = (np.frombuffer(bytearray(b"0123456789.-eE+"), np.uint8),)
_ROOMS = (1 << 9, 1 << 12, 1 << 15)
MOST_EXITS = 256


class OtherKeys(Set[bytes]):
    """The keys, as JSON, of the linked list in the arena of ``matcher`` whose last is at ``last``.

    They are read when one is asked for, which few completions do: there may be thousands. The list must be there still.
    """

    def __init__(self, matcher: Matcher, last: int) -> None:
        self._matcher = matcher
        self._last = last

    @cached_property
    def _keys(self) -> frozenset[bytes]:
        arena, found, key = self._matcher._arena, set(), self._last
        while key:
            start = key + at.KEY_CONTENT
            found.add(quoted(arena[start : start + int(arena[key + at.KEY_SIZE])].astype(np.uint8).tobytes()))
            key = int(arena[key + at.KEY_BEFORE])
        return frozenset(found)

    @classmethod
    def _from_iterable(cls, keys: Iterable[bytes]) -> frozenset[bytes]:  # type: ignore[override] # of unions and so on
        return frozenset(keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __hash__(self) -> int:
        return hash(self._keys)


class Frame(NamedTuple):
    """A frame of the arena; ``come``: COUNT; ``seen``: the keys that have come or never may, as bits; ``others``: the
    keys, as JSON, that have come and are not named.
    """

    place: int
    parent: int
    kind: int
    node: int
    state: int
    come: int
    next: int
    others: Set[bytes]
    seen: int


class Configuration(NamedTuple):
    mode: int
    frame: int
    a: int
    b: int
    c: int
    s: int
    e: int
    top: int


@dataclass(frozen=True)
class Exit:
    """A way out of a scalar or key: what is still to be written, the mode after it, A, and STATE and NEXT of the frame.

    For a number, ``state`` is what its label says.
    """

    text: bytes
    mode: int
    a: int
    state: int
    next: int


class Probe:
    """``matcher`` is moved forth and back; whoever uses a probe puts it back where it was."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.spelling = Spelling(matcher)

    @classmethod
    def at_node(cls, constraint: Constraint, node: int) -> Probe:
        """A probe that stands where a value of ``node`` is to be written, and nothing else."""
        probe = cls(constraint.matcher())
        history = probe.matcher._history
        history[: at.CONFIGURATION] = 0
        history[at.MODE], history[at.A], history[at.TOP] = at.VALUE, node, at.SEEN
        probe.matcher._arena[: at.SEEN] = 0
        probe.matcher._arena[at.NODE] = node  # which has a style
        return probe

    # --- where it stands

    @property
    def length(self) -> int:
        return int(self.matcher._slots[at.LENGTH])

    def back(self, length: int) -> None:
        """Go back to where it stood when its length was ``length``."""
        self.matcher._slots[at.LENGTH] = length
        if self.matcher._slots[at.TERMINATED] > length:
            self.matcher._slots[at.TERMINATED] = 0

    @property
    def configuration(self) -> Configuration:
        start = self.length * at.CONFIGURATION
        return Configuration(*self.matcher._history[start : start + at.CONFIGURATION].tolist())

    def frame(self, place: int, words: int) -> Frame:
        """The frame at ``place``; ``words``: how many its bitset has."""
        cells = self.matcher._arena[place : place + at.SEEN + words].tolist()
        seen = 0
        for i in range(words):
            seen |= (cells[at.SEEN + i] & 0xFFFFFFFF) << (32 * i)
        return Frame(
            place,
            cells[at.PARENT],
            cells[at.KIND],
            cells[at.NODE],
            cells[at.STATE],
            cells[at.COUNT],
            cells[at.NEXT],
            OtherKeys(self.matcher, cells[at.OTHERS]) if cells[at.KIND] == at.OBJECT else frozenset(),
            seen,
        )

    def frame_at(self, place: int) -> Frame:
        """The frame at ``place``, with its bitset."""
        kind, node = int(self.matcher._arena[place + at.KIND]), int(self.matcher._arena[place + at.NODE])
        words = 0
        if kind == at.OBJECT:
            words = int(self.matcher.constraint._automaton.nodes.array[node, at.WORDS])
        return self.frame(place, words)

    def key_state(self, configuration: Configuration) -> int:
        """The state of the automaton of keys that the open key in hand has come to."""
        last = configuration.top - 1 if configuration.c else configuration.top - at.KEY_CONTENT + at.KEY_START
        return int(self.matcher._arena[last]) >> at.KEY_STATE_SHIFT

    # --- moves

    def read(self, content: bytes) -> bool:
        """Read ``content``; False, and no change, if it is not allowed."""
        matcher, start = self.matcher, self.length
        longest = matcher.constraint._tables.longest_token
        array = np.frombuffer(bytearray(content), np.uint8)
        for first in range(0, len(content), longest):
            end = min(first + longest, len(content))
            outcome = shortest.read_bytes(matcher._slots, array, first, end)
            while outcome in (at.MISSED, at.ARENA_FULL):
                matcher._make_way(outcome)
                outcome = shortest.read_bytes(matcher._slots, array, first, end)
            if outcome != at.DONE:
                self.back(start)
                return False
        return True

    def completes(self, content: bytes) -> bool:
        """Is the text complete after ``content``? It stays where it is."""
        start = self.length
        if not self.read(content):
            return False
        complete = self.matcher.is_accepting()
        self.back(start)
        return complete

    def exits(self, most: int = MOST_EXITS, is_thorough: bool = False) -> list[Exit]:
        """Ways out of the scalar or key in hand, the shortest first, one for each different consequence.

        ``is_thorough``: numbers too are searched as far as there is room, which takes long where there is none.
        """
        is_number = self.configuration.mode in (at.NUMBER, at.EMBEDDED_NUMBER)
        for alphabet in _NUMBERS if is_number else _ALPHABETS:
            for room in _ROOMS[:2] if is_number and not is_thorough else _ROOMS:
                found, is_all = self._find_exits(alphabet, room, most)
                if is_all or (found and room == _ROOMS[1]):
                    break
            if found:
                return found
        return []

    def _find_exits(self, alphabet: np.ndarray, room: int, most: int) -> tuple[list[Exit], bool]:
        matcher = self.matcher
        rows = np.zeros(room * shortest.ROW, np.int32)
        exits = np.zeros(most * shortest.EXIT_WIDTH, np.int32)
        while True:
            table = np.zeros(4 * room, np.int32)
            outcome = shortest.find_exits(matcher._slots, alphabet, rows, table, exits, most)
            if not shortest.FULL < outcome < 0:
                break
            if -1 - outcome == at.REFUSED:
                break
            matcher._make_way(-1 - outcome)
        count = outcome if outcome >= 0 else shortest.FULL - outcome
        table_of_rows = rows.reshape(-1, shortest.ROW)
        found = []
        for row, mode, a, state, following in exits.reshape(-1, shortest.EXIT_WIDTH)[:count].tolist():
            found.append(Exit(_path(table_of_rows, row), mode, a, state, following))
        return found, outcome >= 0


def _path(rows: np.ndarray, row: int) -> bytes:
    content = bytearray()
    while rows[row, shortest.FROM] >= 0:
        content.append(int(rows[row, shortest.BY]))
        row = int(rows[row, shortest.FROM])
    content.reverse()
    return bytes(content)
