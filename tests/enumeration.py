"""All texts of a small language, one by one: what laws are enumerated from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Ids = tuple[int, ...]
Known = TypeVar("Known")


def every_text(
    beginning: Known, after: Callable[[Ids, Known], Iterable[tuple[int, Known]]]
) -> Iterator[tuple[Ids, Known]]:
    """Every text that grows from the empty one, with what is known of it, which for that is ``beginning``.

    ``after(text, known)``: the tokens that may follow ``text``, each with what is known then; none ends it.
    """
    waiting: list[tuple[Ids, Known]] = [((), beginning)]
    while waiting:
        text, known = waiting.pop()
        yield text, known
        waiting += [((*text, token), value) for token, value in after(text, known)]
