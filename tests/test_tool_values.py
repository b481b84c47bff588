"""Calls of functions carry values of the types that the functions are annotated with, and can be made."""

from __future__ import annotations

import pickle
from datetime import date
from enum import Enum

import pytest
from pydantic import BaseModel, field_validator

import maskwright as mw
from maskwright.cli_check import byte_vocabulary, first_deviation
from maskwright.schemas.tool_calls import ToolCall
from maskwright.schemas.tool_formats import FORMATS


class Unit(Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


class Place(BaseModel):
    city: str

    @field_validator("city")
    @classmethod
    def is_no_number(cls, city: str) -> str:
        if city.isdigit():
            raise ValueError("a number")
        return city


def get_weather(place: Place, day: date, unit: Unit = Unit.CELSIUS) -> str:
    return f"{place.city} {day.year} {unit.name}"


def call_in(text: str, tool: object = get_weather) -> ToolCall:
    body = '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>'
    (call,) = mw.tools([tool]).tool_calls(body % (getattr(tool, "__name__", "plain"), text))
    return call


def test_arguments_are_of_their_types() -> None:
    call = call_in('{"place": {"city": "Oslo"}, "day": "2024-02-29", "unit": "kelvin"}')
    assert call.arguments == {"place": Place(city="Oslo"), "day": date(2024, 2, 29), "unit": Unit.KELVIN}
    assert call() == "Oslo 2024 KELVIN"
    assert call.function is get_weather
    assert call_in('{"place": {"city": "Oslo"}, "day": "2024-02-29"}')() == "Oslo 2024 CELSIUS"


PARAMETERS = {"type": "object", "properties": {"n": {"type": "integer"}, "x": {"type": "number"}}, "required": ["n"]}


@pytest.mark.parametrize("format", sorted(FORMATS.keys() - {"harmony"}))
def test_integers_of_schemas_are_integers(format: str) -> None:
    for seed in range(4):
        tools = mw.tools([{"name": "f", "parameters": PARAMETERS}], format, "required", parallel=False)
        result = mw.generate(None, "Call.", schema=tools, do_sample=True, seed=seed, max_new_tokens=120)
        (call,) = result.tool_calls
        assert type(call.arguments["n"]) is int
    judge = mw.compile(mw.tools([{"name": "plain", "parameters": PARAMETERS}], choice="required"), byte_vocabulary())
    text = b'<tool_call>\n{"name": "plain", "arguments": {"n": %s, "x": 1.0}}\n</tool_call>'
    assert first_deviation(judge, text % b"73") is None
    assert first_deviation(judge, text % b"73.0") is not None
    asked = mw.JsonSchema(PARAMETERS, integers="any")
    judge = mw.compile(mw.tools([{"name": "plain", "parameters": asked}], choice="required"), byte_vocabulary())
    assert first_deviation(judge, text % b"73.0") is None


def test_a_format_whose_texts_go_on_after_an_end_token() -> None:
    with pytest.raises(mw.UnsupportedSchema, match=r"<\|end\|> inside of texts.*take the format of this model"):
        mw.generate(None, "Call.", schema=mw.tools([get_weather], format="harmony"))


def test_methods() -> None:
    class Shop:
        def buy(self, count: int) -> int:
            return 2 * count

    assert call_in('{"count": 3}', Shop().buy)() == 6


def test_calls_that_cannot_be_made() -> None:
    with pytest.raises(mw.MaskwrightError, match="a number"):
        call_in('{"place": {"city": "7"}, "day": "2024-02-29"}')()
    call = call_in('{"city": "Oslo"}', Place)
    assert call.arguments == Place(city="Oslo")
    with pytest.raises(mw.MaskwrightError, match="no function"):
        call()
    with pytest.raises(mw.MaskwrightError, match="no function"):
        call_in('{"n": 1}', {"name": "plain", "parameters": {"properties": {"n": {}}}})()


def test_calls_are_pickled_without_their_functions() -> None:
    call = call_in('{"count": 1}', make_local())
    again = pickle.loads(pickle.dumps(call))
    assert again == call
    assert again.function is None


def make_local() -> object:
    def count_up(count: int) -> int:
        return count + 1

    return count_up
