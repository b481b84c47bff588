"""Pydantic's JSON schemas of Python types, told more closely what the types accept.

Objects are closed: where a type says nothing about further keys, it would drop them, so they are not written at all.
Of formats, what Python's types have no place for is left out: the year 0, leap seconds, durations of a million years.
A ``Decimal`` is a number; where it is without conditions, which in JSON Schema only numbers have, also a string.

Not told: networks and interfaces, complex numbers, sizes in bytes, dates in the past or future, the digits of a
``Decimal`` without ``decimal_places``, the bounds of numbers that are keys, and that exponents of thousands make floats
infinite or zero; there the type may refuse a document.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_DAY = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_NAIVE = rf"^(?!0000)(?:[0-9]{{4}}-{_DAY}|{_LEAP_DAY})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?$"
_PATTERNS = {
    "date": "^(?!0000)",
    "date-time": "^(?!0000).{17}[0-5]",
    "time": "^.{6}[0-5]",
    "duration": "^(?!.*[0-9]{6})",
}
_KEYS = {
    "int": "^-?(?:0|[1-9][0-9]{0,17})$",
    "float": r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?$",
    "decimal": r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?$",
    "bool": "^(?:true|false)$",
}

_LARGE = 10**28


class SchemaOfType(GenerateJsonSchema):
    """Closed objects, and the conditions that the types themselves have."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as in the base class

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _closed(super().model_schema(schema))

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return _closed(super().typed_dict_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _closed(super().dataclass_schema(schema))

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        keys: Any = schema.get("keys_schema", {})
        if "patternProperties" in found:
            found["additionalProperties"] = False
        if "propertyNames" not in found:
            if keys.get("type") in _KEYS:
                found["propertyNames"] = {"pattern": _KEYS[keys["type"]]}
            elif keys.get("type") == "literal":
                found["propertyNames"] = {"enum": [each for each in keys["expected"] if isinstance(each, str)]}
        return found

    def set_schema(self, schema: core_schema.SetSchema) -> JsonSchemaValue:
        return _hashable(super().set_schema(schema))

    def frozenset_schema(self, schema: core_schema.FrozenSetSchema) -> JsonSchemaValue:
        return _hashable(super().frozenset_schema(schema))

    def json_schema(self, schema: core_schema.JsonSchema) -> JsonSchemaValue:
        raise PydanticInvalidForJsonSchema("it is JSON in a string; leave Json out, the document is JSON already")

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        return _within_python(super().date_schema(schema))

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        return _within_python(super().time_schema(schema))

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        if schema.get("tz_constraint") == "naive":
            return {"type": "string", "pattern": _NAIVE}
        return _within_python(super().datetime_schema(schema))

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        return _within_python(super().timedelta_schema(schema))

    def uuid_schema(self, schema: core_schema.UuidSchema) -> JsonSchemaValue:
        found = super().uuid_schema(schema)
        version = schema.get("version")
        return found if version is None else {**found, "pattern": f"^.{{14}}{version}.{{4}}[89abAB]"}

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        number: dict[str, Any] = {"type": "number"}
        names = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
        conditions: Any = schema
        number.update((name, float(conditions[key])) for key, name in names.items() if key in conditions)
        if "multiple_of" in conditions:
            number["multipleOf"] = float(conditions["multiple_of"])
        if "decimal_places" in conditions:
            places = conditions["decimal_places"]
            number["allOf"] = [{"multipleOf": float(Decimal(1).scaleb(-places))}]
            if "max_digits" in conditions:
                bound = 10 ** (conditions["max_digits"] - places)
                number["allOf"].append({"exclusiveMinimum": -bound, "exclusiveMaximum": bound})
        elif "max_digits" in conditions:
            bound = 10 ** conditions["max_digits"]
            number["allOf"] = [{"exclusiveMinimum": -bound, "exclusiveMaximum": bound}]
        if len(number) > 1:
            return number
        number.update(exclusiveMinimum=-_LARGE, exclusiveMaximum=_LARGE)  # floats are read, which may be infinite
        return {"anyOf": [number, {"type": "string", "pattern": _KEYS["decimal"]}]}

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        """Types with a hand-written schema, whose formats JSON Schema does not know."""
        found = super().generate_inner(schema)
        named = found.get("format")
        if named == "ipvanyaddress":
            del found["format"]
            found["anyOf"] = [{"format": "ipv4"}, {"format": "ipv6"}]
        elif isinstance(named, str) and named.startswith("uuid") and named != "uuid":
            found.update(format="uuid", pattern=f"^.{{14}}{named[4:]}.{{4}}[89abAB]")
        return found


def _closed(schema: JsonSchemaValue) -> JsonSchemaValue:
    if schema.get("type") == "object" and "$ref" not in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def _hashable(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema of a set, whose items are hashed, also where nothing else is known of them."""
    return schema if schema["items"] else {**schema, "items": {"type": ["string", "number", "boolean", "null"]}}


def _within_python(schema: JsonSchemaValue) -> JsonSchemaValue:
    """A schema of times without those that Python does not know."""
    pattern = _PATTERNS.get(schema.get("format", ""))
    return schema if pattern is None else {**schema, "pattern": pattern}
