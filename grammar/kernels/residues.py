"""Numbers whose divisors are judged by a residue beside the state of their automaton.

A state's row in NUMBER_NEXT ends with the index of its record among the residues, or 0: then the state alone decides.
A residue is kept in C and E of a configuration. The slow, readable form of what is here is ``grammar/residues.py``.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, bytes_at, ints_at, longs_at


@kernel(Long, Long, Long, Long, inline=True)
def times(a, b, modulus):
    """The product of two residues; ``modulus`` is below 2**42, so that half of one times the other fits in 64 bits."""
    if modulus < np.int64(1) << 31:
        return a * b % modulus
    high = (a >> 21) * b % modulus
    return ((high << 21) % modulus + (a & 0x1FFFFF) * b % modulus) % modulus


@kernel(Long, Ints, Long, inline=True)
def residue_of(stack, i):
    """The residue of the number at ``i`` of the stack."""
    return np.int64(stack[i + E]) << RESIDUE_SHIFT | np.int64(stack[i + C])


@kernel(Long, Longs, Long, Long)
def dividing(slots, header, number):
    """The mask of the divisors of the automaton ``header`` that divide ``number``."""
    table = longs_at(slots[NUMBER_RESIDUES] + header * 8)
    mask = np.int64(0)
    for i in range(table[RESIDUE_DIVISORS]):
        if number % table[RESIDUE_DIVISOR + i] == 0:
            mask |= np.int64(1) << i
    return mask


@kernel(Flag, Longs, Long, Long, Long)
def check_holds(slots, header, at, residue):
    """Does the check at ``at`` hold of ``residue``?"""
    table = longs_at(slots[NUMBER_RESIDUES])
    check = longs_at(slots[NUMBER_RESIDUES] + at * 8)
    modulus = table[header + RESIDUE_MODULUS]
    period = check[CHECK_PERIOD]
    base = times(residue, check[CHECK_POWER], modulus) + check[CHECK_START]
    j = (times(residue % period, check[CHECK_FACTOR], period) + check[CHECK_SHIFT]) % period
    for _ in range(check[CHECK_TRIES]):
        if j > check[CHECK_LAST]:
            return False
        number = (base + times(j % modulus, check[CHECK_STEP], modulus)) % modulus
        if table[check[CHECK_ACCEPTED] + dividing(slots, header, number)] != 0:
            return True
        j += period
    return False


@kernel(Flag, Longs, Long, Long)
def residue_is_live(slots, record, residue):
    """Can a number be completed from the state with this record?"""
    table = longs_at(slots[NUMBER_RESIDUES])
    count = table[record + RESIDUE_CHECKS]
    if count == NONE:
        return True
    for i in range(count):
        if check_holds(
            slots, table[record + RESIDUE_HEADER], table[record + RESIDUE_CHECKS_AT] + i * CHECK_WIDTH, residue
        ):
            return True
    return False


@kernel(Long, Longs, Long, Long, Long, Long)
def successor_with_residue(slots, record, following, residue, symbol):
    """``number_successor`` where the residue decides too."""
    table = longs_at(slots[NUMBER_RESIDUES])
    if symbol <= LAST_DIGIT_SYMBOL:
        residue = (10 * residue + symbol - 1) % table[table[record + RESIDUE_HEADER] + RESIDUE_MODULUS]
    after = np.int64(ints_at(slots[NUMBER_NEXT])[(following << NUMBER_SHIFT) + NUMBER_FACTS]) >> RECORD_SHIFT
    slots[RESIDUE_READ] = residue
    return following if residue_is_live(slots, after, residue) else np.int64(DEAD)


@kernel(Long, Longs, Long, Long, Long, inline=True)
def number_successor(slots, state, residue, byte):
    """The state after ``byte``, DEAD if it is refused; the residue is left in RESIDUE_READ."""
    slots[RESIDUE_READ] = 0
    row = ints_at(slots[NUMBER_NEXT] + (state << NUMBER_SHIFT) * 4)
    symbol = np.int64(bytes_at(slots[NUMBER_SYMBOL])[byte])
    following = np.int64(row[symbol])
    record = np.int64(row[NUMBER_FACTS]) >> RECORD_SHIFT
    if record == 0 or following == DEAD:
        return following
    return successor_with_residue(slots, record, following, residue, symbol)


@kernel(Long, Longs, Long, Long, inline=True)
def number_label(slots, state, residue):
    """The label of a number that ends here, 0 if it may not."""
    label = np.int64(ints_at(slots[NUMBER_LABEL])[state])
    record = np.int64(ints_at(slots[NUMBER_NEXT])[(state << NUMBER_SHIFT) + NUMBER_FACTS]) >> RECORD_SHIFT
    if label == 0 or record == 0:
        return label
    table = longs_at(slots[NUMBER_RESIDUES])
    header = table[record + RESIDUE_HEADER]
    return table[
        table[header + RESIDUE_OUTCOMES_AT]
        + (label << table[header + RESIDUE_DIVISORS])
        + dividing(slots, header, residue)
    ]
