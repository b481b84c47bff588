"""The parts of a Python type's instance, while its document is still being written.

``TypedForm`` follows the core schema that pydantic makes of a type: what is complete is an instance, made as it will be
made in the end. Of what is not complete, a pydantic model is an instance on which only the fields known so far are set;
everything else is a dict or a list until it is complete, because other types cannot be made in part.

So a field of the form ``Cat | Dog`` is a plain dict until it is complete, unless it has a discriminator that was read.
Validators are called when the value that they are for is complete, but those that look at other fields only with the
whole document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, ValidationError, core_schema

from .partial_values import PLAIN, Children, ValueForm

_FUNCTIONS = ("function-before", "function-after", "function-wrap")
_OBJECTS = ("model", "dataclass", "typed-dict", "dict", "tagged-union")
_NAMED_TUPLES = ("named-tuple", "call")
_SEQUENCES = ("list", "set", "frozenset", "generator")


class TypedForm:
    """The values of ``schema``, a pydantic core schema, as ``TypeAdapter.core_schema`` has it.

    ``around``: the form that has one of a part of its schema; definitions, and forms that were made, are shared.
    """

    def __init__(self, schema: CoreSchema, around: TypedForm | None = None) -> None:
        own: Any = schema
        self._definitions: dict[str, Any] = {} if around is None else around._definitions
        self._forms: dict[tuple[int, int], TypedForm] = {} if around is None else around._forms
        if own["type"] == "definitions":
            self._definitions.update((each["ref"], each) for each in own["definitions"])
            own = own["schema"]
        self._own: Mapping[str, Any] = own
        self._outer_config: CoreConfig | None = None if around is None else around._config
        self._config: CoreConfig | None
        self._inner, self._config, self.shows_text = self._unwrapped(own, self._outer_config)
        self._validator: SchemaValidator | None = None

    def member(self, key: str, known: Mapping[str, object]) -> ValueForm:
        inner = self._inner
        if self._stands_for_another:
            return self._other(known).member(key, known)
        if inner["type"] == "dict":
            return self._form(inner.get("values_schema"))
        return self._form(self._fields[key][1] if key in self._fields else None)

    def item(self, index: int) -> ValueForm:
        inner = self._inner
        if self._stands_for_another:
            return self._other([]).item(index)
        items = inner.get("items_schema")
        if inner["type"] in _SEQUENCES:
            return self._form(items)
        if inner["type"] in _NAMED_TUPLES:
            fields = inner["fields"] if "fields" in inner else inner["arguments_schema"]["arguments_schema"]
            return self._form(fields[index]["schema"] if index < len(fields) else None)
        if inner["type"] != "tuple":
            return PLAIN
        variadic = inner.get("variadic_item_index")
        place = index if variadic is None else min(index, variadic)
        return self._form(items[place] if items and place < len(items) else None)

    def whole(self, children: Children | None, text: Callable[[], str]) -> object:
        if self._validator is None:
            definitions: list[Any] = list(self._definitions.values())
            own: Any = self._own
            schema = core_schema.definitions_schema(own, definitions) if definitions else own
            self._validator = SchemaValidator(schema, self._outer_config)
        try:
            value: object = self._validator.validate_json(text())
        except ValidationError:  # the result of the generation says so
            return PLAIN.whole(children, text)
        return value

    def part(self, children: Children) -> object:
        inner = self._inner
        is_model = inner["type"] == "model"
        if self._stands_for_another:
            part = self._other(children).part(children)
            return _partial_model(inner["cls"], {"root": part}) if is_model else part
        if not is_model:
            return children
        assert isinstance(children, dict)
        names = self._fields
        return _partial_model(inner["cls"], {names[key][0] if key in names else key: children[key] for key in children})

    @property
    def _stands_for_another(self) -> bool:
        return self._inner["type"] in ("tagged-union", "union") or bool(self._inner.get("root_model"))

    def _form(self, schema: Any) -> ValueForm:
        """The form of a part, which is plain if it has no schema."""
        if schema is None:
            return PLAIN
        key = (id(schema), id(self._config))
        if key not in self._forms:
            self._forms[key] = TypedForm(schema, self)
        return self._forms[key]

    def _other(self, known: Mapping[str, object] | list[object]) -> ValueForm:
        """The form that this one stands for: the root of a model, or the branch of a union that is meant.

        That is the one whose tag was read, or else the only one of its kind; it is plain while it is not known.
        """
        inner = self._inner
        if inner["type"] == "model":
            return self._form(inner["schema"])
        choices = inner["choices"]
        if inner["type"] == "tagged-union":
            tag = inner["discriminator"]
            value = known.get(tag) if isinstance(tag, str) and isinstance(known, Mapping) else None
            value = getattr(value, "value", value)
            return self._form(choices.get(value)) if isinstance(value, str | int) else PLAIN
        schemas = [choice[0] if isinstance(choice, tuple) else choice for choice in choices]
        kinds = _OBJECTS if isinstance(known, Mapping) else (*_SEQUENCES, *_NAMED_TUPLES, "tuple")
        found = [each for each in schemas if self._unwrapped(each, None)[0]["type"] in kinds]
        return self._form(found[0]) if len(found) == 1 else PLAIN

    @cached_property
    def _fields(self) -> Mapping[str, tuple[str, Any]]:
        """For each key that a member may have, the name and the core schema of the field that it is for."""
        inner = self._inner
        if inner["type"] in ("model", "dataclass"):
            inner = self._unwrapped(inner["schema"], None)[0]
        fields = inner.get("fields", {})
        named = fields.items() if isinstance(fields, Mapping) else [(field["name"], field) for field in fields]
        return {
            key: (name, _without_validators_of_fields(field["schema"]))
            for name, field in named
            for key in _aliases(name, field)
        }

    def _unwrapped(
        self, schema: Mapping[str, Any], config: CoreConfig | None
    ) -> tuple[Mapping[str, Any], CoreConfig | None, bool]:
        """The schema inside of all that says nothing about the form, its config, and whether it shows text."""
        shows_text = True
        while True:
            kind = schema["type"]
            if kind == "definition-ref":
                schema = self._definitions[schema["schema_ref"]]
            elif kind in ("default", "nullable") or kind in _FUNCTIONS:
                shows_text = shows_text and kind not in _FUNCTIONS
                schema = schema["schema"]
            elif kind == "lax-or-strict":
                schema = schema["lax_schema"]
            elif kind == "json-or-python":
                schema = schema["json_schema"]
            else:
                break
        config = schema.get("config", config) if kind in ("model", "dataclass", "typed-dict") else config
        return schema, config, shows_text and kind in ("str", "any")


def _aliases(name: str, field: Mapping[str, Any]) -> list[str]:
    """The keys that a field is written with; of paths, those that lead nowhere deeper."""
    alias = field.get("validation_alias", name)
    if isinstance(alias, str):
        return [alias]
    paths = alias if alias and isinstance(alias[0], list) else [alias]
    return [path[0] for path in paths if len(path) == 1]


def _without_validators_of_fields(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """``schema`` without the functions around it that want to see other fields, which are not all known."""
    while schema["type"] in _FUNCTIONS and schema["function"]["type"] == "with-info":
        schema = schema["schema"]
    return schema


def _partial_model(cls: type[BaseModel], known: dict[str, object]) -> BaseModel:
    """A model on which ``known`` is set and nothing else, defaults neither: they are not known to be right yet."""
    model = cls.__new__(cls)
    object.__setattr__(model, "__dict__", known)
    object.__setattr__(model, "__pydantic_fields_set__", set(known))
    object.__setattr__(model, "__pydantic_extra__", None)
    object.__setattr__(model, "__pydantic_private__", None)
    return model
