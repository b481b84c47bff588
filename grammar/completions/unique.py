"""Items that have to be different from those before: other texts are tried where the least one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, product
from typing import TYPE_CHECKING

from ..kernels import layout as at
from .probe import Configuration, Probe

if TYPE_CHECKING:
    from .values import ValueTexts

_LETTERS, _DIGITS = b"abcdefghijklmnopqrstuvwxyz", b"0123456789"
_ENDS = (b"]", b"}", b",")
"""What may be behind a number."""

_MOST_TRIED = 6000


class UniqueItems:
    """Pieces for the places where what was planned is refused."""

    def __init__(self, values: ValueTexts) -> None:
        self._values = values

    def next_piece(self, probe: Probe, configuration: Configuration) -> bytes | None:
        """The next value, or what leads to it, or what closes the container: whatever the matcher reads."""
        if configuration.mode in (at.VALUE, at.COLON):
            before = b":" if configuration.mode == at.COLON else b""
            return self.first_read(probe, (before + text for text in self._texts(configuration.a)))
        node = self._first_item(probe, configuration) if configuration.mode == at.FIRST_ITEM else at.NONE
        if node != at.NONE:
            return self.first_read(probe, chain((b"]",), self._texts(node)))
        return self.first_read(probe, iter((b"]", b"}", b",", b'"')))

    def _first_item(self, probe: Probe, configuration: Configuration) -> int:
        frame, records = probe.frame_at(configuration.frame), self._values.records
        if frame.state != at.PLAIN:
            return records.state(frame.state)[at.ITEM_NODE]
        return records.items(records.node(frame.node), 0)

    def out_of_scalar(self, probe: Probe, configuration: Configuration) -> bytes | None:
        """A longer way out, which makes another value of it."""
        if not probe.matcher._slots[at.KEEPS_TEXT]:
            return None
        if configuration.mode in (at.NUMBER, at.EMBEDDED_NUMBER):
            return self.first_read(probe, (more + end for more in _longer_numbers() for end in _ENDS))
        letters = (bytes(each) for size in range(4) for each in product(_LETTERS + _DIGITS, repeat=size))
        return self.first_read(probe, (more + b'"' for more in letters))

    def behind_number(self, probe: Probe) -> bytes:
        return self.first_read(probe, iter(_ENDS)) or b""

    def first_read(self, probe: Probe, texts: Iterator[bytes]) -> bytes | None:
        """The first text that the probe reads, and has read then; if there is any, one that is a whole value."""
        start, unfinished = probe.length, b""
        for _, text in zip(range(_MOST_TRIED), texts, strict=False):
            if probe.read(text):
                if not is_unfinished_number(probe):
                    return text
                probe.back(start)
                unfinished = unfinished or text
        return unfinished if unfinished and probe.read(unfinished) else None

    def _texts(self, node: int) -> Iterator[bytes]:
        """Texts of values of ``node``, the least one first."""
        fields = self._values.records.node(node)
        if fields[at.AFTER_ITEMS]:
            node = max(self._values.node_after(node, b""), 0)
            fields = self._values.records.node(node)
        least = None if fields[at.JOINT] else self._values.text(node)
        if least is not None:
            yield least
        kinds = fields[at.KINDS]
        if kinds & at.IS_CHOICE:
            yield from (text for text, _ in self._values.records.choices(fields))
        if kinds & at.IS_NUMBER:
            yield from (b"%d" % number for number in range(1000))
        if kinds & (at.IS_STRING | at.IS_TEXT):
            yield b'"'
        yield from _STARTS


_STARTS = (b"null", b"true", b"false", b"[", b"{")


def is_unfinished_number(probe: Probe) -> bool:
    """Is it in a number that cannot end where it is?"""
    if probe.configuration.mode != at.NUMBER or probe.matcher.is_accepting():
        return False
    start = probe.length
    can_end = any(probe.read(end) for end in _ENDS)
    probe.back(start)
    return not can_end


def _longer_numbers() -> Iterator[bytes]:
    """What may make another number of one: digits, such behind a point, and powers, since many multiples need one."""

    def digits(sizes: range) -> Iterator[bytes]:
        for size, point in product(sizes, (b"", b".")):
            yield from (point + bytes(each) for each in product(_DIGITS, repeat=size))

    yield from digits(range(3))
    yield from (more + b"e%d" % power for power in range(1, 20) for more in digits(range(2)))
    yield from digits(range(3, 4))
