"""Python types and functions as schemas, by way of pydantic.

A pydantic model, dataclass, TypedDict, NamedTuple, Enum, Literal or any other annotation becomes the JSON schema that
pydantic writes for it, and a document becomes an instance. A function becomes the object of its parameters, and a
document the dict of its arguments, ready for ``function(**arguments)``.

Not supported: functions with ``*args``, ``**kwargs`` or positional-only parameters, and types without a JSON form.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any, NotRequired, Required

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticInvalidForJsonSchema
from typing_extensions import TypedDict

from ..grammar.errors import InvalidSchema, MaskwrightError, UnsupportedSchema
from .partial_types import TypedForm
from .partial_values import ValueForm
from .python_json_schema import SchemaOfType

_ANNOTATE = "annotate it with types that pydantic knows"


@dataclass(frozen=True)
class PythonType:
    """``schema``: of the JSON form of a type. ``parse``: from a document to an instance. ``form``: of its parts."""

    schema: dict[str, Any]
    parse: Callable[[str], object]
    form: ValueForm


def describe(annotation: object) -> PythonType:
    """The schema and the parser of a type, or of a function's arguments.

    Raises ``InvalidSchema`` for what is no type, ``UnsupportedSchema`` for a type without a JSON form.
    """
    name = getattr(annotation, "__name__", None) or repr(annotation)
    if (is_dataclass(type(annotation)) or isinstance(annotation, BaseModel)) and not callable(annotation):
        kind = type(annotation).__name__
        raise InvalidSchema(f"{annotation!r:.60} is an instance of {kind}", remedy=f"pass {kind} itself")
    target: Any = _arguments(annotation, name) if _is_function(annotation) else annotation
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(target)
        schema = adapter.json_schema(schema_generator=SchemaOfType)
    except PydanticInvalidForJsonSchema as error:
        raise UnsupportedSchema(f"{name} has no JSON form: {_first_line(error)}", remedy=_ANNOTATE) from error
    except (PydanticUserError, NameError, TypeError) as error:
        raise InvalidSchema(f"{name} cannot be read as a type: {_first_line(error)}", remedy=_ANNOTATE) from error

    def parse(text: str) -> object:
        try:
            value: object = adapter.validate_json(text)
        except ValidationError as error:
            problem = f"the document obeys the schema of {name}, but {name} refuses it: {_reason(error)}"
            raise MaskwrightError(
                problem, remedy="state in the type's annotations what its validators check"
            ) from error
        return value

    return PythonType(schema, parse, TypedForm(adapter.core_schema))


def _is_function(annotation: object) -> bool:
    """Whether it is a function, a method or another callable object; special forms of ``typing`` are callable too."""
    is_form = isinstance(annotation, type) or hasattr(annotation, "__origin__")
    return callable(annotation) and not is_form and type(annotation).__module__ not in ("typing", "typing_extensions")


def _arguments(function: Any, name: str) -> object:
    """A TypedDict of the parameters of ``function``; those with a default may be left out."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, ValueError, TypeError) as error:
        raise InvalidSchema(f"the signature of {name} cannot be read: {error}", remedy=_ANNOTATE) from error
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UnsupportedSchema(
                f"the parameter {parameter} of {name} cannot be passed by its name",
                remedy="give the function only parameters that can be passed by name",
            )
        annotation = Any if parameter.annotation is parameter.empty else parameter.annotation
        fields[parameter.name] = (
            Required[annotation] if parameter.default is parameter.empty else NotRequired[annotation]
        )
    arguments: Any = TypedDict(name, fields)  # type: ignore[misc]
    return with_config(ConfigDict(extra="forbid"))(arguments)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "".join(f"/{part}" for part in first["loc"])
    return f"{first['msg']} (at {place})" if place else first["msg"]
