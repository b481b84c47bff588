"""One byte of a grammar's text: the scanner's state moves on, terminals end, the parser reads them.

A *thread* is one way to understand the text so far: where the scanner is inside a terminal, and what the parser has
read. Ways that differ only in what the parser has read are one thread. Where a shorter match counts only if a longer
one does not come about, it is a thread with a *blocker*, the state that must not come to match.
"""

from __future__ import annotations

import numpy as np

from .blockers import (
    advanced_blockers,
    may_end_with,
    same_blockers,
    scanned,
    with_guard,
    with_scanner_blocker,
)
from .compilation import callback, kernel
from .frames import miss, put
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .lines import columns_after, is_as_viable, is_viable, read_terminal, text_may_end
from .parser import allocate, can_shift, frontier_node, frontier_size, merged
from .pointers import Flag, Ints, Long, Longs, Nothing, bytes_at, call_step, ints_at
from .residues import number_label, number_successor, residue_of
from .styles import style_of, use_style


@kernel(Nothing, Longs, *[Long] * 8)
def emit(slots, mode, frame, a, b, c, s, e, top):
    """Note a thread of the next configuration."""
    rows = ints_at(slots[WORKSPACE])
    count = slots[THREADS]
    for i in range(count):
        row = i * THREAD
        if (
            rows[row + MODE] == mode
            and rows[row + FRAME] == frame
            and rows[row + A] == a
            and rows[row + S] == s
            and rows[row + E] == e
        ):
            if mode == GRAMMAR and same_blockers(slots, np.int64(rows[row + C]), c):
                rows[row + B] = merged(slots, np.int64(rows[row + B]), b)
                return
            if rows[row + B] == b and rows[row + C] == c:
                return
    if (count + 1) * THREAD > slots[WORKSPACE_SIZE] // 2:
        slots[SHORT] = 1
        return
    row = count * THREAD
    rows[row + MODE] = mode
    rows[row + FRAME] = frame
    rows[row + A] = a
    rows[row + B] = b
    rows[row + C] = c
    rows[row + S] = s
    rows[row + E] = e
    rows[row + TOP] = top
    slots[THREADS] = count + 1


# --- threads


@kernel(Nothing, Longs, Ints, *[Long] * 6)
def begin_embedded(slots, stack, i, byte, terminal, outer, frontier, lines):
    """A value of another language begins with ``byte``. What it says is not looked into: blockers end with it."""
    frame = allocate(slots, SEEN)
    arena = ints_at(slots[ARENA])
    arena[frame + PARENT] = outer
    arena[frame + KIND] = EMBEDDED
    arena[frame + NODE] = terminal
    arena[frame + STATE] = PLAIN
    arena[frame + COUNT] = frontier
    arena[frame + DEPTH] = 0
    arena[frame + NEXT] = lines
    arena[frame + OTHERS] = 0
    node = ints_at(slots[TERMINALS])[terminal * TERMINAL_WIDTH + TERMINAL_NODE]
    put(stack, i, VALUE, frame, node, AT_ROOT, 0, FRESH, 0, slots[ALLOCATED])
    step_value(slots, stack, i, byte)


@kernel(Nothing, Longs, Long, Long)
def copy_open_key(slots, end, size):
    """Copy a key that is being read, ``size`` integers up to ``end``, to the arena's top, where it can grow."""
    at = allocate(slots, size)
    arena = ints_at(slots[ARENA])
    for k in range(size):
        arena[at + k] = arena[end - size + k]


@kernel(Nothing, Longs, Ints, Long, Long)
def step_value(slots, stack, i, byte):
    """Let the automaton of values read ``byte`` in the configuration at ``i``, and note what becomes of it."""
    if stack[i + MODE] == OPEN_KEY:
        copy_open_key(slots, np.int64(stack[i + TOP]), KEY_CONTENT + np.int64(stack[i + C]))
    stack[i + TOP] = slots[ALLOCATED]
    if slots[ALLOCATED] + slots[MARGIN] > slots[ARENA_SIZE]:
        slots[SHORT] = 1
    if slots[SHORT] != 0:
        return
    style = slots[STYLE]
    own = style if slots[STYLES] == 0 else style_of(slots, stack, i)
    if own != style:
        use_style(slots, own)
    outcome = np.int64(call_step(slots[STEP], slots, stack, i >> 3, byte))
    if own != style:
        use_style(slots, style)
        slots[FOREIGN] = 1
    if outcome != 0:
        at = i + CONFIGURATION
        slots[ALLOCATED] = stack[at + TOP]
        emit(
            slots,
            np.int64(stack[at + MODE]),
            np.int64(stack[at + FRAME]),
            np.int64(stack[at + A]),
            np.int64(stack[at + B]),
            np.int64(stack[at + C]),
            np.int64(stack[at + S]),
            np.int64(stack[at + E]),
            np.int64(stack[at + TOP]),
        )


@kernel(Long, Longs, Long, Long)
def in_context(slots, frontier, context):
    """The part of ``frontier`` whose states have ``context``."""
    size = frontier_size(slots, frontier)
    contexts = ints_at(slots[CONTEXT_OF])
    arena = ints_at(slots[ARENA])
    listed = np.int64(0)
    count = np.int64(0)
    for i in range(size):
        node = frontier_node(slots, frontier, i)
        if contexts[arena[node + GSS_STATE]] != context:
            if listed == 0:
                listed = allocate(slots, size)
                if slots[SHORT] != 0:
                    return frontier
                for k in range(i):
                    arena[listed + 1 + k] = frontier_node(slots, frontier, k)
        else:
            if listed != 0:
                arena[listed + 1 + count] = node
            count += 1
    if listed == 0:
        return frontier
    arena[listed] = count
    return -listed if count > 1 else np.int64(arena[listed + 1])


@kernel(Flag, Longs, Long)
def context_ready(slots, context):
    ready = ints_at(slots[CONTEXTS])[context * CONTEXT_WIDTH + CONTEXT_READY]
    if ready != 0 and ready <= slots[EPOCH]:
        return True
    miss(slots, np.int64(MISS_CONTEXT), context)
    return False


@kernel(Nothing, Longs, Ints, *[Long] * 6)
def begin_terminal(slots, stack, i, byte, outer, frontier, blockers, lines):
    """A new terminal begins with ``byte``, where the parser is at ``frontier``."""
    arena = ints_at(slots[ARENA])
    contexts = ints_at(slots[CONTEXT_OF])
    for k in range(frontier_size(slots, frontier)):
        context = np.int64(contexts[arena[frontier_node(slots, frontier, k) + GSS_STATE]])
        is_first = True
        for j in range(k):
            if contexts[arena[frontier_node(slots, frontier, j) + GSS_STATE]] == context:
                is_first = False
        if not is_first or not context_ready(slots, context):
            continue
        part = in_context(slots, frontier, context)
        if slots[SHORT] != 0:
            return
        record = ints_at(slots[CONTEXTS] + context * CONTEXT_WIDTH * 4)
        state = scanned(slots, np.int64(record[CONTEXT_START]), byte)
        first = columns_after(slots, np.int64(NONE), byte)
        if state != DEAD and is_viable(slots, state, part, lines, first):
            emit(slots, GRAMMAR, outer, state, part, blockers, lines, first, np.int64(0))
        embedded = ints_at(slots[CONTEXT_EMBEDDED] + np.int64(record[CONTEXT_EMBEDDED_AT]) * 4)
        for j in range(record[CONTEXT_EMBEDDED_COUNT]):
            terminal = np.int64(embedded[j])
            if can_shift(slots, part, terminal):
                begin_embedded(slots, stack, i, byte, terminal, outer, part, lines)


@kernel(Nothing, Longs, Ints, *[Long] * 8)
def end_terminal(slots, stack, i, byte, outer, frontier, terminal, blockers, lines, columns):
    """``terminal`` has ended, and ``byte`` follows."""
    following = read_terminal(slots, frontier, terminal, lines, columns)
    if following != 0 and slots[SHORT] == 0:
        begin_terminal(slots, stack, i, byte, outer, following, blockers, slots[LINES])


@kernel(Nothing, Longs, Ints, Long, Long)
def scan(slots, stack, i, byte):
    """A byte for the GRAMMAR thread at ``i``."""
    state = np.int64(stack[i + A])
    outer = np.int64(stack[i + FRAME])
    frontier = np.int64(stack[i + B])
    lines = np.int64(stack[i + S])
    columns = np.int64(stack[i + E])
    blockers = advanced_blockers(slots, np.int64(stack[i + C]), byte)
    if blockers == NONE:
        return
    if state == DEAD:
        begin_terminal(slots, stack, i, byte, outer, frontier, blockers, lines)
        return
    following = scanned(slots, state, byte)
    if following != DEAD and slots[ONLY_ENDINGS] != (i >> 3) + 1:
        after = columns_after(slots, columns, byte)
        if is_as_viable(slots, following, state) or is_viable(slots, following, frontier, lines, after):
            emit(slots, GRAMMAR, outer, following, frontier, blockers, lines, after, np.int64(0))
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    followers = bytes_at(slots[FOLLOWERS])
    for k in range(where[0], where[0] + where[1]):
        ending = ints_at(slots[SCAN_ENDINGS] + np.int64(k) * ENDING_WIDTH * 4)
        if followers[(np.int64(ending[ENDING_TERMINAL]) << 8) + byte] == 0:
            continue
        left = with_scanner_blocker(slots, blockers, np.int64(ending[ENDING_PREFERRED]), byte)
        if left != NONE:
            left = with_guard(slots, left, np.int64(ending[ENDING_GUARD]), byte)
        if left != NONE:
            terminal = np.int64(ending[ENDING_TERMINAL])
            end_terminal(slots, stack, i, byte, outer, frontier, terminal, left, lines, columns)


@kernel(Nothing, Longs, Ints, Long, Long, Long)
def end_embedded(slots, stack, i, frame, byte):
    """The value in the EMBEDDED ``frame`` is complete, and ``byte`` follows."""
    arena = ints_at(slots[ARENA])
    end_terminal(
        slots,
        stack,
        i,
        byte,
        np.int64(arena[frame + PARENT]),
        np.int64(arena[frame + COUNT]),
        np.int64(arena[frame + NODE]),
        np.int64(arena[frame + OTHERS]),
        np.int64(arena[frame + NEXT]),
        np.int64(0),
    )


@kernel(Nothing, Longs, Ints, Long, Long)
def advance_thread(slots, stack, i, byte):
    """A byte for the thread at ``i``, whatever it is in the middle of."""
    mode = stack[i + MODE]
    frame = np.int64(stack[i + FRAME])
    if mode == GRAMMAR:
        scan(slots, stack, i, byte)
    elif mode == ENDED:
        end_embedded(slots, stack, i, frame, byte)
    elif mode == EMBEDDED_NUMBER:
        state = np.int64(stack[i + A])
        residue = residue_of(stack, i)
        ends = number_label(slots, state, residue) != 0
        following = number_successor(slots, state, residue, byte)
        if following != DEAD:
            ends = ends and number_label(slots, np.int64(following), slots[RESIDUE_READ]) == 0
            low = slots[RESIDUE_READ] & ((np.int64(1) << RESIDUE_SHIFT) - 1)
            high = slots[RESIDUE_READ] >> RESIDUE_SHIFT
            beginning = np.int64(stack[i + B])
            emit(slots, EMBEDDED_NUMBER, frame, np.int64(following), beginning, low, np.int64(0), high, np.int64(0))
        if ends:
            end_embedded(slots, stack, i, frame, byte)
    else:
        step_value(slots, stack, i, byte)


@kernel(Long, Longs, Ints, Long, Long, Long)
def write_threads(slots, stack, at, frame, missed):
    """Make one configuration of the threads that were noted; 0 if there are none, or some could not be judged yet.

    ``missed``: how much was missing before. A walk goes on behind what could not be judged, to find all that is
    missing.
    """
    rows = ints_at(slots[WORKSPACE])
    count = slots[THREADS]
    if count == 0 or slots[SHORT] != 0 or slots[MISS_COUNT] != missed:
        return 0
    if count == 1 and slots[FOREIGN] == 0:
        put(
            stack,
            at,
            np.int64(rows[MODE]),
            np.int64(rows[FRAME]),
            np.int64(rows[A]),
            np.int64(rows[B]),
            np.int64(rows[C]),
            np.int64(rows[S]),
            np.int64(rows[E]),
            slots[ALLOCATED],
        )
        return 1
    listed = allocate(slots, count * THREAD + 1)
    if slots[SHORT] != 0:
        return 0
    arena = ints_at(slots[ARENA])
    arena[listed] = count
    for i in range(count * THREAD):
        arena[listed + 1 + i] = rows[i]
    put(stack, at, SEVERAL, frame, listed, 0, 0, 0, 0, slots[ALLOCATED])
    return 1


@kernel(Nothing, Longs, Ints, Long, Long, Long, inline=True)
def load_thread(slots, stack, i, listed, k):
    arena = ints_at(slots[ARENA])
    for j in range(THREAD):
        stack[i + j] = arena[listed + 1 + k * THREAD + j]


@kernel(Flag, Longs, Long, Long)
def may_end_with_next(slots, state, byte):
    """Can what follows a terminal that ends in the scanner's ``state`` begin with ``byte``?"""
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    followers = bytes_at(slots[FOLLOWERS])
    for k in range(where[0], where[0] + where[1]):
        terminal = np.int64(ints_at(slots[SCAN_ENDINGS])[np.int64(k) * ENDING_WIDTH + ENDING_TERMINAL])
        if followers[(terminal << 8) + byte] != 0:
            return True
    return False


@kernel(Long, Longs, Ints, Long, Long, inline=True)
def plainly_scanned(slots, stack, i, byte):
    """The scanner's state after ``byte``, if the GRAMMAR thread at ``i`` goes on in a terminal or begins one, and that
    is all it does; ``DEAD`` if nothing can read the byte, ``NONE`` if more has to be looked at.
    """
    state = np.int64(stack[i + A])
    if state != DEAD:
        if may_end_with_next(slots, state, byte):
            return np.int64(NONE)
        return np.int64(DEAD) if slots[ONLY_ENDINGS] == (i >> 3) + 1 else scanned(slots, state, byte)
    frontier = np.int64(stack[i + B])
    if frontier < 0:
        return np.int64(NONE)
    context = np.int64(ints_at(slots[CONTEXT_OF])[ints_at(slots[ARENA])[frontier + GSS_STATE]])
    record = ints_at(slots[CONTEXTS] + context * CONTEXT_WIDTH * 4)
    ready = record[CONTEXT_READY]
    if ready == 0 or ready > slots[EPOCH] or record[CONTEXT_EMBEDDED_COUNT] != 0:
        return np.int64(NONE)
    return scanned(slots, np.int64(record[CONTEXT_START]), byte)


@kernel(Long, Longs, Ints, Long, Long, Long)
def step_plainly(slots, stack, i, byte, following):
    """The step to ``following``, as ``plainly_scanned``; 0 if the parser can read nothing that it may become."""
    state, frontier, lines = np.int64(stack[i + A]), np.int64(stack[i + B]), np.int64(stack[i + S])
    columns = np.int64(NONE) if state == DEAD else np.int64(stack[i + E])
    after = columns_after(slots, columns, byte)
    viable = state != DEAD and is_as_viable(slots, following, state)
    if not viable and not is_viable(slots, following, frontier, lines, after):
        return 0
    if slots[SHORT] != 0:
        return 0
    outer, top = np.int64(stack[i + FRAME]), slots[ALLOCATED]
    put(stack, i + CONFIGURATION, GRAMMAR, outer, following, frontier, 0, lines, after, top)
    return 1


@callback(Long, Longs, Ints, Long, Long)
def grammar_step(slots, stack, depth, byte):
    """``structure.step`` where the grammar has a say."""
    i = depth << 3
    plainly = np.int64(NONE)
    if stack[i + MODE] == GRAMMAR:
        plainly = plainly_scanned(slots, stack, i, byte)
        if plainly == DEAD:
            return 0
    slots[ALLOCATED] = stack[i + TOP]
    slots[STEPS] += 1
    if slots[STEPS] > slots[MOST_STEPS]:
        return 0
    if plainly != NONE and stack[i + C] == 0:
        return step_plainly(slots, stack, i, byte, plainly)
    slots[THREADS] = 0
    slots[FOREIGN] = 0
    missed = slots[MISS_COUNT]
    mode, frame, a, b = stack[i], np.int64(stack[i + 1]), stack[i + 2], stack[i + 3]
    c, s, e, top = stack[i + 4], stack[i + 5], stack[i + 6], stack[i + 7]
    if mode == SEVERAL:
        for k in range(ints_at(slots[ARENA])[a]):
            load_thread(slots, stack, i, np.int64(a), k)
            advance_thread(slots, stack, i, byte)
    else:
        advance_thread(slots, stack, i, byte)
    put(stack, i, mode, frame, a, b, c, s, e, top)
    return write_threads(slots, stack, i + CONFIGURATION, frame, missed)


# --- the end of the text


@kernel(Flag, Longs, Long, Long, Long, Long)
def may_end_after(slots, frontier, terminal, lines, columns):
    following = read_terminal(slots, frontier, terminal, lines, columns)
    return following != 0 and text_may_end(slots, following, slots[LINES])


@kernel(Flag, Longs, Ints, Long)
def scan_may_end(slots, stack, i):
    state = np.int64(stack[i + A])
    frontier = np.int64(stack[i + B])
    lines = np.int64(stack[i + S])
    if not may_end_with(slots, np.int64(stack[i + C])):
        return False
    if state == DEAD:
        return text_may_end(slots, frontier, lines)
    where = ints_at(slots[SCAN_WHERE] + state * 8)
    for k in range(where[0], where[0] + where[1]):
        ending = ints_at(slots[SCAN_ENDINGS] + np.int64(k) * ENDING_WIDTH * 4)
        guard = ending[ENDING_GUARD]
        if guard >= 0 and bytes_at(slots[GUARD_AT_END])[guard] == 0:
            continue
        if bytes_at(slots[SCAN_DECIDED_AT_END])[ending[ENDING_PREFERRED]] != 0:
            continue
        if may_end_after(slots, frontier, np.int64(ending[ENDING_TERMINAL]), lines, np.int64(stack[i + E])):
            return True
        if slots[LONGEST_MATCH] != 0:
            return False
    return False


@kernel(Flag, Longs, Ints, Long)
def thread_may_end(slots, stack, i):
    mode = stack[i + MODE]
    if mode == GRAMMAR:
        return stack[i + FRAME] == 0 and scan_may_end(slots, stack, i)
    frame = np.int64(stack[i + FRAME])
    arena = ints_at(slots[ARENA])
    complete = mode == ENDED
    if mode == EMBEDDED_NUMBER:
        complete = number_label(slots, np.int64(stack[i + A]), residue_of(stack, i)) != 0
    if not complete or arena[frame + PARENT] != 0 or not may_end_with(slots, np.int64(arena[frame + OTHERS])):
        return False
    frontier = np.int64(arena[frame + COUNT])
    return may_end_after(slots, frontier, np.int64(arena[frame + NODE]), np.int64(arena[frame + NEXT]), np.int64(0))


@callback(Long, Longs, Ints, Long, Long)
def grammar_accepts(slots, stack, depth, _):
    """``structure.is_accepting`` where the grammar has a say."""
    i = depth << 3
    slots[ALLOCATED] = stack[i + TOP]
    if stack[i + MODE] != SEVERAL:
        return 1 if thread_may_end(slots, stack, i) else 0
    listed = np.int64(stack[i + A])
    found = 0
    mode, frame, top = stack[i], stack[i + 1], stack[i + 7]
    for k in range(ints_at(slots[ARENA])[listed]):
        load_thread(slots, stack, i, listed, k)
        if thread_may_end(slots, stack, i):
            found = 1
    put(stack, i, mode, frame, listed, 0, 0, 0, 0, top)
    return found
