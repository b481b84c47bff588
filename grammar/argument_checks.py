"""Arguments of the wrong kind, said as errors that name the argument, what was given, and what is expected."""

from __future__ import annotations

from numbers import Real
from operator import index

from .errors import InvalidArgument
from .limits import Limits


def wrong_argument(name: str, given: object, expected: str) -> InvalidArgument:
    """The error for ``given`` as the argument ``name``; ``expected`` goes on after "pass"."""
    kind = "" if given is None else f", of type {type(given).__name__}"
    return InvalidArgument(f"{name} is {given!r:.60}{kind}", remedy=f"pass {expected}")


def whole_number(name: str, given: object, expected: str = "an integer") -> int:
    """``given`` as an ``int``; numpy's integers are some, too, but no bool. Raises ``InvalidArgument``."""
    if not isinstance(given, bool):
        try:
            return index(given)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise wrong_argument(name, given, expected)


def check_number(name: str, given: object) -> None:
    """Raises ``InvalidArgument`` for what is no real number."""
    if isinstance(given, bool) or not isinstance(given, Real):
        raise wrong_argument(name, given, "a number")


def check_limits(limits: object) -> None:
    """Raises ``InvalidArgument`` for what are no ``Limits``, nor None."""
    if limits is not None and not isinstance(limits, Limits):
        raise wrong_argument("limits", limits, "maskwright.Limits(states=, memory=, compile_seconds=, mask_cache=)")
