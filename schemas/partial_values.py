"""What the parts of a JSON document stand for, while the document is still being written.

A ``ValueForm`` says this for one value and, by ``member`` and ``item``, for what is inside of it. ``PLAIN`` is the form
of plain JSON; ``partial_types.py`` has those of Python types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from .json_text import read_document

Children = dict[str, object] | list[object]


class ValueForm(Protocol):
    """What one value of a document stands for. ``shows_text``: whether a string is worth showing before it ends."""

    @property
    def shows_text(self) -> bool: ...

    def member(self, key: str, known: Mapping[str, object]) -> ValueForm:
        """The form of a member of an object; ``known`` are those before it."""
        ...

    def item(self, index: int) -> ValueForm:
        """The form of an item of an array."""
        ...

    def whole(self, children: Children | None, text: Callable[[], str]) -> object:
        """The value that is complete: ``children`` is what is in it, None for scalars; ``text()`` its JSON."""
        ...

    def part(self, children: Children) -> object:
        """An object or array that is not complete; ``children`` may be kept."""
        ...


class PlainForm:
    """Plain JSON."""

    shows_text = True

    def member(self, key: str, known: Mapping[str, object]) -> ValueForm:
        return self

    def item(self, index: int) -> ValueForm:
        return self

    def whole(self, children: Children | None, text: Callable[[], str]) -> object:
        return read_document(text()) if children is None else children

    def part(self, children: Children) -> object:
        return children


PLAIN = PlainForm()
