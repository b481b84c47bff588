"""Keywords that are probably misspelt: legal, since what is no keyword is an annotation, and seldom what was wanted."""

from __future__ import annotations

from .dialects import DEFAULT, Dialect, dialect_at, dialect_named
from .meant import meant
from .references import Trail, escape, pointer, subschemas
from .specification import JsonSchema

_CLOSE = 0.8
_FROM_ELSEWHERE = frozenset({"example", "id"})
"""Well-known ones of OpenAPI and of other drafts, which are close to keywords."""


def misspelt_keywords(schema: JsonSchema) -> list[str]:
    """A note for each name that is no keyword of the dialect but spelled much like one, with the first place of it."""
    contents = schema.contents
    dialect = DEFAULT if schema.options.dialect is None else dialect_named(schema.options.dialect)
    stated = contents.get("$schema") if isinstance(contents, dict) else None
    return _notes(contents, (dialect_at(stated) if isinstance(stated, str) else None) or dialect)


def _notes(schema: object, dialect: Dialect) -> list[str]:
    known = tuple({**dialect.keywords, **dialect.silent})
    passed_over = {*known, *_FROM_ELSEWHERE}
    notes: list[str] = []
    stack: list[tuple[object, Trail]] = [(schema, "")]
    while stack:
        contents, trail = stack.pop()
        if not isinstance(contents, dict):
            continue
        for name in [name for name in contents if name not in passed_over and not name.startswith("x-")]:
            passed_over.add(name)
            keyword = meant(name, known, _CLOSE)
            if keyword is not None:
                place = f"{pointer(trail)}/{escape(name)}"
                notes.append(
                    f"{name!r} is no keyword and says nothing (perhaps {keyword!r} is meant); first at {place}"
                )
        stack.extend(reversed([(member, (trail, path)) for path, member in subschemas(contents, dialect)]))
    return notes
