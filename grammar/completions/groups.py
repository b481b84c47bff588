"""Ways to complete containers that have states: a shortest path (Dijkstra) over these.

The containers of a joint group are completed together, since the state in which the inner one closes tells what is left
of the outer one. A way ends when a container closes that leaves the one around it as it is. States are compiled as the
search comes to them. Where it looks at too many, keys are kept to those of an example that the compiler knows.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from ..kernels import layout as at
from .containers import Level, is_run_by_state, members_of_object
from .records import ORDERED

if TYPE_CHECKING:
    from .values import ValueTexts

Ask = Callable[[int], bytes | None]
Levels = tuple[Level, ...]

_MOST, _MOST_GUIDED = 300, 3000
"""How many places a search looks at, and how many if it is guided by an example."""


@dataclass(frozen=True)
class Path:
    """``text`` completes a group, and leaves ``levels`` of the containers that were given open."""

    text: bytes
    levels: int


@dataclass(frozen=True)
class _Place:
    """``phase``: FIRST_KEY in a container that has just begun, AFTER a value, NEXT_KEY after a comma.

    ``entry``: which key or class comes next, whose entry is looked at only when its turn comes; ``node``: a joint value
    comes next.
    """

    state: int
    levels: Levels
    phase: int
    entry: int = at.NONE
    node: int = at.NONE


@dataclass(order=True)
class _Way:
    cost: int
    number: int
    place: _Place = field(compare=False)
    text: bytes = field(compare=False)


class GroupPaths:
    """The paths through the states of one constraint."""

    def __init__(self, values: ValueTexts) -> None:
        self._values = values
        self._records = values.records
        self._known: dict[_Place, Path | None] = {}

    def inside(self, state: int, levels: Levels, phase: int, ask: Ask) -> Path | None:
        """The least way on from ``state`` of the innermost of ``levels``, which are given from the inside out."""
        return self._from(_Place(state, levels, phase), ask)

    def value(self, node: int, levels: Levels, ask: Ask, state: int) -> Path | None:
        """The least way on from where the joint value ``node`` comes next in the innermost of ``levels``."""
        return self._from(_Place(state, levels, at.VALUE, node=node), ask)

    def _from(self, start: _Place, ask: Ask) -> Path | None:
        if start not in self._known:
            waiting: list[int] = []

            def noting(node: int) -> bytes | None:
                text = ask(node)
                if text is None:
                    waiting.append(node)
                return text

            path = self._search(start, noting, None, _MOST)
            if path is None:
                path = self._search(start, noting, self._example(start), _MOST_GUIDED)
            if waiting:  # a text may still be found, or become cheaper
                return path
            self._known[start] = path
        return self._known[start]

    def _example(self, start: _Place) -> frozenset[bytes]:
        compiler = self._values.compiler
        return frozenset() if start.state == at.PLAIN else compiler.example_keys(start.state)

    def _search(self, start: _Place, ask: Ask, keys: frozenset[bytes] | None, most: int) -> Path | None:
        numbers = count()
        ways = [_Way(0, next(numbers), start, b"")]
        done: set[_Place] = set()
        while ways and len(done) < most:
            way = heapq.heappop(ways)
            place = way.place
            if place in done:
                continue
            if place.phase == at.ENDED:
                return Path(way.text, len(place.levels))
            done.add(place)
            for cost, text, following in self._onward(place, ask, keys):
                heapq.heappush(ways, _Way(way.cost + cost, next(numbers), following, way.text + text))
        return None

    def _onward(self, place: _Place, ask: Ask, keys: frozenset[bytes] | None) -> Iterator[tuple[int, bytes, _Place]]:
        if place.phase == at.VALUE:
            yield from self._values_of(place, place.node, b"")
        elif place.entry != at.NONE:
            yield from self._through_entry(place, ask)
        else:
            level = place.levels[0]
            if not is_run_by_state(self._records, level, place.state):
                yield from self._plainly(place, place.state, level, ask)
                return
            fields = self._records.state(place.state)
            if place.phase != at.NEXT_KEY:
                yield from self._closed(place, fields[at.CLOSE], b"")
            if level.kind == at.ARRAY:
                yield from self._with_item(place, fields, ask)
            elif fields[at.SETTLED_NODE] != at.NONE:
                settled = Level(fields[at.SETTLED_NODE], at.OBJECT, 0, 0, level.others)
                yield from self._plainly(place, place.state, settled, ask)
            else:
                yield from self._keys(place, level, keys)

    def _closed(self, place: _Place, outcome: int, content: bytes) -> Iterator[tuple[int, bytes, _Place]]:
        if outcome == at.MAY_NOT_CLOSE:
            return
        text = content + (b"}" if place.levels[0].kind == at.OBJECT else b"]")
        outer = place.levels[1:]
        following = _Place(outcome, outer, at.AFTER) if outcome != at.KEEP else _Place(at.PLAIN, outer, at.ENDED)
        yield self._values.cost(text), text, following

    def _plainly(self, place: _Place, state: int, level: Level, ask: Ask) -> Iterator[tuple[int, bytes, _Place]]:
        """The rest of an object that has settled, or of a plain one around it, all at once."""
        if level.kind != at.OBJECT:
            return
        outcome = at.KEEP if state == at.PLAIN else self._records.state(state)[at.SETTLED_CLOSE]
        members = members_of_object(self._values, level.node, level, 0, int(place.phase == at.NEXT_KEY), ask)
        content = None if members is None else members.text(ask)
        if content is not None:
            yield from self._closed(place, outcome, (b"," if content and place.phase == at.AFTER else b"") + content)

    def _with_item(self, place: _Place, fields: list[int], ask: Ask) -> Iterator[tuple[int, bytes, _Place]]:
        node = fields[at.ITEM_NODE]
        if node == at.NONE:
            return
        comma = b"," if place.phase == at.AFTER else b""
        yield from self._member(_Place(fields[at.ITEM_STATE], place.levels, at.AFTER), comma, node, ask)

    def _keys(self, place: _Place, level: Level, keys: frozenset[bytes] | None) -> Iterator[tuple[int, bytes, _Place]]:
        fields, named = self._records.node(level.node), self._records.keys(level.node)
        in_order = fields[at.POLICY] in ORDERED
        total = len(named) + max(fields[at.CLASSES], 1)
        comma = b"," if place.phase == at.AFTER else b""
        for index in self._records.may_come(place.state, total):
            key = named[index] if index < len(named) else None
            if key is None:
                names = self._records.class_texts(fields, index - len(named) + 1)
                name = next((each for each in names if each not in level.others), None)
            else:
                name = None if level.has(key, in_order) else key.text
            if name is None or (keys is not None and key is not None and name not in keys):
                continue
            text = comma + name + b":"
            yield (
                self._values.cost(text),
                text,
                _Place(place.state, (level.after(key, name, in_order), *place.levels[1:]), at.AFTER, index),
            )

    def _through_entry(self, place: _Place, ask: Ask) -> Iterator[tuple[int, bytes, _Place]]:
        node, state = self._records.entry(place.state, place.entry)
        if node != at.NONE:
            yield from self._member(_Place(state, place.levels, at.AFTER), b"", node, ask)

    def _member(self, after: _Place, before: bytes, node: int, ask: Ask) -> Iterator[tuple[int, bytes, _Place]]:
        """A value of ``node``; ``after``: where that leads if the node is independent."""
        fields = self._records.node(node)
        if fields[at.JOINT] or fields[at.AFTER_ITEMS] == at.AS_IT_BEGINS:
            yield from self._values_of(after, node, before)
            return
        text = ask(node)
        if text is not None:
            yield self._values.cost(before + text), before + text, after

    def _values_of(self, after: _Place, node: int, before: bytes) -> Iterator[tuple[int, bytes, _Place]]:
        """The ways in which a joint value can turn out."""
        fields = self._records.node(node)
        if fields[at.AFTER_ITEMS] == at.AS_IT_BEGINS:
            node = self._values.node_after(node, b"")
            if node < 0:
                return
            fields = self._records.node(node)
        for outcome, text in self._values.scalar_outcomes(node, fields).items():
            yield self._values.cost(before + text), before + text, _Place(outcome, after.levels, at.AFTER)
        for kind, bit, opening, start in (
            (at.OBJECT, at.IS_OBJECT, b"{", fields[at.OBJECT_STATE]),
            (at.ARRAY, at.IS_ARRAY, b"[", fields[at.ARRAY_STATE]),
        ):
            if fields[at.KINDS] & bit:
                levels = (Level(node, kind, 0, 0), *after.levels)
                yield self._values.cost(before + opening), before + opening, _Place(start, levels, at.FIRST_KEY)
