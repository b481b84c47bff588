"""Tool calling: functions are called with arguments of the types that they are annotated with."""

from datetime import date, timedelta
from enum import Enum

import maskwright as mw


class Unit(Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


def get_weather(city: str, day: date, unit: Unit = Unit.CELSIUS) -> str:
    return f"In {city!r} on {day:%d %b %Y}: 21 degrees {unit.name.title()}"


def count_days(start: date, end: date) -> timedelta:
    return end - start


tools = mw.tools([get_weather, count_days], format="hermes", choice="required", parallel=False)
for seed in range(4):
    result = mw.generate(None, "Use a tool.", schema=tools, do_sample=True, seed=seed, max_new_tokens=300)
    for call in result.tool_calls:
        print(f"{call.name}({call.arguments}) -> {call()}")
