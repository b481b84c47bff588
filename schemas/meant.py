"""What was probably meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache


@lru_cache(1024)
def meant(given: str, known: tuple[str, ...], cutoff: float = 0.6) -> str | None:
    """The one of ``known`` that is spelled most like ``given``, upper and lower case aside; None if none is close."""
    plain = {name.lower(): name for name in known}
    found = get_close_matches(given.lower(), list(plain), 1, cutoff)
    return plain[found[0]] if found else None


def perhaps(given: str, known: Iterable[str], otherwise: str = "") -> str:
    """A remedy that names what was probably meant, or else ``otherwise``."""
    found = meant(given, tuple(known), 0.75)
    return otherwise if found is None else f"perhaps {found!r} is meant"
