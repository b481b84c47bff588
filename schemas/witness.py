"""Values that show that a formula can be satisfied.

A witness is put together when it is asked for: whether there is one matters more often than what it looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..grammar.errors import LimitExceeded

LONGEST = 10_000
"""Strings and arrays longer than this are not put together."""


@dataclass(frozen=True, eq=False)
class Witness:
    """A JSON value that satisfies some formula, put together by ``assemble`` from the values of ``parts``.

    ``plenty``: whether it is known to be one of so many that no array of unique items could hold them, if all ``parts``
    are left as they are; worked out when it is asked for.
    """

    assemble: Callable[[Sequence[object]], object]
    parts: tuple[Witness, ...] = ()
    plenty: bool | Callable[[], bool] = False

    @cached_property
    def abundant(self) -> bool:
        """Whether it is known to be one of so many, be it only that one of its parts is."""
        seen = {id(self)}
        stack = [self]
        while stack:
            witness = stack.pop()
            if witness.plenty if isinstance(witness.plenty, bool) else witness.plenty():
                return True
            fresh = [part for part in witness.parts if id(part) not in seen]
            seen.update(map(id, fresh))
            stack += fresh
        return False

    @property
    def value(self) -> object:
        """The value; numbers that are no integers are fractions. Raises ``LimitExceeded`` where it would be huge."""
        done: dict[int, object] = {}
        stack = [self]
        while stack:
            witness = stack[-1]
            waiting = [part for part in witness.parts if id(part) not in done]
            if waiting:
                stack.extend(waiting)
            else:
                done[id(stack.pop())] = witness.assemble([done[id(part)] for part in witness.parts])
        return done[id(self)]


def constant(value: object, *, plenty: bool | Callable[[], bool] = False) -> Witness:
    """The witness that is ``value``."""
    return Witness(lambda _: value, (), plenty)


def too_long(_: object) -> object:
    """Stands in for ``assemble`` where the value would be huge."""
    raise LimitExceeded("an example would be too long", remedy="ask for shorter strings and arrays")
