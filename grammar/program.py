"""Patterns as flat programs, and their automata by a kernel (``kernels/determinizing.py``).

Code is a run of instructions (code, a, b) with relative places, so that code that is repeated is copied as it is.
What a program cannot say, or takes too long to explore, is left to the slower constructions, which know all of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import charset
from .charset import CharSet
from .dfa import Alphabet
from .kernels import programs as k
from .kernels.determinizing import determinize
from .regex_nodes import UNBOUNDED

Code = array  # of int32, three for each instruction
N = TypeVar("N")

MOST_INSTRUCTIONS = 20_000
_WORK = 4_000_000
"""Steps of the kernel; some 50 ms."""

_ROOMS = (1_000, 60_000)
"""How many states there is room for at first, and then."""

_ITEMS_PER_STATE = 16


class UnsureError(Exception):
    """This is not said by a program, or would take too long."""


def code(operation: int, a: int = 0, b: int = 0) -> Code[int]:
    return array("i", (operation, a, b))


def count(part: Code[int]) -> int:
    """How many instructions there are."""
    return len(part) // 3


@dataclass
class Sets:
    """The sets of characters that a program names, numbered."""

    numbers: dict[CharSet, int] = field(default_factory=dict)
    behind: set[int] = field(default_factory=set)

    def number(self, chars: CharSet) -> int:
        return self.numbers.setdefault(chars, len(self.numbers))

    def chars(self, chars: CharSet) -> Code[int]:
        return code(k.CHAR, self.number(chars))

    def behind_one(self, chars: CharSet, negated: bool) -> Code[int]:
        """What stands just before is a character of ``chars``, or if ``negated`` is none."""
        number = self.number(chars)
        self.behind.add(number)
        return code(k.BEHIND, number, int(negated))


def joined(parts: Iterable[Code[int]]) -> Code[int]:
    result = array("i")
    for part in parts:
        result += part
    if count(result) > MOST_INSTRUCTIONS:
        raise UnsureError
    return result


def choice(options: Sequence[Code[int]]) -> Code[int]:
    """One of ``options``, the first ones preferred."""
    result = options[-1]
    for option in reversed(options[:-1]):
        result = joined((code(k.SPLIT, 1, count(option) + 2), option, code(k.JUMP, count(result) + 1), result))
    return result


def repeated(body: Code[int], low: int, high: int, greedy: bool = True) -> Code[int]:
    """``low`` to ``high`` times ``body``."""
    size = count(body)
    copies = low + 1 if high == UNBOUNDED else high
    if copies * (size + 2) > MOST_INSTRUCTIONS:
        raise UnsureError
    if high == UNBOUNDED:
        if low == 0:
            return joined((_fork(1, size + 2, greedy), body, code(k.JUMP, -size - 1)))
        return joined((body * low, _fork(-size, 1, greedy)))
    result = body * low
    for left in range(high - low, 0, -1):
        result += _fork(1, left * (size + 1), greedy)
        result += body
    return result


def _fork(inside: int, past: int, greedy: bool) -> Code[int]:
    return code(k.SPLIT, inside, past) if greedy else code(k.SPLIT, past, inside)


def end_or(chars: Code[int]) -> Code[int]:
    """The text ends here, or one of ``chars`` comes; inside of a look-ahead."""
    return choice([code(k.END), chars])


def ahead(body: Code[int], negated: bool) -> Code[int]:
    """What follows does, or if ``negated`` does not, begin with ``body``."""
    return joined((code(k.AHEAD, count(body) + 1, int(negated)), body, code(k.ARRIVED)))


class Writer(ABC, Generic[N]):
    """Writes the nodes ``N`` of a dialect as code; here is what dialects have in common."""

    def __init__(self, sets: Sets) -> None:
        self._sets = sets

    @abstractmethod
    def written(self, node: N, inside: bool, last: bool) -> Code[int]:
        """The code of ``node``; ``inside`` of a look-ahead, where it may come ``last``. Raises ``UnsureError``."""

    def row(self, parts: Sequence[N], inside: bool, last: bool) -> Code[int]:
        final = len(parts) - 1
        return joined(self.written(part, inside, last and i == final) for i, part in enumerate(parts))

    def look_ahead(self, body: N, chars: CharSet | None, negated: bool, inside: bool, last: bool) -> Code[int]:
        """Where it comes last in another look-ahead, it is what has to come there. ``chars``: if ``body`` is these."""
        if not inside:
            return ahead(self.written(body, inside=True, last=True), negated)
        if last and not negated:
            return self.written(body, inside, last)
        if last and chars is not None:
            return end_or(self._sets.chars(charset.complement(chars)))
        raise UnsureError


@dataclass(frozen=True, eq=False)
class Determinized:
    """An automaton over classes; state 0 is dead, 1 the start if there is another state.

    ``transitions`` int32[states, classes]; ``flags`` uint8[states]; ``endings`` int32[endings, 3] and ``guards``
    int32[guards, classes], ``guard_flags`` uint8[guards]: as the kernel says, for ordered lists.
    """

    transitions: NDArray[np.int32]
    flags: NDArray[np.uint8]
    endings: NDArray[np.int32]
    guards: NDArray[np.int32]
    guard_flags: NDArray[np.uint8]


def determinized(program: Code[int], sets: Sets, mode: int, most_states: int) -> tuple[Alphabet, Determinized]:
    """The automaton of ``program``, which ends with ``MATCH``, and its alphabet.

    Raises ``UnsureError`` for what the kernel does not do, or for more than ``most_states`` states.
    """
    alphabet, holds = charset.classified([charset.ANY, *sets.numbers])
    member = np.ascontiguousarray(holds[1:], np.uint8)
    for states in _ROOMS:
        exploration = _Exploration(program, member, sorted(sets.behind), mode, min(states, most_states + 1))
        outcome = exploration.run()
        if outcome == k.DONE:
            return alphabet, exploration.found()
        if outcome != k.NO_ROOM or states > most_states:
            break
    raise UnsureError


class _Exploration:
    """The tables of one run of the kernel, in one stretch of memory."""

    def __init__(
        self, program: Code[int], member: NDArray[np.uint8], behind: Sequence[int], mode: int, states: int
    ) -> None:
        size, classes = count(program), member.shape[1]
        items, conditions = states * _ITEMS_PER_STATE + size, states // 2 + 16
        list_room = max(4 * size, 64)
        mask = (1 << (2 * states).bit_length()) - 1
        self._kept: tuple[NDArray[Any], ...] = (
            np.frombuffer(program, np.int32),
            member,
            np.array(behind or [0], np.int32),
        )
        slots = [0] * k.SLOTS
        for slot, number in {
            **{k.SIZE: size, k.SETS: len(member), k.CLASSES: classes, k.MODE: mode, k.BEHIND_SETS: len(behind)},
            **{k.LIST_ROOM: list_room, k.ENDING_ROOM: states, k.STATE_MASK: mask, k.CONDITION_MASK: mask},
            **{k.STATE_ROOM: states, k.ITEM_ROOM: items, k.CONDITION_ROOM: conditions, k.PLACE_ROOM: items},
            k.WORK: _WORK,
        }.items():
            slots[slot] = number
        for slot, table in zip((k.PROGRAM, k.MEMBER, k.BEHINDS), self._kept, strict=True):
            slots[slot] = int(table.__array_interface__["data"][0])
        total = self._lay_out(slots)
        self._memory = np.zeros(total, np.int64)
        base = self._memory.__array_interface__["data"][0]
        for slot, at in self._at.items():
            slots[slot] = base + 8 * at
        self._slots = np.array(slots, np.int64)

    def _lay_out(self, slots: Sequence[int]) -> int:
        """Say where in memory each table begins, in steps of eight bytes; where the last one ends."""
        size, classes, mask = slots[k.SIZE], slots[k.CLASSES], slots[k.STATE_MASK]
        states, items, conditions = slots[k.STATE_ROOM], slots[k.ITEM_ROOM], slots[k.CONDITION_ROOM]
        self._at: dict[int, int] = {}
        total = 0
        for slot, longs in {
            **{k.MARKS: k.MARK_ROWS * (size + 3), k.STACK: 4 * size + 4, k.INNER_STACK: 2 * size + 2},
            **{k.OUT: slots[k.LIST_ROOM], k.BUFFER: size + 2, k.STATES_AT: states + 1, k.STATE_ITEMS: items},
            **{k.STATE_TABLE: mask // 2 + 1, k.CONDITIONS_AT: conditions + 1, k.PLACES: items},
            **{k.CONDITION_TABLE: mask // 2 + 1, k.DERIVED: conditions * classes // 2 + 1},
            **{k.BLOCKS: classes, k.REMAP: 2 * classes, k.TARGETS: classes, k.SET_MARKS: slots[k.SETS]},
            **{k.ROWS: states * classes // 2 + 1, k.FLAGS: states // 8 + 1, k.ENDINGS: states * 3 // 2 + 1},
            **{k.GUARDS: conditions * classes // 2 + 1, k.GUARD_FLAGS: conditions // 8 + 1},
            **{k.GUARD_OF: conditions // 2 + 1, k.GUARDED: conditions},
        }.items():
            self._at[slot] = total
            total += longs
        return total

    def run(self) -> int:
        return int(determinize(self._slots))

    def found(self) -> Determinized:
        slots = self._slots
        states, classes, guards = (int(slots[slot]) for slot in (k.STATE_COUNT, k.CLASSES, k.GUARD_COUNT))
        endings = self._ints(k.ENDINGS, int(slots[k.ENDING_COUNT]), 3)
        return Determinized(
            self._ints(k.ROWS, states, classes),
            self._bytes(k.FLAGS, states),
            endings,
            self._ints(k.GUARDS, guards, classes),
            self._bytes(k.GUARD_FLAGS, guards),
        )

    def _ints(self, slot: int, rows: int, width: int) -> NDArray[np.int32]:
        return self._memory[self._at[slot] :].view(np.int32)[: rows * width].reshape(rows, width).copy()

    def _bytes(self, slot: int, length: int) -> NDArray[np.uint8]:
        return self._memory[self._at[slot] :].view(np.uint8)[:length].copy()
