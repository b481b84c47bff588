"""LALR(1) automata of grammars without empty rules: their states, and what may follow where a rule is complete.

Symbols are numbers: terminals, then the end of the text, then nonterminals. An item is a place in ``after``, which
holds the symbols of all rules one after the other, and ``RULE_END`` behind each. Look-aheads are those of DeRemer and
Pennello, "Efficient computation of LALR(1) look-ahead sets" (1982). 0.8 ms for the grammar of SQL in ``examples/``,
which takes 10 in Python (``lr.py``).
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .pointers import Flag, Long, Nothing
from .scanner_product import STATES, Bytes1, Ints1, Ints2, Longs1, Words2, found_state

RULE_END = -1
# columns of EDGES
EDGE_SYMBOL, EDGE_TARGET = range(2)
# how far exploration has come: counters, behind those of ``find_state``
EXPLORED, EDGES, STAMP = 3, 4, 5
FINISHED, NO_ROOM, NOT_FINISHED = range(3)
AT_ONCE = 500
"""So many states are explored before the budget is asked: some milliseconds."""


@kernel(Nothing, Ints1, Long, Long, inline=True)
def sort_items(items, start, past):
    """Sort ``items[start:past]``, which are few or nearly sorted."""
    for i in range(start + 1, past):
        item = items[i]
        j = i
        while j > start and items[j - 1] > item:
            items[j] = items[j - 1]
            j -= 1
        items[j] = item


@kernel(Long, Ints1, Ints1, Ints1, Long, Long, Ints1, Ints1, Long, Ints1, Long, inline=True)
def gather_moves(after, rules_at, rule_items, start, past, items, opened, nonterminals_at, moves, stamp):
    """Pairs (symbol, item behind it) of all items in the closure of ``items[start:past]``; how many."""
    count = 0
    work = 0
    symbols = np.int64(len(rules_at) - 1)
    for i in range(start, past):
        symbol = np.int64(after[items[i]])
        if symbol == RULE_END:
            continue
        moves[2 * count] = symbol
        moves[2 * count + 1] = items[i] + 1
        count += 1
        nonterminal = symbol - nonterminals_at
        if nonterminal >= 0 and opened[nonterminal] != stamp:
            opened[nonterminal] = stamp
            opened[symbols + work] = nonterminal
            work += 1
    done = 0
    while done < work:
        nonterminal = np.int64(opened[symbols + done])
        done += 1
        for i in range(rules_at[nonterminal], rules_at[nonterminal + 1]):
            item = np.int64(rule_items[i])
            symbol = np.int64(after[item])
            moves[2 * count] = symbol
            moves[2 * count + 1] = item + 1
            count += 1
            nonterminal_after = symbol - nonterminals_at
            if nonterminal_after >= 0 and opened[nonterminal_after] != stamp:
                opened[nonterminal_after] = stamp
                opened[symbols + work] = nonterminal_after
                work += 1
    return count


@kernel(
    Long, Longs1, Ints1, Ints1, Ints1, Long, Ints1, Ints1, Ints1, Ints1, Ints2, Ints1, Ints1, Ints1, Ints1, entry=True
)
def explore_states(
    counters,
    after,
    rules_at,
    rule_items,
    nonterminals_at,
    items_at,
    items,
    table,
    edges_at,
    edges,
    opened,
    moves,
    sizes,
    buffer,
):
    """Explore states from the first that was not; edges of state ``s`` are those from ``edges_at[s]`` on.

    States are those of ``find_state``, from 1. ``opened`` int32[2 * nonterminals], ``moves`` int32[4 * items],
    ``sizes`` int32[2 * symbols], zeros at first, ``buffer`` int32[items]. ``NO_ROOM``: to be called again with more.
    """
    symbols = np.int64(len(sizes)) // 2
    explored_now = 0
    while counters[EXPLORED] < counters[STATES]:
        if explored_now == AT_ONCE:
            return NOT_FINISHED
        explored_now += 1
        state = counters[EXPLORED]
        counters[STAMP] += 1
        count = gather_moves(
            after,
            rules_at,
            rule_items,
            np.int64(items_at[state]),
            np.int64(items_at[state + 1]),
            items,
            opened,
            nonterminals_at,
            moves,
            counters[STAMP],
        )
        if counters[EDGES] + min(count, symbols) > len(edges) or state + 2 > len(edges_at):
            return NO_ROOM
        found = 0
        for i in range(count):
            symbol = moves[2 * i]
            if sizes[symbol] == 0:
                sizes[symbols + found] = symbol
                found += 1
            sizes[symbol] += 1
        place = 0
        for i in range(found):
            symbol = sizes[symbols + i]
            size = sizes[symbol]
            sizes[symbol] = place
            place += size
        for i in range(count):
            symbol = moves[2 * i]
            buffer[sizes[symbol]] = moves[2 * i + 1]
            sizes[symbol] += 1
        edge = counters[EDGES]
        start = np.int64(0)
        room = True
        for i in range(found):
            symbol = sizes[symbols + i]
            past = np.int64(sizes[symbol])
            sizes[symbol] = 0
            if room:
                sort_items(buffer, start, past)
                for j in range(start, past):
                    moves[j - start] = buffer[j]
                target = found_state(counters, items_at, items, table, moves, past - start)
                room = target != 0
                edges[edge, EDGE_SYMBOL] = symbol
                edges[edge, EDGE_TARGET] = target
                edge += 1
                start = past
        if not room:
            return NO_ROOM
        counters[EDGES] = edge
        counters[EXPLORED] = state + 1
        edges_at[state + 1] = edge
    return FINISHED


@kernel(Long, Ints1, Ints2, Long, Ints1, entry=True)
def lay_gotos(edges_at, edges, nonterminals_at, goto_at):
    """Write, for states from 0 on, where nonterminal 0 would stand in a row of ``gotos``; how many there are.

    Only what is there is ever looked up, so that a row begins with the first nonterminal and ends with the last.
    """
    used = np.int64(0)
    for state in range(1, len(edges_at) - 1):
        least = np.int64(-1)
        most = np.int64(-1)
        for edge in range(edges_at[state], edges_at[state + 1]):
            nonterminal = np.int64(edges[edge, EDGE_SYMBOL]) - nonterminals_at
            if nonterminal >= 0:
                if least < 0 or nonterminal < least:
                    least = nonterminal
                most = max(most, nonterminal)
        if least >= 0:
            goto_at[state - 1] = used - least
            used += most + 1 - least
    return used


@kernel(Nothing, Ints1, Ints2, Long, Ints2, Ints1, Ints1, Words2, entry=True)
def write_edges(edges_at, edges, nonterminals_at, actions, goto_at, goto_edges, follow):
    """States from 0 on: ``actions`` of shifts (target + 1), ``goto_edges`` (edge + 1), and what is read after an edge.

    ``follow`` uint64[edges, words]: terminals as bits.
    """
    for state in range(1, len(edges_at) - 1):
        for edge in range(edges_at[state], edges_at[state + 1]):
            symbol = np.int64(edges[edge, EDGE_SYMBOL])
            target = np.int64(edges[edge, EDGE_TARGET])
            if symbol < nonterminals_at:
                actions[state - 1, symbol] = target
                continue
            goto_edges[goto_at[state - 1] + symbol - nonterminals_at] = edge + 1
            for following in range(edges_at[target], edges_at[target + 1]):
                read = np.int64(edges[following, EDGE_SYMBOL])
                if read < nonterminals_at:
                    follow[edge, read >> 6] |= np.uint64(1) << np.uint64(read & 63)


@kernel(Nothing, Ints1, Ints1, Ints1, Long, Ints1, Ints2, Ints2, Ints1, Ints1, Ints1, Ints1, Ints2, entry=True)
def relate_edges(
    after,
    rules_at,
    rule_items,
    nonterminals_at,
    edges_at,
    edges,
    actions,
    goto_at,
    goto_edges,
    includes_at,
    includes,
    looks_back,
):
    """What follows edge ``e`` follows the edges ``includes[includes_at[e]:includes_at[e + 1]]``, too, and comes after
    the complete items of ``looks_back``, rows (state, item, edge)."""
    count = 0
    rows = 0
    for state in range(1, len(edges_at) - 1):
        for edge in range(edges_at[state], edges_at[state + 1]):
            includes_at[edge] = count
            nonterminal = np.int64(edges[edge, EDGE_SYMBOL]) - nonterminals_at
            if nonterminal < 0:
                continue
            for i in range(rules_at[nonterminal], rules_at[nonterminal + 1]):
                item = np.int64(rule_items[i])
                reached = np.int64(state - 1)
                while after[item] != RULE_END:
                    symbol = np.int64(after[item])
                    if symbol < nonterminals_at:
                        reached = np.int64(actions[reached, symbol]) - 1
                    else:
                        step = np.int64(goto_edges[goto_at[reached] + symbol - nonterminals_at]) - 1
                        if after[item + 1] == RULE_END:
                            includes[count] = step
                            count += 1
                        reached = np.int64(edges[step, EDGE_TARGET]) - 1
                    item += 1
                looks_back[rows, 0] = reached
                looks_back[rows, 1] = item
                looks_back[rows, 2] = edge
                rows += 1
    includes_at[len(includes_at) - 1] = count


@kernel(Nothing, Ints1, Ints1, Words2, Ints1, Bytes1, entry=True)
def spread(includes_at, includes, follow, work, waiting):
    """Hand ``follow`` on along ``includes`` until nothing changes."""
    edges = np.int64(len(waiting))
    for number in range(edges):
        work[number] = number
        waiting[number] = 1
    count = edges
    while count > 0:
        count -= 1
        edge = np.int64(work[count])
        waiting[edge] = 0
        for i in range(includes_at[edge], includes_at[edge + 1]):
            inner = np.int64(includes[i])
            changed = False
            for word in range(follow.shape[1]):
                bits = follow[inner, word] | follow[edge, word]
                if bits != follow[inner, word]:
                    follow[inner, word] = bits
                    changed = True
            if changed and waiting[inner] == 0:
                waiting[inner] = 1
                work[count] = inner
                count += 1


@kernel(Nothing, Ints2, Words2, Ints1, Ints1, Words2, entry=True)
def look_ahead(looks_back, follow, items_at, items, lookaheads):
    """``lookaheads`` uint64[items, words]: what may come after each complete item of each state."""
    for row in range(len(looks_back)):
        state, item, edge = np.int64(looks_back[row, 0]) + 1, looks_back[row, 1], np.int64(looks_back[row, 2])
        place = np.int64(items_at[state])
        while items[place] != item:
            place += 1
        for word in range(follow.shape[1]):
            lookaheads[place, word] |= follow[edge, word]


@kernel(Long, Ints1, Ints1, Ints1, Ints1, Words2, Ints2, Ints1, Ints1, Long, Flag, entry=True)
def write_reductions(after, rule_of, items_at, items, lookaheads, actions, counts, choices, many, writing):
    """Add the reductions to the shifts of ``actions``; where several actions are possible, ``many`` and a place in
    ``choices``: how many, and all. How long ``choices`` has to be; ``writing``: it is so long."""
    used = np.int64(0)
    terminals = actions.shape[1]
    for state in range(actions.shape[0]):
        start, past = np.int64(items_at[state + 1]), np.int64(items_at[state + 2])
        for place in range(start, past):
            if after[items[place]] == RULE_END:
                for word in range(lookaheads.shape[1]):
                    bits = lookaheads[place, word]
                    terminal = word << 6
                    while bits != 0:
                        if bits & np.uint64(1) != 0:
                            counts[terminal] += 1
                        bits >>= np.uint64(1)
                        terminal += 1
        for terminal in range(terminals):
            reductions = np.int64(counts[terminal])
            if reductions == 0:
                continue
            counts[terminal] = 0
            shift = np.int64(actions[state, terminal])
            several = reductions + (shift != 0) > 1
            if writing and several:
                choices[used] = reductions + (shift != 0)
                if shift != 0:
                    choices[used + 1] = shift
                actions[state, terminal] = many + used
            if writing:
                at = used + 1 + (shift != 0)
                for place in range(start, past):
                    item = items[place]
                    bit = lookaheads[place, terminal >> 6] >> np.uint64(terminal & 63) & np.uint64(1)
                    if after[item] == RULE_END and bit != 0:
                        if several:
                            choices[at] = -(rule_of[item] + 1)
                            at += 1
                        else:
                            actions[state, terminal] = -(rule_of[item] + 1)
            if several:
                used += reductions + (shift != 0) + 1
    return used
