"""The automaton's tables as values, compiled as they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING

from ..kernels import layout as at
from .distances import longest_to_accept

if TYPE_CHECKING:
    from ..automaton import Automaton

ORDERED = (at.ORDERED, at.STATE_ORDERED)
BY_STATE = (at.STATE_ANY_ORDER, at.STATE_ORDERED)


@dataclass(frozen=True)
class Key:
    """A named key of an object: its index among those, as JSON, and what the object's node says of it."""

    index: int
    text: bytes
    node: int
    required: bool
    rank: int


class Records:
    """Reads the tables of ``automaton``. Only while its lock is held."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._nodes: dict[int, list[int]] = {}
        self._keys: dict[tuple[int, int], list[Key]] = {}
        self._names: dict[tuple[int, int], tuple[list[bytes], Iterator[bytes]]] = {}

    def node(self, node: int) -> list[int]:
        """The fields of a node."""
        known = self._nodes.get(node)
        if known is None:
            automaton = self._automaton
            if not automaton.nodes.array[node, at.READY]:
                automaton.begin_epoch()
                automaton.compile_node(node)
            known = self._nodes[node] = automaton.nodes.array[node].tolist()
        return known

    def state(self, state: int) -> list[int]:
        """The fields of a container's state."""
        automaton = self._automaton
        if not automaton.states.array[state, at.STATE_READY]:
            automaton.begin_epoch()
            automaton.compile_state(state)
        fields: list[int] = automaton.states.array[state].tolist()
        return fields

    def entry(self, state: int, index: int) -> tuple[int, int]:
        """For a key (or class) that may come: the node of its value, and the object's state while that is written."""
        automaton = self._automaton
        entry = int(automaton.states.array[state, at.ENTRIES_AT]) + index
        if not automaton.entries.array[entry, at.ENTRY_READY]:
            automaton.begin_epoch()
            automaton.compile_entry(entry)
        _, node, after = automaton.entries.array[entry].tolist()
        return node, after

    def may_come(self, state: int, count: int) -> Iterator[int]:
        """Which of the ``count`` keys and classes may come in an object's state."""
        entries = int(self._automaton.states.array[state, at.ENTRIES_AT])
        rows = self._automaton.entries.array[entries : entries + count, at.ENTRY_NODE].tolist()
        return (index for index, node in enumerate(rows) if node != at.NONE)

    def keys(self, node: int) -> list[Key]:
        """The named keys of the objects of ``node``."""
        return self.keys_of(self.node(node))

    def keys_of(self, fields: list[int]) -> list[Key]:
        """The named keys of the objects of a node with these fields."""
        low, high = fields[at.KEY_LO], fields[at.KEY_HI]
        known = self._keys.get((low, high))
        if known is None:
            automaton = self._automaton
            rows = automaton.keys.array[at.KEY_WIDTH * low : at.KEY_WIDTH * high].reshape(-1, at.KEY_WIDTH).tolist()
            known = self._keys[low, high] = [
                Key(i, quoted(self.key_text(low + i)), row[at.KEY_NODE], bool(row[at.KEY_REQUIRED]), row[at.KEY_RANK])
                for i, row in enumerate(rows)
            ]
        return known

    def key_text(self, key: int) -> bytes:
        """A byte string of the key arrays."""
        automaton = self._automaton
        row = automaton.keys.array[at.KEY_WIDTH * key :][: at.KEY_WIDTH].tolist()
        start = row[at.KEY_OFFSET]
        return automaton.key_bytes.array[start : start + row[at.KEY_LENGTH]].tobytes()

    def choices(self, fields: list[int]) -> list[tuple[bytes, int]]:
        """The enumerated strings of a node, as JSON, each with the state that it leads to if the node is joint."""
        low, high = fields[at.CHOICE_LO], fields[at.CHOICE_HI]
        outcomes = self._automaton.key_column(at.KEY_RANK, low, high)
        return [
            (quoted(self.key_text(low + i)), outcomes[i] if fields[at.JOINT] else at.PLAIN) for i in range(high - low)
        ]

    def items(self, fields: list[int], index: int) -> int:
        """The node of a plain array's item number ``index``, NONE if there is none."""
        if index >= fields[at.MAX_ITEMS]:
            return at.NONE
        if index < fields[at.PREFIX]:
            return int(self._automaton.item_nodes.array[fields[at.PREFIX_AT] + index])
        return fields[at.ITEM]

    def class_node(self, fields: list[int], number: int) -> int:
        """The node of the values of keys of class ``number``, from 1, that are not named, in a plain object."""
        if fields[at.CLASSES]:
            return int(self._automaton.item_nodes.array[fields[at.CLASS_AT] + number - 1])
        return fields[at.OTHER]

    def class_texts(self, fields: list[int], number: int) -> Iterator[bytes]:
        """Some keys of class ``number`` that are not named, as JSON, the shortest first."""
        named = {key.text for key in self.keys_of(fields)}
        if not fields[at.CLASSES]:
            yield from (text for text in map(quoted, _names()) if text not in named)
            return
        text = fields[at.KEY_TEXT]
        first = int(self._automaton.texts.array[text, at.TEXT_FIRST])
        found, more = self._names.setdefault(
            (text, number), ([], (quoted(name.encode()) for name in self._names_of_class(text, number, first)))
        )
        for i in count():
            if i == len(found):
                found += islice(more, 1)
            if i == len(found):
                return
            if found[i] not in named:
                yield found[i]

    def key_ends(self, fields: list[int], state: int) -> Iterator[bytes]:
        """What may complete an open key of a plain object, with its quote; ``state``: of the automaton of its keys."""
        if not fields[at.CLASSES]:
            yield from (name + b'"' for name in _names())
        for number in range(1, fields[at.CLASSES] + 1):
            if self.class_node(fields, number) != at.NONE:
                names = self._names_of_class(fields[at.KEY_TEXT], number, state)
                yield from (name.encode() + b'"' for name in islice(names, _MOST_ENDS))

    def _names_of_class(self, text: int, number: int, first: int) -> Iterator[str]:
        """What the automaton ``text`` puts into class ``number`` from the state ``first`` on, breadth first; few that
        lead to one state."""
        automaton = self._automaton
        record = automaton.texts.array[text].tolist()
        classes, base = record[at.TEXT_CLASSES], record[at.TEXT_BASE]
        labels = automaton.text_label.array
        of_character = automaton.text_ascii.array[record[at.TEXT_ASCII_AT] : record[at.TEXT_ASCII_AT] + 128]
        letters: dict[int, list[str]] = {}
        for character in _LETTERS:
            letters.setdefault(int(of_character[ord(character)]), []).append(character)
        level, met = [("", first)], 0
        while level and met < _MOST_NAMES:
            following: dict[int, list[str]] = {}
            for name, state in level:
                met += 1
                if labels[record[at.TEXT_LABEL_AT] + state] == number:
                    yield name
                for letter, characters in letters.items():
                    after = int(automaton.text_next.array[base + state * classes + letter])
                    names = following.setdefault(after, [])
                    if after != at.DEAD and len(names) < _MOST_ALIKE:
                        names += [name + character for character in characters[:2]]
            level = [(name, state) for state, names in following.items() for name in names]

    def text_states(self, text: int) -> int:
        """How many states a text's automaton has, at most."""
        automaton, record = self._automaton, self._automaton.texts.array[text]
        return (len(automaton.text_next) - int(record[at.TEXT_BASE])) // max(int(record[at.TEXT_CLASSES]), 1)

    def digits_left(self, start: int) -> int:
        """How many bytes a number of the automaton that begins in ``start`` may be away from its end, at most."""
        automaton = self._automaton
        numbers, own = automaton.numbers_with(start)
        if numbers.residues is not None:
            return at.UNBOUNDED
        steps = longest_to_accept(numbers.dfa.transitions, numbers.dfa.labels != 0, own)
        return at.UNBOUNDED if steps is None else steps


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$.:/@ #!%&()*+,;<=>?[]^`{|}~'"
ENDS_OF_CHARACTERS = (
    *dict.fromkeys(f"u{ord(letter):04x}"[cut:].encode() for cut in range(5) for letter in _LETTERS),
    *(b"\x80" * size for size in range(1, 4)),
    *(last + b"\x80" * size for last in (b"\x90", b"\xa0") for size in range(3)),
)
"""What may end a character that is read in part: of escapes of letters and in UTF-8."""

_MOST_NAMES = 1 << 14
_MOST_ALIKE = 40
_MOST_ENDS = 1 << 10


def _names() -> Iterator[bytes]:
    letters = [letter.encode() for letter in _LETTERS[:26]]
    level = letters
    while True:
        yield from level
        level = [name + letter for name in level for letter in letters]


def quoted(text: bytes) -> bytes:
    """A string as JSON."""
    return json.dumps(text.decode(), ensure_ascii=False).encode()
