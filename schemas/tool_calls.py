"""Finding the calls in what a model wrote, where a grammar made sure that they are well-formed.

What is cut off is no call. Nothing here checks a format: a text of the format's grammar is taken for granted, or the
beginning of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..grammar.errors import MaskwrightError
from .tool_parameters import is_raw, object_of
from .tool_schemas import Tool

_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]')  # a string that is cut off is one, too
_BLANKS = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class ToolCall:
    """``name`` was called with ``arguments``: a dict for schemas and functions, an instance for a type.

    The arguments of a function are of the types that it is annotated with, and ``call()`` calls it with them.
    ``text``: the arguments as JSON. ``error``: why ``arguments`` is ``None``, where the type behind the schema refuses
    them in a way that no schema can say. ``function``: what was given as the tool, if it is one; it is not pickled.
    """

    name: str
    arguments: object
    text: str = field(repr=False)
    error: MaskwrightError | None = field(default=None, repr=False)
    function: Callable[..., object] | None = field(default=None, repr=False, compare=False)

    def __call__(self) -> object:
        """Call the function; raises ``error`` if there is one, and ``MaskwrightError`` if no function was given."""
        if self.error is not None:
            raise self.error
        if self.function is None or not isinstance(self.arguments, dict):
            raise MaskwrightError(
                f"no function is known for the tool {self.name!r}", remedy="call what you have with its arguments"
            )
        return self.function(**self.arguments)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "function": None}


def tool_call(tool: Tool, text: str) -> ToolCall:
    """The call of ``tool`` with the arguments ``text``, JSON."""
    try:
        return ToolCall(tool.name, tool.arguments.parse(text), text, function=tool.function)
    except MaskwrightError as error:
        return ToolCall(tool.name, None, text, error, tool.function)


def end_of_object(text: str, start: int) -> int | None:
    """Where the JSON object that begins at ``start``, or after blanks, ends; ``None`` if it is cut off.

    >>> end_of_object('x{"a": "}"} y', 1)
    11
    """
    depth = 0
    for match in _BRACKET.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth == 0 and match[0] == "}":
            return match.end()
    return None


@dataclass(frozen=True)
class Spelling:
    """How a call is written: ``begin``, the arguments, ``end``. In ``begin`` and ``end``, ``%s`` is the tool's name.

    ``parameter``: how each argument begins and ends, where they are not JSON; ``%s`` is its name.
    """

    begin: str
    end: str
    quoted: bool = False
    parameter: tuple[str, str] | None = None

    def beginning(self, name: str) -> str:
        return self.begin.replace("%s", json.dumps(name, ensure_ascii=False) if self.quoted else name)


@dataclass(frozen=True)
class Reading:
    """Where calls are found. ``triggers``: what their beginnings, or those of ``lists``, begin with.

    ``lists``: what a list of calls begins with; ``separator`` is between the calls of one. ``lead``: a pattern of all
    that goes before the one call, where this is not found by a trigger.
    """

    spellings: tuple[Spelling, ...]
    triggers: tuple[str, ...]
    lists: tuple[str, ...] = ()
    separator: str = ""
    lead: str = ""

    def calls(self, text: str, start: int, tools: Mapping[str, Tool]) -> Iterator[ToolCall]:
        """The calls in ``text`` from ``start`` on."""
        if self.lead:
            before = re.compile(self.lead, re.DOTALL).match(text, start)
            found = None if before is None else self._call(text, before.end(), tools)
            yield from [] if found is None else [found[0]]
            return
        place: int | None = start
        while place is not None:
            place = self._next(text, place)
            while place is not None:
                found = self._call(text, place, tools)
                if found is None:
                    return
                call, place = found
                yield call
                if not self.lists or not text.startswith(self.separator, place):
                    break
                if not any(text.startswith(begin, place + len(self.separator)) for begin in self._begins(tools)):
                    break
                place += len(self.separator)

    def _next(self, text: str, start: int) -> int | None:
        """Where the next call begins: behind the trigger that ends first."""
        places = [(text.find(trigger, start), len(trigger)) for trigger in self.triggers]
        ends = [(place + length, -length) for place, length in places if place >= 0]
        if not ends:
            return None
        end, negative = min(ends)
        begun = end + negative
        opened = [begin for begin in self.lists if text.startswith(begin, begun)]
        return begun + len(max(opened, key=len)) if opened else begun

    def _begins(self, tools: Mapping[str, Tool]) -> list[str]:
        return [spelling.beginning(name) for spelling in self.spellings for name in tools]

    def _call(self, text: str, start: int, tools: Mapping[str, Tool]) -> tuple[ToolCall, int] | None:
        """The call at ``start``, and where it ends; ``None`` if it is cut off."""
        for spelling in self.spellings:
            for tool in tools.values():
                begin = spelling.beginning(tool.name)
                if text.startswith(begin, start):
                    found = _arguments(spelling, tool, text, start + len(begin))
                    if found is not None and text.startswith(spelling.end, found[1]):
                        return tool_call(tool, found[0]), found[1] + len(spelling.end)
        return None


def _arguments(spelling: Spelling, tool: Tool, text: str, start: int) -> tuple[str, int] | None:
    """The arguments as JSON, and where they end."""
    if spelling.parameter is None:
        end = end_of_object(text, start)
        return None if end is None else (text[start:end], end)
    before, after = spelling.parameter
    members: list[str] = []
    schema = object_of(tool)
    properties = schema.get("properties", {})
    assert isinstance(properties, Mapping)
    place = start
    while True:
        key = next((k for k in properties if text.startswith(before.replace("%s", k), place)), None)
        if key is None:
            return "{" + ", ".join(members) + "}", place
        place += len(before.replace("%s", key))
        end = text.find(after, place)
        if end < 0:
            return None
        value = text[place:end]
        members.append(f"{json.dumps(key)}: {json.dumps(value) if is_raw(properties[key], schema) else value}")
        place = end + len(after)


def behind(text: str, reasoning: tuple[str, str]) -> int | None:
    """Where what follows ``reasoning`` begins; ``None`` if it is not finished."""
    end = text.find(reasoning[1], len(reasoning[0]))
    return None if end < 0 else end + len(reasoning[1])
