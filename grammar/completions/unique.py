"""Items that have to be different from those before: other texts are tried where the least one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, product
from typing import TYPE_CHECKING

from ..kernels import layout as at
from .probe import Configuration, Probe

if TYPE_CHECKING:
    from .values import ValueTexts

_MORE = b"abcdefghijklmnopqrstuvwxyz0123456789"
_MOST_TRIED = 4000


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
        is_number = configuration.mode in (at.NUMBER, at.EMBEDDED_NUMBER)
        closing = b"" if is_number else b'"'
        behind = (b"]", b"}", b",") if not closing else (b"",)
        more = (
            bytes(letters) + closing + end
            for size in range(4)
            for letters in product(_MORE[-10:] if is_number else _MORE, repeat=size)
            for end in behind
        )
        return self.first_read(probe, more)

    def behind_number(self, probe: Probe) -> bytes:
        return self.first_read(probe, iter((b"]", b"}", b","))) or b""

    def first_read(self, probe: Probe, texts: Iterator[bytes]) -> bytes | None:
        for _, text in zip(range(_MOST_TRIED), texts, strict=False):
            if probe.read(text):
                return text
        return None

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
