"""Tools as they are given: functions, types, and the dicts of several APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..grammar.argument_checks import wrong_argument
from ..grammar.errors import InvalidSchema
from .partial_values import PLAIN
from .references import found_at
from .specification import JsonSchema

_FORMS = 'pass a function, a type, {"name": ..., "parameters": ...} or {"type": "function", "function": {...}}'
_NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}
_OTHERS = ("array", "string", "number", "integer", "boolean", "null")
_MOST_REFERENCES = 100


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


def _schema(name: str, contents: object) -> JsonSchema:
    """With minimal escapes, since a tool gains nothing from other spellings, and plain integers, so that arguments hold
    an ``int`` wherever the schema says integer."""
    return _of_objects(name, JsonSchema(contents, escapes="minimal", integers="plain"))


def _tool(entry: object) -> Tool:
    if isinstance(entry, Tool):
        return entry
    if isinstance(entry, Mapping):
        return _described(entry.get("function", entry))
    name = getattr(entry, "__name__", None)
    if not isinstance(name, str):
        raise InvalidSchema(f"{entry!r:.60} is no tool", remedy=_FORMS)
    return Tool(name, _schema(name, entry), entry if callable(entry) and not isinstance(entry, type) else None)


def _described(entry: object) -> Tool:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(name, str) or not name:
        raise InvalidSchema(f"the tool {entry!r:.60} has no name", remedy=_FORMS)
    schema = entry.get("parameters", entry.get("input_schema"))
    if isinstance(schema, JsonSchema):
        return Tool(name, _of_objects(name, schema))
    return Tool(name, _schema(name, schema or _NO_ARGUMENTS))


# --- arguments are an object


def _of_objects(name: str, schema: JsonSchema) -> JsonSchema:
    """``schema``, which may be silent about the kind of value, as one of objects alone.

    Raises ``InvalidSchema`` if it asks for something else.
    """
    contents = schema.contents
    if contents is False or _are_objects(contents, contents, _MOST_REFERENCES):
        return schema
    root: dict[str, Any] = dict(contents) if isinstance(contents, Mapping) else {}
    kinds = root.get("type", "object")
    if schema.form is not PLAIN or kinds in _OTHERS or (isinstance(kinds, list) and "object" not in kinds):
        raise InvalidSchema(
            f"the arguments of {name} are no object",
            remedy='give an object that has them as properties, {"type": "object", "properties": {...}}',
        )
    if "$ref" in root and "allOf" not in root:  # beside which older drafts read nothing
        root["allOf"] = [{"$ref": root.pop("$ref")}]
    options = {field.name: getattr(schema.options, field.name) for field in fields(schema.options)}
    return JsonSchema({**root, "type": "object" if isinstance(kinds, list) else kinds}, **options)


def _are_objects(schema: object, root: object, references: int) -> bool:
    """Whether it is easily seen that ``schema``, a part of ``root``, is one of objects alone."""
    if not isinstance(schema, Mapping) or references == 0:
        return False
    if "type" in schema:
        return schema["type"] in ("object", ["object"])
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        return _are_objects(found_at(reference[2:], root), root, references - 1)
    branches = schema.get("anyOf") or schema.get("oneOf")
    return isinstance(branches, list) and all(_are_objects(each, root, references - 1) for each in branches)
