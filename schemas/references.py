"""References inside one document: ``#``, ``#/pointer``, and the document's own ``$id`` followed by either.

Not supported yet: other documents, anchors, and references below an inner ``$id``, which are relative to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from ..grammar.errors import InvalidSchema, UnsupportedSchema


@dataclass(frozen=True)
class Target:
    """What a reference leads to: ``contents`` at the place ``path``; ``passed`` are the objects on the way there."""

    contents: object
    path: tuple[str, ...]
    passed: tuple[dict[str, object], ...]


def escape(token: str) -> str:
    """``token`` as it is written in a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def resolve(document: object, reference: str, own_uri: str, pointer: str) -> Target:
    """The target of ``reference`` in ``document``, whose own address is ``own_uri``; ``pointer`` places errors."""
    uri, _, fragment = reference.partition("#")
    if uri and uri != own_uri.partition("#")[0]:
        raise UnsupportedSchema(
            f"$ref to another document, {reference!r}", pointer, "copy it into $defs and refer to it by a JSON pointer"
        )
    path = unquote(fragment)
    if path and not path.startswith("/"):
        raise UnsupportedSchema(f"$ref to an anchor, {reference!r}", pointer, "refer to the place by a JSON pointer")
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]
    target = _walk(document, tokens)
    if target is None:
        raise InvalidSchema(f"$ref to nowhere, {reference!r}", pointer)
    return target


def _walk(document: object, tokens: Sequence[str]) -> Target | None:
    contents = document
    passed: list[dict[str, object]] = []
    for token in tokens:
        if isinstance(contents, dict):
            if token not in contents:
                return None
            passed.append(contents)
            contents = contents[token]
        elif isinstance(contents, list | tuple):
            if not (token.isascii() and token.isdigit() and int(token) < len(contents)):
                return None
            contents = contents[int(token)]
        else:
            return None
    return Target(contents, tuple(tokens), tuple(passed))
