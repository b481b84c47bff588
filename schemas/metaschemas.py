"""Which dialect a ``$schema`` names: a known one, or one that a metaschema in the caller's registry describes.

A metaschema with ``$vocabulary`` turns off the keywords of all standard vocabularies that it does not list. Which
keywords these are is read from the standard metaschemas. Not supported: vocabularies that are not standard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import referencing

from ..grammar.errors import InvalidSchema, UnsupportedSchema
from .dialects import Dialect, dialect_at
from .references import Trail, pointer


@cache
def standard_metaschemas() -> referencing.Registry:
    """The metaschemas of all drafts and their vocabularies. Reading them takes time that most schemas can save."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # has no type hints

    registry: referencing.Registry = REGISTRY
    return registry


Lookup = Callable[[str], object]
"""Gives the contents at a URI, or ``None``."""


class Metaschemas:
    """The dialects that schemas name."""

    def __init__(self) -> None:
        self._dialects: dict[str, Dialect | None] = {}

    def dialect_of(self, contents: dict[str, object], default: Dialect, trail: Trail, lookup: Lookup) -> Dialect:
        """The dialect that the ``$schema`` of ``contents`` names; ``default`` where there is none or an unknown one."""
        uri = contents.get("$schema")
        if uri is None:
            return default
        if not isinstance(uri, str):
            raise InvalidSchema(f"$schema must be a string, not {uri!r:.60}", f"{pointer(trail)}/$schema")
        try:
            return dialect_at(uri) or self._described(uri.partition("#")[0], default, lookup) or default
        except UnsupportedSchema as error:
            raise error.at(f"{pointer(trail)}/$schema") from None

    def _described(self, uri: str, default: Dialect, lookup: Lookup) -> Dialect | None:
        if uri in self._dialects:
            return self._dialects[uri]
        self._dialects[uri] = None  # a metaschema that names itself says nothing about its dialect
        metaschema = lookup(uri)
        if isinstance(metaschema, dict):
            dialect = self.dialect_of(metaschema, default, f"{uri}#", lookup)
            vocabularies = metaschema.get("$vocabulary")
            if isinstance(vocabularies, dict):
                dialect = with_vocabularies(dialect, vocabularies)
            self._dialects[uri] = dialect
        return self._dialects[uri]


def with_vocabularies(dialect: Dialect, vocabularies: dict[str, object]) -> Dialect:
    """``dialect`` without the keywords of its vocabularies that are not among ``vocabularies``, a ``$vocabulary``.

    Raises ``UnsupportedSchema`` for a vocabulary that has to be understood and is not known.
    """
    listed: set[str] = set()
    for uri, required in vocabularies.items():
        keywords = _keywords_of(uri)
        if keywords is None and required is not False:
            raise UnsupportedSchema(f"the vocabulary {uri!r} is not known", None, "use the standard vocabularies only")
        listed |= keywords or set()
    standard: set[str] = set()
    for uri in _contents(dialect.uri).get("$vocabulary", {}):
        if not uri.endswith("/core"):
            standard |= _keywords_of(uri) or set()
    off = standard - listed
    kept = {keyword: function for keyword, function in dialect.keywords.items() if keyword not in off}
    return replace(dialect, keywords=kept)


def _keywords_of(vocabulary: str) -> set[str] | None:
    """The keywords of a standard vocabulary; ``None`` for one that is not known."""
    contents = _contents(vocabulary.replace("/vocab/", "/meta/"))
    return set(contents["properties"]) if vocabulary in contents.get("$vocabulary", {}) else None


def _contents(uri: str) -> dict[str, dict[str, object]]:
    resource = standard_metaschemas().get(uri)
    return {} if resource is None else resource.contents
