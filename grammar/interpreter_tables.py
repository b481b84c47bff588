"""The automaton's tables for the slow interpreter: read by Python, filled where nothing has been compiled yet."""

from __future__ import annotations

from dataclasses import dataclass

from .automaton import Automaton
from .interpreter_strings import TextAutomaton
from .kernels import layout as at


@dataclass(frozen=True)
class Key:
    """A named key of an object, or an enumerated string."""

    name: str
    node: int
    required: bool
    rank: int


class TableReader:
    """Records of nodes and states as lists of fields, key sets and text automata as objects."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._nodes: dict[int, list[int]] = {}
        self._states: dict[int, list[int]] = {}
        self._entries: dict[int, tuple[int, int]] = {}
        self._key_sets: dict[tuple[int, int], list[Key]] = {}
        self._texts: dict[int, TextAutomaton] = {}

    def _node(self, node: int) -> list[int]:
        if node not in self._nodes:
            with self._automaton.lock:
                self._automaton.begin_epoch()
                self._automaton.compile_node(node)
                self._nodes[node] = self._automaton.nodes.array[node].tolist()
        return self._nodes[node]

    def _state(self, state: int) -> list[int]:
        if state not in self._states:
            with self._automaton.lock:
                self._automaton.begin_epoch()
                self._automaton.compile_state(state)
                self._states[state] = self._automaton.states.array[state].tolist()
        return self._states[state]

    def _keys(self, node: int) -> list[Key]:
        fields = self._node(node)
        return self._key_set(fields[at.KEY_LO], fields[at.KEY_HI])

    def _choices(self, fields: list[int]) -> dict[str, int]:
        """The strings of an enumeration, each with the state that it leads to."""
        return {key.name: key.rank for key in self._key_set(fields[at.CHOICE_LO], fields[at.CHOICE_HI])}

    def _entry(self, state: int, index: int) -> tuple[int, int]:
        """What a state of an object says of a key: the node of its value, or NONE, and the state after."""
        fields = self._state(state)
        never = int(self._automaton.dead_keys.array[fields[at.NEVER_AT] + (index >> 5)])
        if never >> (index & 31) & 1:
            return at.NONE, at.PLAIN
        return self._compiled_entry(fields[at.ENTRIES_AT] + index)

    def _compiled_entry(self, entry: int) -> tuple[int, int]:
        if entry not in self._entries:
            with self._automaton.lock:
                self._automaton.begin_epoch()
                self._automaton.compile_entry(entry)
                _, node, state = self._automaton.entries.array[entry].tolist()
                self._entries[entry] = node, state
        return self._entries[entry]

    def _key_set(self, low: int, high: int) -> list[Key]:
        if (low, high) not in self._key_sets:
            tables = self._automaton
            keys = []
            for key in range(low, high):
                start, length, node, rank, required = tables.keys.array[at.KEY_WIDTH * key :][: at.KEY_WIDTH].tolist()
                name = bytes(tables.key_bytes.array[start : start + length]).decode()
                keys.append(Key(name, node, bool(required), rank))
            self._key_sets[low, high] = keys
        return self._key_sets[low, high]

    def _text(self, index: int) -> TextAutomaton:
        if index not in self._texts:
            self._texts[index] = TextAutomaton.from_tables(self._automaton, index)
        return self._texts[index]
