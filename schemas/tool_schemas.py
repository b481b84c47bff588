"""Tools as they are given: functions, types, and the dicts of several APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..grammar.argument_checks import wrong_argument
from ..grammar.errors import InvalidSchema
from .specification import JsonSchema

_FORMS = 'pass a function, a type, {"name": ..., "parameters": ...} or {"type": "function", "function": {...}}'
_NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True)
class Tool:
    """``arguments``: the object that a call of ``name`` passes. ``function``: what is called, if it was given."""

    name: str
    arguments: JsonSchema
    function: Callable[..., object] | None = None


def tools_of(entries: Iterable[object]) -> tuple[Tool, ...]:
    """The tools; raises ``InvalidSchema`` or ``UnsupportedSchema``, also for two of one name, or none at all."""
    found: dict[str, Tool] = {}
    if isinstance(entries, str | Mapping) or not isinstance(entries, Iterable):
        raise wrong_argument("functions", entries, "a list of tools: put it into [...]")
    for entry in entries:
        tool = _tool(entry)
        if tool.name in found:
            raise InvalidSchema(f"two tools are called {tool.name!r}", remedy="rename one of them")
        found[tool.name] = tool
    if not found:
        raise InvalidSchema("there are no tools", remedy=_FORMS)
    return tuple(found.values())


def _schema(contents: object) -> JsonSchema:
    """With minimal escapes, since a tool gains nothing from other spellings, and plain integers, so that arguments hold
    an ``int`` wherever the schema says integer."""
    return JsonSchema(contents, escapes="minimal", integers="plain")


def _tool(entry: object) -> Tool:
    if isinstance(entry, Tool):
        return entry
    if isinstance(entry, Mapping):
        return _described(entry.get("function", entry))
    name = getattr(entry, "__name__", None)
    if not isinstance(name, str):
        raise InvalidSchema(f"{entry!r:.60} is no tool", remedy=_FORMS)
    return Tool(name, _schema(entry), entry if callable(entry) and not isinstance(entry, type) else None)


def _described(entry: object) -> Tool:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(name, str) or not name:
        raise InvalidSchema(f"the tool {entry!r:.60} has no name", remedy=_FORMS)
    schema = entry.get("parameters", entry.get("input_schema"))
    if isinstance(schema, JsonSchema):
        return Tool(name, schema)
    if not schema:
        return Tool(name, _schema(_NO_ARGUMENTS))
    if isinstance(schema, Mapping) and not {"type", "$ref"} & schema.keys():
        schema = {**schema, "type": "object"}
    return Tool(name, _schema(schema))
