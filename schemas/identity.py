"""When two schema objects say the same, as far as that can be told quickly: when they are short and flat."""

from __future__ import annotations

from decimal import Decimal

_FLAT_LENGTH = 16
_SCALARS = (str, int, float, Decimal)

FlatKey = tuple[tuple[object, ...], ...]
"""What a short and flat schema says: its keywords, each with its value."""


def flat_key(contents: dict[str, object], keywords: list[str]) -> FlatKey | None:
    """What a schema says, as a key, if all its keywords have scalar values or short arrays of these; else ``None``."""
    if len(keywords) == 1 and type(contents[keywords[0]]) is str:  # mostly its type
        return ((keywords[0], contents[keywords[0]]),)
    key: list[tuple[object, ...]] = []
    for keyword in keywords:
        value = contents[keyword]
        if type(value) is str:
            key.append((keyword, value))
            continue
        members = value if isinstance(value, list) and len(value) <= _FLAT_LENGTH else [value]
        for member in members:
            if member is not None and not isinstance(member, _SCALARS):
                return None
        key.append((keyword, isinstance(value, list), *[(type(member), member) for member in members]))
    return tuple(key)
