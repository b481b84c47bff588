"""What is likely to be needed next is compiled by another thread, while the model computes.

A *scout* is a matcher that begins at a value node. Filling the masks that a value begins with makes the kernels ask
for all that they miss, which is compiled as for any matcher: nodes, states, and masks inside of strings. From the node
in hand, scouts go on to those below it, nearest first. Nothing is compiled twice, and nothing that is compiled differs
from what would have been; what exceeds a limit is left for the matcher that meets it.

One thread serves all constraints of a process. It gives the interpreter lock up after each node, so that a matcher
waits for no more than one. Not supported: grammars, whose parser has no nodes to begin at; nothing is done for them.
"""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .automaton import Automaton
from .errors import MaskwrightError
from .kernels import layout as at

if TYPE_CHECKING:
    from .matcher import Constraint, Matcher

_MOST = 4096
"""So many nodes of a constraint are looked at; one with more is met in a small part only."""

_OPENINGS = b'"{['


class Prefetch:
    """Which nodes of one constraint have been, and are to be, scouted."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._places: set[tuple[int, int, int]] = set()
        self._wanted: deque[int] = deque()

    def near(self, constraint: Constraint, value: int, container: tuple[int, int]) -> None:
        """Scout before all else the node ``value``, and what may come in the ``container`` with this node and state.

        ``NONE``: there is no such node.
        """
        place = (value, *container)
        if place in self._places:
            return
        self._places.add(place)
        nodes = _nodes_near(constraint._automaton, value, container)
        self._wanted.extendleft(reversed([node for node in nodes if node not in self._known]))
        if self._wanted:
            _thread(os.getpid()).submit(self._run, constraint)

    def _run(self, constraint: Constraint) -> None:
        while self._wanted:
            node = self._wanted.popleft()
            if node not in self._known and len(self._known) < _MOST:
                self._known.add(node)
                self._scout(constraint, node)
                time.sleep(0)  # whoever waits for the interpreter lock gets it now

    def _scout(self, constraint: Constraint, node: int) -> None:
        automaton = constraint._automaton
        try:
            with automaton.lock:
                automaton.begin_epoch()
                automaton.compile_node(node)
            record = automaton.nodes.array[node]
            if record[at.JOINT] or record[at.AFTER_ITEMS]:  # what comes of its value is up to the container around it
                return
            self._fill(constraint.matcher(), node)
            self._wanted.extend(_children(automaton, node))
        except MaskwrightError:
            return  # it will be raised where it matters

    def _fill(self, scout: Matcher, node: int) -> None:
        mask = np.zeros((1, -(-scout.constraint.vocabulary.size // 32)), np.int32)
        scout._history[at.A] = node
        scout.fill_next_token_bitmask(mask)
        for byte in _OPENINGS:
            if scout.accept_byte(byte):
                scout.fill_next_token_bitmask(mask)
            scout.reset()


def place_of(configuration: NDArray[np.int32], arena: NDArray[np.int32]) -> tuple[int, tuple[int, int]] | None:
    """The node of the value that comes next, where it is known, and node and state of the container around it.

    ``None`` inside of keys and values: what may follow these was seen to when they began.
    """
    mode, frame, first = configuration[: at.B].tolist()
    if mode not in (at.VALUE, at.COLON, at.FIRST_KEY, at.NEXT_KEY, at.FIRST_ITEM):
        return None
    _, kind, node, state = arena[frame : frame + at.COUNT].tolist()
    container = (node, state) if kind in (at.OBJECT, at.ARRAY) else (at.NONE, at.PLAIN)
    return first if mode in (at.VALUE, at.COLON) else at.NONE, container


def _nodes_near(automaton: Automaton, value: int, container: tuple[int, int]) -> list[int]:
    node, state = container
    nodes = [value] if value > at.NONE else []
    if state != at.PLAIN:
        nodes += _nodes_of_state(automaton, node, state)
    return nodes + _children(automaton, node) if node > at.NONE else nodes


def _children(automaton: Automaton, node: int) -> list[int]:
    """The nodes of the values in the object or array that ``node`` stands for."""
    record = automaton.nodes.array[node].tolist()
    found: list[int] = []
    if record[at.KINDS] & at.IS_OBJECT:
        if record[at.OBJECT_STATE] != at.PLAIN:
            found += _nodes_of_state(automaton, node, record[at.OBJECT_STATE])
        else:
            found += automaton.key_column(at.KEY_NODE, record[at.KEY_LO], record[at.KEY_HI])
            found.append(record[at.OTHER])
            classes = record[at.CLASS_AT]
            found += automaton.item_nodes.array[classes : classes + record[at.CLASSES]].tolist()
    if record[at.KINDS] & at.IS_ARRAY and record[at.ARRAY_STATE] == at.PLAIN:
        prefix = record[at.PREFIX_AT]
        found += automaton.item_nodes.array[prefix : prefix + record[at.PREFIX]].tolist()
        found.append(record[at.ITEM])
    return [each for each in dict.fromkeys(found) if each > at.NONE]


def _nodes_of_state(automaton: Automaton, node: int, state: int) -> list[int]:
    """The nodes that the entries of an object's ``state`` name, as far as they have been written."""
    record = automaton.states.array[state].tolist()
    if not record[at.STATE_READY]:
        return []
    if record[at.SETTLED_NODE] != at.NONE:
        return [record[at.SETTLED_NODE]]
    low, high, classes = automaton.nodes.array[node, [at.KEY_LO, at.KEY_HI, at.CLASSES]].tolist()
    entries = automaton.entries.array[record[at.ENTRIES_AT] :][: high - low + max(classes, 1)]
    ready = entries[entries[:, at.ENTRY_READY] != 0]
    return [each for each in dict.fromkeys(ready[:, at.ENTRY_NODE].tolist()) if each > at.NONE]


@lru_cache(maxsize=1)
def _thread(process: int) -> ThreadPoolExecutor:
    """The thread of ``process``: a forked one does not have its parent's."""
    return ThreadPoolExecutor(1, thread_name_prefix="maskwright-prefetch")
