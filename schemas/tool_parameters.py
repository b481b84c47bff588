"""Arguments that are not written as JSON: strings as they stand, between marks, everything else as JSON.

Whether a parameter is a string has to be seen in its schema, since nothing in the text tells ``12`` from ``"12"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TypeGuard

from ..grammar.cfg.shapes import Many, Part, Row, Text, Until
from ..grammar.errors import InvalidSchema, UnsupportedSchema
from ..grammar.regex_form import Choice
from .references import found_at
from .specification import JsonSchema
from .tool_schemas import Tool

_PLAIN = frozenset({"type", "title", "description", "default", "examples", "deprecated"})
_SHARED = frozenset({"$defs", "definitions", "$schema"})
_OBJECT = _PLAIN | _SHARED | {"properties", "required", "additionalProperties", "strict"}
_MOST_REFERENCES = 100


def object_of(tool: Tool) -> Mapping[str, object]:
    """The schema of the object of all arguments, with what its parts refer to."""
    contents = tool.arguments.contents
    if not isinstance(contents, Mapping):
        raise _unsupported(tool, "the schema has no properties at the root")
    own = {key: value for key, value in contents.items() if key not in _SHARED}
    meant = _resolved(own, contents)
    shared = {key: value for key, value in contents.items() if key in _SHARED}
    return {**meant, **shared} if isinstance(meant, Mapping) else contents


def parameters(marks: tuple[str, str], tool: Tool) -> Part:
    """Each parameter between ``marks``, in the order of the schema; those that are not required may be left out."""
    root = object_of(tool)
    if not root.keys() <= _OBJECT:
        raise _unsupported(tool, f"the schema has {', '.join(sorted(root.keys() - _OBJECT))} at the root")
    required, properties = root.get("required", []), root.get("properties", {})
    if not isinstance(properties, Mapping) or not _are_names(required):
        keyword, kind = ("required", "list") if isinstance(properties, Mapping) else ("properties", "dict")
        problem = f"the arguments of {tool.name} have {keyword} that is no {kind} of parameters"
        raise InvalidSchema(problem, f"/{keyword}", f"write a {kind} with their names")
    if not set(required) <= properties.keys():
        raise _unsupported(tool, "a required parameter has no schema")
    rows = []
    for name, schema in properties.items():
        row = Row((Text(marks[0].replace("%s", name)), *_value(tool, name, schema, marks[1])))
        rows.append(row if name in required else Many(row, 0, 1))
    return Row(tuple(rows))


def _are_names(required: object) -> TypeGuard[Sequence[str]]:
    return isinstance(required, list | tuple) and all(isinstance(name, str) for name in required)


def is_raw(schema: object, root: Mapping[str, object]) -> bool:
    """Whether values are written without quotes: strings are. ``root``: what the schema is a part of."""
    return _are_strings(schema, root) is True


def _value(tool: Tool, name: str, schema: object, end: str) -> tuple[Part, ...]:
    """A string as it stands, up to the first ``end``; anything else as JSON."""
    root = object_of(tool)
    strings = _are_strings(schema, root)
    if strings is None:
        raise _unsupported(tool, f"the parameter {name} may be a string or something else")
    if not strings:
        shared = {key: value for key, value in root.items() if key in _SHARED}
        asked = {field.name: getattr(tool.arguments.options, field.name) for field in fields(tool.arguments.options)}
        return JsonSchema({**schema, **shared} if isinstance(schema, Mapping) else schema, **asked), Text(end)
    meant = _resolved(schema, root)
    assert isinstance(meant, Mapping)
    if not meant.keys() <= _PLAIN | {"enum", "const"}:
        keywords = ", ".join(sorted(meant.keys() - _PLAIN - {"enum", "const"}))
        raise _unsupported(tool, f"the parameter {name} is a string with {keywords}")
    options = _options(meant)
    if options is None:
        return (Until(end),)
    texts = [option for option in options if isinstance(option, str)]
    if any((text + end).find(end) < len(text) for text in texts):
        raise _unsupported(tool, f"the parameter {name} may be a string that holds {end!r}")
    return Choice(texts), Text(end)


def _are_strings(schema: object, root: Mapping[str, object], deepest: int = _MOST_REFERENCES) -> bool | None:
    """Whether all values are strings; None if some may be, or alternatives are nested deeper than ``deepest``."""
    schema = _resolved(schema, root)
    if deepest == 0:
        return None
    if not isinstance(schema, Mapping):
        return False if schema is False else None
    kinds = schema.get("type")
    if kinds in ("string", ["string"]):
        return True
    if isinstance(kinds, str) or (isinstance(kinds, list) and "string" not in kinds):
        return False
    options = _options(schema)
    if options:
        found = {isinstance(option, str) for option in options}
        return found.pop() if len(found) == 1 else None
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if not isinstance(branches, list) or not branches:
            continue
        if all(_are_strings(each, root, deepest - 1) is False for each in branches):
            return False
    return None


def _options(schema: Mapping[str, object]) -> list[object] | None:
    """The values that ``schema`` lists."""
    if "const" in schema:
        return [schema["const"]]
    listed = schema.get("enum")
    if listed is not None and not isinstance(listed, list):
        raise InvalidSchema(f"enum must be a list, not {listed!r:.40}", remedy="write the values as a list")
    return listed


def _resolved(schema: object, root: Mapping[str, object]) -> object:
    """What ``schema`` refers to inside of ``root``, if it does nothing else."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(schema, Mapping) or not schema.keys() <= _PLAIN | {"$ref", "allOf"}:
            return schema
        reference, parts = schema.get("$ref"), schema.get("allOf")
        if isinstance(parts, list) and len(parts) == 1 and reference is None and "type" not in schema:
            schema = parts[0]
        elif isinstance(reference, str) and reference.startswith("#/") and parts is None and "type" not in schema:
            schema = found_at(reference[2:], root)
        else:
            return schema
    return schema


def _unsupported(tool: Tool, reason: str) -> UnsupportedSchema:
    return UnsupportedSchema(
        f"the arguments of {tool.name} cannot be written without JSON: {reason}",
        remedy='use a format with JSON arguments, such as "hermes", or simpler parameters',
    )
