"""What must not come to match for a shorter match to count: states of the scanner, and guards, as a linked list."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .parser import allocate
from .pointers import Flag, Long, Longs, bytes_at, ints_at


@kernel(Long, Longs, Long, Long, inline=True)
def scanned(slots, state, byte):
    """The scanner's state after ``byte``."""
    return np.int64(ints_at(slots[SCAN_NEXT])[state * slots[SCAN_COLUMNS] + bytes_at(slots[SCAN_CLASS])[byte]])


@kernel(Flag, Longs, Long, Long)
def same_blockers(slots, left, right):
    arena = ints_at(slots[ARENA])
    while left != right:
        if left == 0 or right == 0 or arena[left + BLOCKER_STATE] != arena[right + BLOCKER_STATE]:
            return False
        left = np.int64(arena[left + BLOCKER_NEXT])
        right = np.int64(arena[right + BLOCKER_NEXT])
    return True


@kernel(Long, Long, inline=True)
def lead_kind(byte):
    """What may follow the first byte of a character: ``cfg.scanner.LEADS``."""
    if byte < 0xE0:
        return np.int64(0)
    if byte == 0xE0:
        return np.int64(3)
    if byte == 0xED:
        return np.int64(4)
    if byte < 0xF0:
        return np.int64(1)
    if byte == 0xF0:
        return np.int64(5)
    return np.int64(6) if byte == 0xF4 else np.int64(2)


@kernel(Long, Longs, Long, Long, inline=True)
def with_blocker(slots, blockers, state):
    blocker = allocate(slots, BLOCKER_WIDTH)
    arena = ints_at(slots[ARENA])
    arena[blocker + BLOCKER_STATE] = state
    arena[blocker + BLOCKER_NEXT] = blockers
    return blocker


@kernel(Flag, Longs, Long, Long, inline=True)
def is_inevitable(slots, state, byte):
    """Does the scanner's ``state`` match, or do so whatever completes the character that ``byte`` began?"""
    if bytes_at(slots[SCAN_DECIDED])[state] != 0:
        return True
    if byte < 0xC2:
        return False
    return bytes_at(slots[INEVITABLE])[state] >> lead_kind(byte) & 1 != 0


@kernel(Long, Longs, Long, Long, Long)
def with_scanner_blocker(slots, blockers, state, byte):
    """``blockers`` and ``state`` after ``byte``, unless that is dead; NONE if it matches."""
    if state == DEAD:
        return blockers
    state = scanned(slots, state, byte)
    if state == DEAD:
        return blockers
    if is_inevitable(slots, state, byte):
        return np.int64(NONE)
    return with_blocker(slots, blockers, state)


@kernel(Long, Longs, Long, Long, Long)
def with_guard(slots, blockers, guard, byte):
    """``blockers`` and ``guard`` after ``byte``, unless it is satisfied; NONE if it is violated."""
    if guard < 0:
        return blockers
    guard = np.int64(ints_at(slots[GUARD_NEXT])[(guard << 8) + byte])
    verdict = bytes_at(slots[GUARD_VERDICT])[guard]
    if verdict == GUARD_VIOLATED:
        return np.int64(NONE)
    return blockers if verdict == GUARD_SATISFIED else with_blocker(slots, blockers, ~guard)


@kernel(Long, Longs, Long, Long)
def advanced_blockers(slots, blockers, byte):
    """All blockers after ``byte``; NONE if one of them has come about."""
    arena = ints_at(slots[ARENA])
    left = np.int64(0)
    while blockers != 0 and left != NONE:
        state = np.int64(arena[blockers + BLOCKER_STATE])
        blockers = np.int64(arena[blockers + BLOCKER_NEXT])
        is_guard = state < 0
        left = with_guard(slots, left, ~state, byte) if is_guard else with_scanner_blocker(slots, left, state, byte)
    return left


@kernel(Flag, Longs, Long)
def may_end_with(slots, blockers):
    """Do the blockers let the text end here?"""
    arena = ints_at(slots[ARENA])
    while blockers != 0:
        state = np.int64(arena[blockers + BLOCKER_STATE])
        if state < 0 and bytes_at(slots[GUARD_AT_END])[~state] == 0:
            return False
        if state >= 0 and bytes_at(slots[SCAN_DECIDED_AT_END])[state] != 0:
            return False
        blockers = np.int64(arena[blockers + BLOCKER_NEXT])
    return True
