"""Says of a limit that is exceeded at which place of the schema that happened."""

from __future__ import annotations

from collections.abc import Callable

from ..grammar.errors import LimitExceeded


class Placed:
    """Gives a ``LimitExceeded`` inside it the pointer of ``value``, if it has none.

    A class and no generator, because it is entered for each value that is looked at.
    """

    __slots__ = ("_pointer_of", "_value")

    def __init__(self, pointer_of: Callable[[int], str], value: int) -> None:
        self._pointer_of = pointer_of
        self._value = value

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, LimitExceeded) and error.pointer is None:
            raise error.at(self._pointer_of(self._value)) from error
