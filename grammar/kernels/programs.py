"""The instructions of a pattern's program, and the memory of the kernel that makes it deterministic.

A *program* is a pattern in these instructions, after Thompson (1968) and Pike. Addresses and sizes of all tables are in
one array of *slots*, and so is how far the exploration has come.
"""

from __future__ import annotations

# instructions: (code, a, b), places relative to that of the instruction
CHAR = 0  # a character of set a
SPLIT = 1  # go on at a or, less preferred, at b
JUMP = 2  # go on at a
START = 3  # the text starts here
BEHIND = 4  # the character before is (b = 0) or is not (b = 1) of set a
AHEAD = 5  # the next a instructions do (b = 0) or do not (b = 1) arrive
END = 6  # inside AHEAD: the text ends here
ARRIVED = 7  # the end of an AHEAD
MATCH = 8  # the end of the program

ORDERED, WHOLE, SEARCH = range(3)
AT_START, UNKNOWN = -2, -1  # in place of the class of the character before

TRUE, FALSE = 0, 1  # conditions
POSITIVE, NEGATIVE = -1, -2  # the first entry of any other condition
# kinds of items that are no instruction, numbered from the length of the program on: a match ends here; one that ended
# before waits for its condition; one that ended before has met it, or all texts are accepted
MATCHED, PENDING, DECIDED = range(3)
NO_GUARD = -1
ACCEPTS, ACCEPTS_AT_END = 1, 2  # flags of states, the second one also of guards

# slots: sizes, and how far the exploration has come
(SIZE, SETS, CLASSES, MODE, BEHIND_SETS, LIST_ROOM, ENDING_ROOM, STATE_MASK, CONDITION_MASK) = range(9)
(STATE_ROOM, ITEM_ROOM, CONDITION_ROOM, PLACE_ROOM) = range(9, 13)
(STATE_COUNT, CONDITION_COUNT, ENDING_COUNT, GUARD_COUNT, WORK, STAMP, LISTED, CUT, FAILURE) = range(13, 22)
# slots: addresses
PROGRAM = 22  # int32[SIZE, 3]
MEMBER = 23  # uint8[SETS, CLASSES]
BEHINDS = 24  # int32[BEHIND_SETS]: the sets that are looked behind for
MARKS = 25  # int64[MARK_ROWS, SIZE + 3]
STACK = 26  # int64[2 SIZE + 2, 2]: places and conditions
INNER_STACK = 27  # int64[2 SIZE + 2]
OUT, BUFFER = 28, 29  # int64[LIST_ROOM]
STATES_AT, STATE_ITEMS, STATE_TABLE = 30, 31, 32  # int64[STATE_ROOM + 1], int64[ITEM_ROOM], int32[STATE_MASK + 1]
CONDITIONS_AT, PLACES, CONDITION_TABLE = 33, 34, 35  # the same for conditions
DERIVED = 36  # int32[CONDITION_ROOM, CLASSES]: 0 where not known, else what was found and 1
BLOCKS, REMAP, TARGETS, SET_MARKS = 37, 38, 39, 40  # int64[CLASSES], int64[2 CLASSES], int64[CLASSES], int64[SETS]
ROWS, FLAGS = 41, 42  # int32[STATE_ROOM, CLASSES], uint8[STATE_ROOM]
ENDINGS = 43  # int32[ENDING_ROOM, 3]: state, state that is preferred, guard
GUARDS, GUARD_FLAGS = 44, 45  # int32[CONDITION_ROOM, CLASSES], uint8[CONDITION_ROOM]
GUARD_OF, GUARDED = 46, 47  # int32[CONDITION_ROOM]: guards of conditions, int64[CONDITION_ROOM]: conditions of guards
SLOTS = 48
DONE, NO_ROOM, TOO_MUCH, UNSURE = range(4)
# rows of marks: when an instruction was last seen without a condition, under one, under which; in a condition; listed
SEEN, SEEN_UNDER, UNDER, GATHERED, TAKEN, TAKEN_UNDER, MARK_ROWS = range(7)
