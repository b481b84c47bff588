"""Keys of the configurations that tokens lead to: configurations with equal keys go on in the same ways.

A key is 128 bits of a hash over all that a configuration depends on, wherever in the arena it lies. Counts that no
longer matter are left out, so that there are finitely many keys wherever the language makes that possible. What is not
hashed makes the answer *unkeyed*: keys that are not named and unique items, which are remembered in full, ambiguous
stacks of the parser, and the lines of indented blocks. Of these all but unique items and ambiguous stacks are hashed
for a key *in full*; of such keys there may be ever more.
"""

from __future__ import annotations

import numpy as np
from numba import types

from .compilation import kernel
from .entry import has_room
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .parser import frontier_node, frontier_size
from .pointers import Flag, Ints, Long, Longs, Nothing, bytes_at, call_step, halves_at, ints_at, longs_at
from .shortest import begins_a_used_key, code_point_that_counts, length_that_counts
from .walks import NO_LIMIT, load

Slots = types.Array(types.int64, 1, "C")
Keys = types.Array(types.int64, 2, "C")

UNKEYED = 100  # an outcome beside those of the layout


@kernel(Nothing, Longs, Long, inline=True)
def mix(key, word):
    key[0] = (key[0] ^ word) * np.int64(-7046029254386353131)
    key[0] ^= (key[0] >> 32) & 0xFFFFFFFF
    key[1] = (key[1] + word) * np.int64(-4417276706812531889)
    key[1] ^= (key[1] >> 29) & 0x7FFFFFFFF


@kernel(Flag, Longs, Longs, Long)
def mix_frontier(slots, key, frontier):
    """The stacks of the parser, from the top to the bottom."""
    arena = ints_at(slots[ARENA])
    size = frontier_size(slots, frontier)
    mix(key, size)
    for i in range(size):
        node = frontier_node(slots, frontier, i)
        while node >= 0:
            if arena[node + GSS_MORE] != 0:
                return False
            mix(key, np.int64(arena[node + GSS_STATE]))
            node = np.int64(arena[node + GSS_BELOW])
        mix(key, np.int64(NONE))
    return True


@kernel(Nothing, Longs, Longs, Long)
def mix_blockers(slots, key, blocker):
    arena = ints_at(slots[ARENA])
    while blocker != 0:
        mix(key, np.int64(arena[blocker + BLOCKER_STATE]))
        blocker = np.int64(arena[blocker + BLOCKER_NEXT])
    mix(key, np.int64(NONE))


@kernel(Long, Longs, Long)
def count_that_matters(slots, frame):
    """The count of a container, as far as its limits can tell counts apart."""
    arena = ints_at(slots[ARENA])
    count = np.int64(arena[frame + COUNT])
    node = ints_at(slots[NODES] + (np.int64(arena[frame + NODE]) << NODE_SHIFT) * 4)
    if arena[frame + KIND] == ARRAY and node[MAX_ITEMS] >= UNBOUNDED:
        return min(count, max(np.int64(node[MIN_ITEMS]), np.int64(node[PREFIX])))
    if arena[frame + KIND] == OBJECT and node[MAX_KEYS] >= UNBOUNDED and node[MIN_KEYS] <= 0:
        return np.int64(0)
    return count


@kernel(Flag, Longs, Longs, Long, Long)
def mix_memory(slots, key, frame, in_full):
    """What an object or array remembers of its members: keys that are not named can be hashed, unique items cannot."""
    arena = ints_at(slots[ARENA])
    if in_full == 0:
        return arena[frame + OTHERS] == 0
    if arena[frame + KIND] == ARRAY:
        return ints_at(slots[NODES])[(np.int64(arena[frame + NODE]) << NODE_SHIFT) + UNIQUE] == 0
    used = np.int64(arena[frame + OTHERS])
    while used != 0:
        mix(key, np.int64(arena[used + KEY_CLASS]))
        for i in range(arena[used + KEY_SIZE]):
            mix(key, np.int64(arena[used + KEY_CONTENT + i]) & 0xFF)
        used = np.int64(arena[used + KEY_BEFORE])
    mix(key, np.int64(NONE))
    return True


@kernel(Nothing, Longs, Longs, Long)
def mix_lines(slots, key, lines):
    """The indented blocks, from the innermost to the outermost."""
    arena = ints_at(slots[ARENA])
    while lines != 0:
        mix(key, np.int64(arena[lines + LINES_OPEN]))
        mix(key, np.int64(arena[lines + LINES_COLUMNS]))
        lines = np.int64(arena[lines + LINES_OUTER])
    mix(key, np.int64(NONE))


@kernel(Flag, Longs, Longs, Long, Long)
def mix_frames(slots, key, frame, in_full):
    """The open containers, from the innermost to the root; ``in_full``: with what they remember, where that grows."""
    arena = ints_at(slots[ARENA])
    while arena[frame + KIND] != ROOT:
        for i in range(KIND, SEEN):
            if i != COUNT and i != NEXT and i != OTHERS:
                mix(key, np.int64(arena[frame + i]))
        if arena[frame + KIND] != EMBEDDED and not mix_memory(slots, key, frame, in_full):
            return False
        if arena[frame + KIND] == EMBEDDED:
            if in_full != 0:
                mix_lines(slots, key, np.int64(arena[frame + NEXT]))
            elif arena[frame + NEXT] != 0:
                return False
            if not mix_frontier(slots, key, np.int64(arena[frame + COUNT])):
                return False
            mix_blockers(slots, key, np.int64(arena[frame + OTHERS]))
        else:
            mix(key, count_that_matters(slots, frame))
            mix(key, np.int64(arena[frame + NEXT]))
        if arena[frame + KIND] == OBJECT:
            words = ints_at(slots[NODES])[(np.int64(arena[frame + NODE]) << NODE_SHIFT) + WORDS]
            for i in range(words):
                mix(key, np.int64(arena[frame + SEEN + i]))
        frame = np.int64(arena[frame + PARENT])
    mix(key, np.int64(NONE))
    return True


@kernel(Nothing, Longs, Longs, Ints, Long)
def mix_open_key(slots, key, thread, top):
    """The bytes so far of a key that need not be one of those named, as far as they count, and where they lead."""
    arena = ints_at(slots[ARENA])
    size = np.int64(thread[C])
    if size == 0:
        return
    mix(key, np.int64(arena[top - 1]) >> KEY_STATE_SHIFT)
    if thread[A] < 0 and not begins_a_used_key(slots, np.int64(thread[FRAME]), top - size, size):
        return
    for i in range(top - size, top):
        mix(key, np.int64(arena[i]) & 0xFF)


@kernel(Flag, Longs, Longs, Ints, Long, Long)
def mix_thread(slots, key, thread, top, in_full):
    """A configuration without threads of its own."""
    mode = np.int64(thread[MODE])
    mix(key, mode)
    mix(key, np.int64(thread[A]))
    mix(key, np.int64(thread[E]) if in_full == 0 else code_point_that_counts(slots, thread, np.int64(0), top))
    if mode == GRAMMAR:
        if in_full != 0:
            mix_lines(slots, key, np.int64(thread[S]))
        elif thread[S] != 0:
            return False
        if not mix_frontier(slots, key, np.int64(thread[B])):
            return False
        mix_blockers(slots, key, np.int64(thread[C]))
        return True
    mix(key, np.int64(thread[B]))
    mix(key, np.int64(thread[C]) if in_full == 0 else length_that_counts(slots, thread, np.int64(0)))
    mix(key, np.int64(thread[S]))
    if mode == OPEN_KEY:
        if in_full == 0:
            return False
        mix_open_key(slots, key, thread, top)
    return mix_frames(slots, key, np.int64(thread[FRAME]), in_full)


@kernel(Flag, Longs, Longs, Ints, Long, Long)
def mix_configuration(slots, key, stack, at, in_full):
    key[0] = 0
    key[1] = 0
    if stack[at + MODE] != SEVERAL:
        return mix_thread(slots, key, ints_at(slots[STACK] + at * 4), np.int64(stack[at + TOP]), in_full)
    listed = np.int64(stack[at + A])
    count = np.int64(ints_at(slots[ARENA])[listed])
    if count != 1:
        mix(key, count)
    for k in range(count):
        thread = ints_at(slots[ARENA] + (listed + 1 + k * THREAD) * 4)
        if not mix_thread(slots, key, thread, np.int64(thread[TOP]), in_full):
            return False
    return True


@kernel(Long, Slots, Slots, entry=True)
def key_of_configuration(slot_array, key):
    """Write the key of where a matcher stands into ``key``, int64[2], in full: DONE or UNKEYED."""
    slots = longs_at(slot_array.ctypes.data)
    if not has_room(slots):
        return UNKEYED
    stack = ints_at(slots[STACK])
    load(slots, stack)
    if not mix_configuration(slots, longs_at(key.ctypes.data), stack, np.int64(0), np.int64(1)):
        return UNKEYED
    return DONE


@kernel(Long, Slots, Keys, entry=True)
def successor_keys(slot_array, keys):
    """Write the key of what each token leads to into its row of ``keys``, which is zero for tokens that are refused.

    ``keys``: int64[V, 2], zeros. DONE, MISSED, ARENA_FULL or UNKEYED; end-of-sequence tokens stay zero.
    """
    slots = longs_at(slot_array.ctypes.data)
    if slots[KEEPS_TEXT] != 0:
        return UNKEYED
    if not has_room(slots):
        return ARENA_FULL
    slots[MISS_COUNT] = 0
    slots[STEPS] = 0
    slots[MOST_STEPS] = NO_LIMIT
    stack = ints_at(slots[STACK])
    load(slots, stack)
    trie_byte, trie_depth = bytes_at(slots[TRIE]), halves_at(slots[TRIE + 1])
    trie_terminal, trie_end = ints_at(slots[TRIE + 2]), ints_at(slots[TRIE + 3])
    same = ints_at(slots[TOKEN_SAME])
    i = np.int64(0)
    while i < slots[TRIE_NODES]:
        depth = np.int64(trie_depth[i])
        if call_step(slots[STEP], slots, stack, depth, np.int64(trie_byte[i])) == 0:
            if slots[SHORT] != 0:
                return ARENA_FULL
            i = np.int64(trie_end[i])
            continue
        token = np.int64(trie_terminal[i])
        if token >= 0:
            key = longs_at(keys.ctypes.data + token * 16)
            if not mix_configuration(slots, key, stack, (depth + 1) * CONFIGURATION, np.int64(0)):
                return UNKEYED
            key[1] |= 1
            token = np.int64(same[token])
            while token >= 0:
                keys[token, 0] = key[0]
                keys[token, 1] = key[1]
                token = np.int64(same[token])
        i += 1
    return MISSED if slots[MISS_COUNT] else DONE
