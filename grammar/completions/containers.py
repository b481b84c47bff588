"""What plain objects and arrays still need: members, each a key (or none) and the node of a value."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from ..kernels import layout as at
from .records import BY_STATE, ORDERED, Key, Records

Ask = Callable[[int], bytes | None]

_MOST_ITEMS = 1 << 16


class Level(NamedTuple):
    """An open container, as far as it matters here: ``seen``: keys that have come or never may, as bits; ``next``: the
    next rank where keys are ordered; ``others``: the keys, as JSON, that have come and are not named.
    """

    node: int
    kind: int
    seen: int
    next: int
    others: Set[bytes] = frozenset()

    def after(self, key: Key | None, name: bytes, in_order: bool) -> Level:
        """The object after ``key``, None for one that is not named; ``name``: as JSON."""
        if key is None:
            return self._replace(others=self.others | {name}, next=1 << 30 if in_order else self.next)
        if in_order:
            return self._replace(next=key.rank + 1)
        return self._replace(seen=self.seen | 1 << key.index)

    def has(self, key: Key, in_order: bool) -> bool:
        """Has ``key`` come, or can it not come any more?"""
        return key.rank < self.next if in_order else bool(self.seen >> key.index & 1)


class Costs(Protocol):
    """What choosing members takes."""

    records: Records

    def cost(self, piece: bytes) -> int: ...


@dataclass(frozen=True)
class Members:
    """``parts``: for each member what stands before its value (``b""``, or a key and a colon), and the value's node."""

    parts: tuple[tuple[bytes, int], ...]

    @classmethod
    def items(cls, records: Records, fields: list[int], count: int, least: int) -> Members | None:
        """The items that a plain array needs after ``count`` of them: at least ``least``."""
        missing = max(fields[at.MIN_ITEMS] - count, least)
        if missing > _MOST_ITEMS:
            return None
        nodes = [records.items(fields, count + i) for i in range(missing)]
        return None if at.NONE in nodes else cls(tuple((b"", node) for node in nodes))

    def text(self, ask: Ask) -> bytes | None:
        """All members with commas between them; None where a value has no text."""
        texts = [ask(node) for _, node in self.parts]
        if None in texts:
            return None
        return b",".join(before + text for (before, _), text in zip(self.parts, texts, strict=True) if text is not None)


def members_of_object(costs: Costs, node: int, level: Level, count: int, least: int, ask: Ask) -> Members | None:
    """The members that a plain object needs after ``count`` of them: at least ``least``, and the cheapest that do."""
    fields, keys = costs.records.node(node), costs.records.keys(node)
    in_order = fields[at.POLICY] in ORDERED
    missing = [key for key in keys if key.required and not level.has(key, in_order)]
    wanted = max(fields[at.MIN_KEYS] - count - len(missing), least - len(missing), 0)
    chosen: list[tuple[int, bytes, int]] = [(key.rank, key.text + b":", key.node) for key in missing]
    if wanted:
        extra = _extra(costs, fields, keys, level, in_order, wanted, ask)
        if extra is None:
            return None
        chosen += extra
    if in_order:
        chosen.sort(key=lambda member: member[0])
    return Members(tuple((before, value) for _, before, value in chosen))


def _extra(
    costs: Costs,
    fields: list[int],
    keys: list[Key],
    level: Level,
    in_order: bool,
    wanted: int,
    ask: Ask,
) -> list[tuple[int, bytes, int]] | None:
    """``wanted`` members that are not required, the cheapest ones."""
    found: list[tuple[int, int, bytes, int]] = []
    for key in keys:
        if key.node != at.NONE and not key.required and not level.has(key, in_order):
            text = ask(key.node)
            if text is not None:
                found.append((costs.cost(key.text + b":" + text), key.rank, key.text + b":", key.node))
    last = len(keys)
    for number in range(1, max(fields[at.CLASSES], 1) + 1):
        node = costs.records.class_node(fields, number)
        text = None if node == at.NONE else ask(node)
        if text is not None:
            names = (name for name in costs.records.class_texts(fields, number) if name not in level.others)
            found += [(costs.cost(name + b":" + text), last, name + b":", node) for name in islice(names, wanted)]
    found.sort()
    return [member[1:] for member in found[:wanted]] if len(found) >= wanted else None


def is_run_by_state(records: Records, level: Level, state: int) -> bool:
    """Does ``state`` tell what may come next in the container?"""
    if level.kind == at.OBJECT and records.node(level.node)[at.POLICY] not in BY_STATE:
        return False
    return state != at.PLAIN
