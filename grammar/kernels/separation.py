"""Whether terminals can be kept apart, as ``cfg.separation`` explains.

First, texts of terminals that nothing else can be taken for, and the bytes that end them for certain. Terminals are
numbered by preference; ``follow`` uint8[terminals, terminals + 1]: may the second (last: the end of the text) come
behind the first.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .layout import GUARD_SATISFIED
from .pointers import Flag, Long, Nothing
from .scanner_product import (
    ENDING_GUARD,
    ENDING_LABEL,
    ENDING_PREFERRED,
    ROW_DECIDED,
    ROW_DECIDED_AT_END,
    ROW_ENDINGS,
    ROW_ENDINGS_AT,
    Bytes1,
    Ints1,
    Ints2,
)

Bytes2 = types.Array(types.uint8, 2, "C")

MOST_CANDIDATES = 1 << 10
# columns of what is found for a terminal
FOUND_ENDING, FOUND_FIRST = range(2)
NOT_FOUND = -1
# columns of blanks
BLANK_TERMINAL, BLANK_COLUMN = range(2)


@kernel(Long, Ints2, Long, Ints1, inline=True)
def spell(queue, place, text):
    """Write the columns that lead to a place of the queue to ``text``, behind their number."""
    count = np.int64(0)
    k = place
    while queue[k, 1] >= 0:
        count += 1
        k = np.int64(queue[k, 1])
    text[0] = count
    k = place
    while queue[k, 1] >= 0:
        text[count] = queue[k, 2]
        count -= 1
        k = np.int64(queue[k, 1])
    return np.int64(text[0])


@kernel(Flag, Ints2, Ints2, Ints1, Bytes2, Long, Ints1, Ints1)
def is_own_text(rows, next_row, starts, keyword_of, own, text, alive):
    """Is ``text`` read as the terminal ``own``, whichever others are looked for? Also sets ``alive``.

    ``starts``: first rows, the preferred ones first; ``keyword_of``: [n, m] is n a keyword of m; ``alive``: where the
    preferred ones are behind the text.
    """
    size = np.int64(text[0])
    for other in range(len(starts)):
        if other == own:
            continue
        row = np.int64(starts[other])
        taken = False
        for i in range(1, size + 1):
            row = np.int64(next_row[row, text[i]])
            if row == 0:
                break
            taken = taken or (rows[row, ROW_DECIDED] != 0 and (other < own or i == size))
        if other < own:
            alive[other] = row
        if taken and (keyword_of[own, other] == 0 if other < own else keyword_of[other, own] != 0):
            return False
    return True


@kernel(Flag, Ints2, Ints2, Ints2, Ints1, Long, Long, Ints1, Bytes2)
def note_stops(rows, row_endings, next_row, alive, own, row, found, stops):
    """Write the ending at ``row`` and the columns of bytes behind which nothing else can come about."""
    ending = np.int64(rows[row, ROW_ENDINGS_AT])
    preferred = np.int64(row_endings[ending, ENDING_PREFERRED])
    found[FOUND_ENDING] = ending
    for column in range(next_row.shape[1]):
        stops[own, column] = 1 if next_row[preferred, column] == 0 else 0
    for other in range(own):
        for column in range(next_row.shape[1] if alive[other] != 0 else 0):
            if next_row[alive[other], column] != 0:
                stops[own, column] = 0
    stops_somewhere = False
    for column in range(next_row.shape[1]):
        stops_somewhere = stops_somewhere or stops[own, column] != 0
    return stops_somewhere


@kernel(Nothing, Ints2, Ints2, Ints2, Ints1, Bytes2, Ints2, Bytes2)
def find_texts(rows, row_endings, next_row, starts, keyword_of, found, stops):
    """A short text of each terminal that is its own: in ``found``, its ending and the column of its first byte.

    ``stops`` uint8[terminals, columns]: see ``note_stops``; row 0 of the tables is that of what is dead.
    """
    queue = np.empty((MOST_CANDIDATES, 3), np.int32)
    text = np.empty(MOST_CANDIDATES + 1, np.int32)
    alive = np.zeros(len(starts), np.int32)
    for own in range(len(starts)):
        found[own, FOUND_ENDING] = NOT_FOUND
        queue[0, 0], queue[0, 1], queue[0, 2] = starts[own], -1, 0
        count = np.int64(1)
        k = np.int64(0)
        while k < count:
            row = np.int64(queue[k, 0])
            if k > 0 and rows[row, ROW_ENDINGS] != 0:
                spell(queue, k, text)
                if is_own_text(rows, next_row, starts, keyword_of, own, text, alive):
                    found[own, FOUND_FIRST] = text[1]
                    if note_stops(rows, row_endings, next_row, alive, own, row, found[own], stops):
                        break
            for column in range(next_row.shape[1]):
                following = np.int64(next_row[row, column])
                if following != 0 and count < MOST_CANDIDATES:
                    queue[count, 0], queue[count, 1], queue[count, 2] = following, k, column
                    count += 1
            k += 1


@kernel(Flag, Ints2, Ints2, Ints1, Bytes1)
def may_hide_ignored(rows, next_row, starts, is_ignored):
    """Is a byte that may be all of what is ignored the beginning of a terminal that is preferred to it?"""
    for place in range(len(starts)):
        for column in range(next_row.shape[1] if is_ignored[place] != 0 else 0):
            if rows[next_row[starts[place], column], ROW_ENDINGS] == 0:
                continue
            for other in range(place):
                if is_ignored[other] == 0 and next_row[starts[other], column] != 0:
                    return True
    return False


# --- what may follow


@kernel(Flag, Ints2, Ints2, Ints1, Ints2, Long, Long, Bytes1)
def note_behind_blank(rows, next_row, starts, found, place, column, after):
    """Write which terminals may follow a byte of ``column`` that is all of the ignored one ``place``; is it that?

    ``after`` uint8[terminals + 1].
    """
    may_end = True
    for other in range(place + 1):
        behind = next_row[starts[other], column]
        if (rows[behind, ROW_DECIDED] != 0) != (other == place):
            return False
        may_end = may_end and rows[behind, ROW_DECIDED_AT_END] == 0
    for follower in range(len(starts)):
        after[follower] = 1
        for other in range(place + 1):
            if next_row[next_row[starts[other], column], found[follower, FOUND_FIRST]] != 0:
                after[follower] = 0
    after[len(starts)] = 1 if may_end else 0
    return True


@kernel(Long, Ints2, Ints2, Ints1, Ints2, Bytes1, Ints1, Ints2, Bytes2)
def find_blanks(rows, next_row, starts, found, is_ignored, usual, blanks, after):
    """Write the blanks that are ignored, and what may come behind them; how many there are.

    ``usual``: columns of blanks. An ignored terminal of another kind may have a text of one byte, too.
    """
    count = np.int64(0)
    for place in range(len(starts)):
        for i in range(len(usual) + 1 if is_ignored[place] != 0 else 0):
            column = np.int64(usual[i]) if i < len(usual) else np.int64(found[place, FOUND_FIRST])
            if next_row[starts[place], column] == 0:
                continue
            if note_behind_blank(rows, next_row, starts, found, place, column, after[count]):
                blanks[count, BLANK_TERMINAL], blanks[count, BLANK_COLUMN] = place, column
                count += 1
    return count


@kernel(Flag, Ints2, Ints2, Ints2, Bytes1, Ints2, Bytes1, Bytes1, Long, Bytes1)
def note_certain(rows, row_endings, next_row, byte_class, guard_next, verdicts, guard_at_end, ending, stops):
    """Write the columns of bytes behind which an ending counts for good; may the text end there?"""
    preferred, guard = np.int64(row_endings[ending, ENDING_PREFERRED]), np.int64(row_endings[ending, ENDING_GUARD])
    for column in range(next_row.shape[1]):
        stops[column] = 1 if next_row[preferred, column] == 0 else 0
    if guard >= 0:
        for byte in range(256):
            if verdicts[guard_next[guard, byte]] != GUARD_SATISFIED:
                stops[byte_class[byte]] = 0
    return rows[preferred, ROW_DECIDED_AT_END] == 0 and (guard < 0 or guard_at_end[guard] != 0)


@kernel(Flag, Bytes2, Ints2, Ints2, Bytes2, Bytes2, Long, Bytes1, Flag)
def is_followed(follow, found, blanks, after, known, terminal, stops, may_end):
    """Can all come behind this end of ``terminal`` that may, be it behind a blank?

    ``stops``: as of ``note_certain``; ``known`` uint8[terminals, terminals]: is the second, which is ignored, looked
    for wherever the first has ended.
    """
    end = follow.shape[1] - 1
    for follower in range(end + 1):
        if follow[terminal, follower] == 0:
            continue
        allowed = may_end if follower == end else stops[found[follower, FOUND_FIRST]] != 0
        i = 0
        while not allowed and i < len(blanks):
            allowed = stops[blanks[i, BLANK_COLUMN]] != 0 and after[i, follower] != 0
            allowed = allowed and known[terminal, blanks[i, BLANK_TERMINAL]] != 0
            i += 1
        if not allowed:
            return False
    return True


@kernel(Flag, Ints2, Ints2, Bytes1)
def go_on(rows, next_row, is_good):
    """Has each of the rows with an ending one that can be followed, or does a byte lead to such a row?"""
    for row in range(len(is_good)):
        leads = is_good[row] != 0 or rows[row, ROW_ENDINGS] == 0
        column = 0
        while not leads and column < next_row.shape[1]:
            leads = is_good[next_row[row, column]] != 0
            column += 1
        if not leads:
            return False
    return True


@kernel(
    *(Flag, Ints2, Ints2, Ints2, Bytes1, Ints2, Bytes1, Bytes1),
    *(Ints1, Ints1, Bytes1, Bytes2, Bytes2, Bytes2, Ints1),
    entry=True,
)
def are_separable(
    rows,
    row_endings,
    next_row,
    byte_class,
    guard_next,
    verdicts,
    guard_at_end,
    starts,
    places,
    is_ignored,
    keyword_of,
    follow,
    known,
    usual_blanks,
):
    """``places``: the numbers by preference of the labels of endings. The rest is named above."""
    terminals, columns = len(starts), next_row.shape[1]
    found, stops = np.zeros((terminals, 2), np.int32), np.zeros((terminals, columns), np.uint8)
    if may_hide_ignored(rows, next_row, starts, is_ignored):
        return False
    find_texts(rows, row_endings, next_row, starts, keyword_of, found, stops)
    for own in range(terminals):
        if found[own, FOUND_ENDING] == NOT_FOUND and is_ignored[own] == 0:
            return False
    most = terminals * (len(usual_blanks) + 1)
    blanks, after = np.empty((most, 2), np.int32), np.empty((most, terminals + 1), np.uint8)
    blanks = blanks[: find_blanks(rows, next_row, starts, found, is_ignored, usual_blanks, blanks, after)]
    certain, is_good = np.empty(columns, np.uint8), np.zeros(len(rows), np.uint8)
    for own in range(terminals):
        if found[own, FOUND_ENDING] != NOT_FOUND:
            of_text = np.int64(found[own, FOUND_ENDING])
            may_end = note_certain(
                rows, row_endings, next_row, byte_class, guard_next, verdicts, guard_at_end, of_text, certain
            )
            for column in range(columns):
                certain[column] &= stops[own, column]
            if not is_followed(follow, found, blanks, after, known, own, certain, may_end):
                return False
    for row in range(len(rows)):
        first = np.int64(rows[row, ROW_ENDINGS_AT])
        for ending in range(first, first + rows[row, ROW_ENDINGS]):
            may_end = note_certain(
                rows, row_endings, next_row, byte_class, guard_next, verdicts, guard_at_end, ending, certain
            )
            ended = np.int64(places[row_endings[ending, ENDING_LABEL]])
            if is_followed(follow, found, blanks, after, known, ended, certain, may_end):
                is_good[row] = 1
    return go_on(rows, next_row, is_good)
