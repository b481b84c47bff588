"""The parser of a grammar: LR stacks that share their tails, advanced by one terminal at a time.

Where a state has one action, a stack is a list. Where it has several, all are followed at once on a graph-structured
stack (Tomita, "Efficient Parsing for Natural Language", 1985). There are no empty rules, so an edge always leads to
something read earlier, and a new edge can only be the first of the paths that are reduced along it.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .layout import *  # noqa: F403 -- the layout is this package's vocabulary
from .pointers import Flag, Ints, Long, Longs, bytes_at, ints_at


@kernel(Long, Longs, Long)
def allocate(slots, count):
    """Room for ``count`` integers in the arena.

    Without any, ``SHORT`` is set, and what is written there is of no use.
    """
    at = slots[ALLOCATED]
    if at + count > slots[ARENA_SIZE]:
        slots[SHORT] = 1
        return slots[ARENA_SIZE] - count
    slots[ALLOCATED] = at + count
    return at


@kernel(Long, Longs, Long, Long, Long)
def new_node(slots, state, below, more):
    node = allocate(slots, GSS_WIDTH)
    arena = ints_at(slots[ARENA])
    arena[node + GSS_STATE] = state
    arena[node + GSS_BELOW] = below
    arena[node + GSS_MORE] = more
    arena[node + GSS_HEIGHT] = 0 if below < 0 else arena[below + GSS_HEIGHT] + 1
    return node


@kernel(Long, Longs, Long, inline=True)
def frontier_size(slots, frontier):
    return np.int64(1) if frontier > 0 else np.int64(ints_at(slots[ARENA])[-frontier])


@kernel(Long, Longs, Long, Long, inline=True)
def frontier_node(slots, frontier, i):
    return frontier if frontier > 0 else np.int64(ints_at(slots[ARENA])[1 + i - frontier])


@kernel(Long, Longs, Long, Long, inline=True)
def action_of(slots, state, terminal):
    return np.int64(ints_at(slots[ACTION])[state * slots[SYMBOLS] + terminal])


@kernel(Long, Longs, Long, Long, inline=True)
def goto(slots, node, origin):
    slots[LOWEST] = min(slots[LOWEST], np.int64(ints_at(slots[ARENA])[node + GSS_HEIGHT]))
    state = np.int64(ints_at(slots[ARENA])[node + GSS_STATE])
    return np.int64(ints_at(slots[GOTO])[np.int64(ints_at(slots[GOTO_AT])[state]) + origin])


@kernel(Long, Longs, Long, Long, Long)
def only_path(slots, frontier, terminal, shifts):
    """Read ``terminal`` where one stack has one action at a time; the new frontier, 0 if refused, NONE if it has more.

    ``shifts``: 0 to only tell whether it can be read (then 1 is returned).
    """
    if frontier < 0:
        return NONE
    arena = ints_at(slots[ARENA])
    if arena[frontier + GSS_MORE] != 0:
        return NONE
    rules = ints_at(slots[RULES])
    state = np.int64(arena[frontier + GSS_STATE])
    below = np.int64(arena[frontier + GSS_BELOW])
    top = frontier  # NONE where the uppermost node is not written yet
    while True:
        action = action_of(slots, state, terminal)
        if action == 0:
            return 0
        if action >= MANY:
            return NONE
        if action > 0:
            if shifts == 0:
                return 1
            if top == NONE:
                top = new_node(slots, state, below, 0)
            return new_node(slots, action - 1, top, 0)
        rule = (-action - 1) * RULE_WIDTH
        for _ in range(rules[rule + RULE_LENGTH] - 1):
            if arena[below + GSS_MORE] != 0:
                return NONE
            below = np.int64(arena[below + GSS_BELOW])
        state = goto(slots, below, np.int64(rules[rule + RULE_ORIGIN]))
        top = np.int64(NONE)


# --- several stacks: the workspace holds edges (state, node below) of what is on top, each once
#
# Among them are reductions under way, (~(origin + nonterminals * steps), node): ``origin`` is to be put on all nodes
# that are so many steps below. Each is followed just once: a text of n characters takes at most some n ** 3 steps.


@kernel(Ints, Longs, inline=True)
def edges_of(slots):
    """The part of the workspace for edges, an eighth of it."""
    return ints_at(slots[WORKSPACE] + 2 * slots[WORKSPACE_SIZE])


@kernel(Long, Longs, Long, Long, Long)
def add_edge(slots, count, state, below):
    """Add an edge unless it is there; how many there are.

    They are found by a hash table that needs no clearing: what it says of edge ``i`` holds if ``i`` is less than
    ``count``, and says the same of it (Briggs and Torczon, "An efficient representation for sparse sets", 1993).
    """
    most = slots[WORKSPACE_SIZE] >> 4
    edges = edges_of(slots)
    places = ints_at(slots[WORKSPACE] + 3 * slots[WORKSPACE_SIZE] - 4 * most)
    table = ints_at(slots[WORKSPACE] + 3 * slots[WORKSPACE_SIZE])
    code = below * 0x9E3779B1 + state * 0x85EBCA77
    place = (code ^ (code >> 15)) & (4 * most - 1)
    while True:
        i = table[place]
        if i < 0 or i >= count or places[i] != place:
            break
        if edges[2 * i] == state and edges[2 * i + 1] == below:
            return count
        place = (place + 1) & (4 * most - 1)
    if count == most:
        slots[SHORT] = 1
        return count
    edges[2 * count] = state
    edges[2 * count + 1] = below
    places[count] = place
    table[place] = count
    return count + 1


@kernel(Long, Longs, Long, Long, Long, Long)
def reduce_to(slots, count, node, steps, origin):
    """Put ``origin`` on all nodes that are ``steps`` below ``node``, at once or later; the number of edges."""
    if steps == 0:
        return add_edge(slots, count, goto(slots, node, origin), node)
    return add_edge(slots, count, ~(origin + slots[NONTERMINALS] * steps), node)


@kernel(Long, Longs, Long, Long)
def follow_reduction(slots, count, i):
    """A step down for the reduction under way that is edge ``i``; the number of edges."""
    arena = ints_at(slots[ARENA])
    node = np.int64(edges_of(slots)[2 * i + 1])
    code = ~np.int64(edges_of(slots)[2 * i])
    steps = code // slots[NONTERMINALS] - 1
    origin = code % slots[NONTERMINALS]
    count = reduce_to(slots, count, np.int64(arena[node + GSS_BELOW]), steps, origin)
    more = np.int64(arena[node + GSS_MORE])
    while more != 0:
        count = reduce_to(slots, count, np.int64(arena[more + EDGE_BELOW]), steps, origin)
        more = np.int64(arena[more + EDGE_MORE])
    return count


@kernel(Long, Longs, Long, Long, Long)
def act(slots, count, i, action):
    """Do one action of edge ``i``, if it is a reduction; the number of edges."""
    if action > 0:
        return count
    rule = (-action - 1) * RULE_WIDTH
    rules = ints_at(slots[RULES])
    below = np.int64(edges_of(slots)[2 * i + 1])
    return reduce_to(slots, count, below, np.int64(rules[rule + RULE_LENGTH]) - 1, np.int64(rules[rule + RULE_ORIGIN]))


@kernel(Long, Longs, Long, Long)
def reduced(slots, frontier, terminal):
    """Write the edges on top of all stacks before ``terminal`` is shifted; how many."""
    arena = ints_at(slots[ARENA])
    choices = ints_at(slots[CHOICES])
    count = np.int64(0)
    for k in range(frontier_size(slots, frontier)):
        node = frontier_node(slots, frontier, k)
        state = np.int64(arena[node + GSS_STATE])
        if action_of(slots, state, terminal) != 0:
            count = add_edge(slots, count, state, np.int64(arena[node + GSS_BELOW]))
            more = np.int64(arena[node + GSS_MORE])
            while more != 0:
                count = add_edge(slots, count, state, np.int64(arena[more + EDGE_BELOW]))
                more = np.int64(arena[more + EDGE_MORE])
    i = np.int64(0)
    while i < count and slots[SHORT] == 0:
        state = np.int64(edges_of(slots)[2 * i])
        if state < 0:
            count = follow_reduction(slots, count, i)
            i += 1
            continue
        action = action_of(slots, state, terminal)
        if action >= MANY:
            at = action - MANY
            for k in range(choices[at]):
                count = act(slots, count, i, np.int64(choices[at + 1 + k]))
        elif action < 0:
            count = act(slots, count, i, action)
        i += 1
    return count


@kernel(Long, Longs, Long, inline=True)
def shift_of(slots, action):
    """The state that an action shifts to, or NONE."""
    if action >= MANY:
        choices = ints_at(slots[CHOICES])
        at = action - MANY
        for k in range(choices[at]):
            if choices[at + 1 + k] > 0:
                return np.int64(choices[at + 1 + k]) - 1
        return np.int64(NONE)
    return action - 1 if action > 0 else np.int64(NONE)


@kernel(Long, Longs, Long, Long, Long)
def node_with_edges(slots, count, first, state):
    """A node with all edges of ``state`` from edge ``first`` on, the first that has it."""
    edges = edges_of(slots)
    more = np.int64(0)
    arena = ints_at(slots[ARENA])
    for i in range(count - 1, first, -1):
        if edges[2 * i] == state:
            edge = allocate(slots, EDGE_WIDTH)
            arena[edge + EDGE_BELOW] = edges[2 * i + 1]
            arena[edge + EDGE_MORE] = more
            more = edge
    return new_node(slots, state, np.int64(edges[2 * first + 1]), more)


@kernel(Long, Longs, Long, Long, Long, Long)
def push(slots, listed, count, state, below):
    """Put ``state`` on the node ``below``, as one of the ``count`` nodes of the list at ``listed``; their number."""
    arena = ints_at(slots[ARENA])
    for i in range(count):
        node = np.int64(arena[listed + 1 + i])
        if arena[node + GSS_STATE] == state:
            edge = allocate(slots, EDGE_WIDTH)
            arena[edge + EDGE_BELOW] = below
            arena[edge + EDGE_MORE] = arena[node + GSS_MORE]
            arena[node + GSS_MORE] = edge
            return count
    arena[listed + 1 + count] = new_node(slots, state, below, 0)
    return count + 1


@kernel(Long, Longs, Long, Long)
def shift_all(slots, terminal, count):
    """Shift ``terminal`` on all of the ``count`` edges; the new frontier, or 0."""
    edges = edges_of(slots)
    listed = allocate(slots, count + 1)
    if slots[SHORT] != 0:
        return 0
    nodes = np.int64(0)
    for i in range(count):
        state = np.int64(edges[2 * i])
        following = np.int64(NONE) if state < 0 else shift_of(slots, action_of(slots, state, terminal))
        if following == NONE:
            continue
        first = np.int64(0)
        while edges[2 * first] != state:
            first += 1
        if first == i:
            nodes = push(slots, listed, nodes, following, node_with_edges(slots, count, i, state))
    if slots[SHORT] != 0 or nodes == 0:
        return 0
    arena = ints_at(slots[ARENA])
    arena[listed] = nodes
    return -listed if nodes > 1 else np.int64(arena[listed + 1])


@kernel(Long, Longs, Long, Long)
def shift(slots, frontier, terminal):
    """The frontier after ``terminal``, 0 if no stack can read it."""
    following = only_path(slots, frontier, terminal, 1)
    if following != NONE:
        return following if slots[SHORT] == 0 else np.int64(0)
    return shift_all(slots, terminal, reduced(slots, frontier, terminal))


@kernel(Flag, Longs, Long, Long)
def can_shift(slots, frontier, terminal):
    """Can ``terminal`` be read next?"""
    sure = bytes_at(slots[SURE])
    for i in range(frontier_size(slots, frontier)):
        node = frontier_node(slots, frontier, i)
        if sure[np.int64(ints_at(slots[ARENA])[node + GSS_STATE]) * slots[SYMBOLS] + terminal] != 0:
            return True
    found = only_path(slots, frontier, terminal, 0)
    if found != NONE:
        return found != 0
    count = reduced(slots, frontier, terminal)
    for i in range(count):
        state = np.int64(edges_of(slots)[2 * i])
        if state >= 0 and shift_of(slots, action_of(slots, state, terminal)) != NONE:
            return True
    return False


@kernel(Long, Longs, Long, Long)
def merged(slots, left, right):
    """Both frontiers as one: nodes with the same state become one with the edges of both."""
    if left == right:
        return left
    arena = ints_at(slots[ARENA])
    sizes = frontier_size(slots, left) + frontier_size(slots, right)
    listed = allocate(slots, sizes + 1)
    if slots[SHORT] != 0:
        return left
    count = np.int64(0)
    for side in range(2):
        frontier = left if side == 0 else right
        for i in range(frontier_size(slots, frontier)):
            node = frontier_node(slots, frontier, i)
            place = count
            for k in range(count):
                if arena[arena[listed + 1 + k] + GSS_STATE] == arena[node + GSS_STATE]:
                    place = np.int64(k)
            if place == count:
                arena[listed + 1 + count] = node
                count += 1
            elif arena[listed + 1 + place] != node:
                arena[listed + 1 + place] = joined_nodes(slots, np.int64(arena[listed + 1 + place]), node)
    arena[listed] = count
    return -listed if count > 1 else np.int64(arena[listed + 1])


@kernel(Long, Longs, Long, Long)
def joined_nodes(slots, left, right):
    """A new node with the edges of both, which have the same state."""
    arena = ints_at(slots[ARENA])
    state = np.int64(arena[left + GSS_STATE])
    count = np.int64(0)
    for side in range(2):
        node = left if side == 0 else right
        count = add_edge(slots, count, state, np.int64(arena[node + GSS_BELOW]))
        more = np.int64(arena[node + GSS_MORE])
        while more != 0:
            count = add_edge(slots, count, state, np.int64(arena[more + EDGE_BELOW]))
            more = np.int64(arena[more + EDGE_MORE])
    return node_with_edges(slots, count, 0, state)
