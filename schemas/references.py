"""What one schema object says about references: its address, its names, where its subschemas are; JSON pointers.

All of it looks at one object and its dialect; what references lead to is the business of ``resolver``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .dialects import Dialect

Trail: TypeAlias = "str | tuple[Trail, tuple[str, ...]]"
"""The way to a place: the document's prefix, then steps. Shares its beginning with others; see ``pointer``."""

RECURSIVE = ""
"""The name that ``$recursiveAnchor: true`` gives to its resource; no anchor can have it."""


def escape(token: str) -> str:
    """``token`` as it is written in a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The token that is written as ``token`` in a JSON pointer."""
    return token.replace("~1", "/").replace("~0", "~")


def found_at(path: str, document: object) -> object:
    """What stands in ``document`` at a JSON pointer, ``/`` and ``path``; ``None`` if nothing in objects does."""
    place = document
    for token in path.split("/"):
        place = place.get(unescape(token)) if isinstance(place, Mapping) else None
    return place


def pointer(trail: Trail) -> str:
    """The JSON pointer that ``trail`` stands for, after the prefix of its document."""
    tokens: list[str] = []
    while not isinstance(trail, str):
        trail, path = trail
        tokens.extend(reversed(path))
    return trail + "".join(f"/{escape(token)}" for token in reversed(tokens))


def address(contents: dict[str, object], dialect: Dialect) -> tuple[str, str]:
    """The URI reference that ``contents`` gives itself, and the name in its fragment; ``""`` where there is none.

    Beside ``$ref``, dialects in which it hides its siblings give none; a JSON pointer as fragment is no name.
    """
    own = contents.get(dialect.id_keyword)
    if not isinstance(own, str) or (dialect.ref_hides_siblings and "$ref" in contents):
        return "", ""
    uri, _, fragment = own.partition("#")
    return uri, fragment if dialect.names_in_ids and not fragment.startswith("/") else ""


def names(contents: dict[str, object], dialect: Dialect) -> Iterator[tuple[str, bool]]:
    """The plain names of ``contents``, each with whether it is dynamic."""
    _, name = address(contents, dialect)
    if name:
        yield name, False
    for keyword in dialect.anchor_keywords:
        anchor = contents.get(keyword)
        if isinstance(anchor, str):
            yield anchor, keyword == dialect.dynamic_anchor


def subschemas(contents: dict[str, object], dialect: Dialect) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    """The schema objects right below ``contents``, with the way to each; what is broken is passed over."""
    for keyword, value in contents.items():
        if keyword in dialect.places and isinstance(value, dict):
            yield (keyword,), value
        elif keyword in dialect.places and isinstance(value, list | tuple):
            for index, member in enumerate(value):
                if isinstance(member, dict):
                    yield (keyword, str(index)), member
        elif keyword in dialect.maps and isinstance(value, dict):
            for name, member in value.items():
                if isinstance(member, dict):
                    yield (keyword, name), member


class Role(Enum):
    """What a place in a schema document is: a schema, an object or array of schemas, or anything else."""

    SCHEMA = 1
    SCHEMAS = 2
    OTHER = 3


def step(contents: object, token: str, role: Role, dialect: Dialect) -> tuple[object, Role] | None:
    """What stands at ``token`` below ``contents``, which has this ``role``, and its role; ``None`` if nothing does."""
    if isinstance(contents, dict):
        if token not in contents:
            return None
        below = contents[token]
    elif isinstance(contents, list | tuple) and _is_index(token) and int(token) < len(contents):
        below = contents[int(token)]
    else:
        return None
    if role is Role.SCHEMAS:
        return below, Role.SCHEMA
    if role is Role.SCHEMA and token in dialect.places:
        return below, Role.SCHEMAS if isinstance(below, list | tuple) else Role.SCHEMA
    return below, Role.SCHEMAS if role is Role.SCHEMA and token in dialect.maps else Role.OTHER


def _is_index(token: str) -> bool:
    return token.isascii() and token.isdigit() and (token == "0" or token[0] != "0")
