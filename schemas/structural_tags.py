"""Structural tags: texts described in JSON, as XGrammar and the servers that use it take them.

    {"type": "structural_tag", "format": {"type": "sequence", "elements": [...]}}

One function for each type of format turns it into shapes, tags, grammars and schemas. The older description, with
``structures`` and ``triggers``, is read too. Not supported: bounds in tokens or characters, JSON in the spellings of
other formats (``style``), and tokens that are any but some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..grammar.cfg.ebnf import Ebnf
from ..grammar.cfg.gbnf import Gbnf
from ..grammar.cfg.shapes import Many, OneOf, Part, Row, Text, Until
from ..grammar.cfg.tags_form import Tags
from ..grammar.errors import InvalidGrammar, LimitExceeded
from ..grammar.regex_form import Regex
from .json_text import read_document
from .specification import JsonSchema

_Format = Mapping[str, Any]
_DEEPEST = 100
"""Keys and indices on the way to a format."""


def structural_tag(description: object, **options: Any) -> Part:
    """The form that ``description`` describes, for ``compile`` and ``generate``.

    ``description``: a mapping or JSON text, ``{"type": "structural_tag", "format": ...}``, or the format alone.
    ``options``: those of :class:`JsonSchema`, for all schemas in it. A schema's ``any_order`` stands for
    ``property_order="any"``. Names of the vocabulary's special tokens in texts are those tokens.

    Raises ``InvalidGrammar`` with a JSON pointer for what is no description, or not supported.
    """
    if isinstance(description, str):
        description = _read_text(description)
    place = _Place((), options)
    found = place.mapping(description)
    if found.get("type", "structural_tag") == "structural_tag":
        if "structures" in found:
            return _structures(found, place)
        return place.child("format").part(found.get("format"))
    return place.part(found)


def _read_text(text: str) -> object:
    try:
        return read_document(text)
    except ValueError as error:
        raise InvalidGrammar(f"the structural tag is not JSON: {error}") from None


@dataclass(frozen=True)
class _Place:
    """Where a format stands. ``ends``: texts that end the tag around it, and so do not occur in free text."""

    keys: tuple[str | int, ...]
    options: Mapping[str, Any]
    ends: tuple[str, ...] = ()

    def child(self, *keys: str | int, ends: tuple[str, ...] | None = None) -> _Place:
        return _Place((*self.keys, *keys), self.options, self.ends if ends is None else ends)

    def error(self, problem: str, remedy: str = "") -> InvalidGrammar:
        pointer = "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in self.keys)
        return InvalidGrammar(f"{problem} at {pointer or 'the root'}", pointer, remedy)

    def part(self, given: object) -> Part:
        if len(self.keys) > _DEEPEST:
            raise LimitExceeded("the formats are nested too deeply", remedy="leave out those that hold one other only")
        found = self.mapping(given)
        kind = found.get("type")
        if not isinstance(kind, str) or kind not in _FORMATS:
            raise self.error(f"{kind!r:.60} is no type of format", f"types are {', '.join(_FORMATS)}")
        read, known = _FORMATS[kind]
        for key in found:
            if key != "type" and key not in known:
                raise self.error(f"{key!r:.60} means nothing in {kind}", f"known are {', '.join(sorted(known))}")
        return read(found, self)

    def mapping(self, given: object) -> _Format:
        if not isinstance(given, Mapping):
            raise self.error(f"{given!r:.60} is no object")
        return given

    def text(self, found: _Format, key: str, default: str | None = None) -> str:
        value = found.get(key, default)
        if not isinstance(value, str):
            raise self.child(key).error(f"{value!r:.60} is no text")
        return value

    def texts(self, found: _Format, key: str) -> tuple[str, ...]:
        value = found.get(key) or ()
        if (
            isinstance(value, str)
            or not isinstance(value, Sequence)
            or not all(isinstance(each, str) for each in value)
        ):
            raise self.child(key).error(f"{value!r:.60} is no list of texts")
        return tuple(value)

    def items(self, found: _Format, key: str) -> list[tuple[object, _Place]]:
        value = found.get(key)
        if isinstance(value, str) or not isinstance(value, Sequence) or not value:
            raise self.child(key).error(f"{value!r:.60} is no list of formats")
        return [(each, self.child(key, index)) for index, each in enumerate(value)]

    def without(self, found: _Format, *keys: str) -> None:
        """Refuse what cannot be enforced."""
        for key in keys:
            if found.get(key) not in (None, [], ()):
                raise self.child(key).error(f"{key} is not supported", "leave it out, or bound the whole by generate")


# --- one function for each type


def _const_string(found: _Format, place: _Place) -> Part:
    return Text(place.text(found, "value"))


def _json_schema(found: _Format, place: _Place) -> Part:
    place.without(found, "excludes")
    if found.get("style", "json") != "json":
        remedy = "mw.tools writes calls as several models do, qwen3-coder among them"
        raise place.child("style").error(f"the style {found['style']!r:.40} is not supported", remedy)
    if "json_schema" not in found:
        raise place.error("json_schema is missing")
    said: dict[str, object] = {"property_order": "any"} if found.get("any_order") else {}
    blanks = found.get("max_whitespace_cnt")
    if blanks is not None:
        if not isinstance(blanks, int) or blanks < 0:
            raise place.child("max_whitespace_cnt").error(f"{blanks!r:.60} is no count")
        said["whitespace"] = Regex(rf"[ \t\r\n]{{0,{blanks}}}")
    return JsonSchema(found["json_schema"], **{**said, **place.options})


def _grammar(found: _Format, place: _Place) -> Part:
    return Ebnf(place.text(found, "grammar"))


def _regex(found: _Format, place: _Place) -> Part:
    place.without(found, "excludes")
    return Regex(place.text(found, "pattern"))


def _any_text(found: _Format, place: _Place) -> Part:
    place.without(found, "max_tokens", "max_chars")
    return Until("", (*place.texts(found, "excludes"), *place.ends))


def _sequence(found: _Format, place: _Place) -> Part:
    return Row(tuple(each_place.part(each) for each, each_place in place.items(found, "elements")))


def _or(found: _Format, place: _Place) -> Part:
    return OneOf(tuple(each_place.part(each) for each, each_place in place.items(found, "elements")))


def _repeated(low: int, high: int | None) -> Callable[[_Format, _Place], Part]:
    return lambda found, place: Many(place.child("content").part(found.get("content")), low, high)


def _repeat(found: _Format, place: _Place) -> Part:
    low, high = found.get("min"), found.get("max")
    if not isinstance(low, int) or not isinstance(high, int) or low < 0 or (high != -1 and high < low):
        raise place.error(f"min={low!r:.20} and max={high!r:.20} leave no number of times")
    return Many(place.child("content").part(found.get("content")), low, None if high == -1 else high)


def _token(found: _Format, place: _Place) -> Part:
    token = found.get("token")
    if isinstance(token, int) and not isinstance(token, bool):
        return Gbnf(f"root ::= <[{token}]>")
    return Text(place.text(found, "token"))


def _tag(found: _Format, place: _Place) -> Part:
    begin = found.get("begin")
    opening = Text(begin) if isinstance(begin, str) else place.child("begin").part(begin)
    return Row((opening, _inside(found, place)))


def _inside(found: _Format, place: _Place) -> Part:
    """The content and end of a tag."""
    end = found.get("end")
    if isinstance(end, Mapping):
        closing: Part = place.child("end").part(end)
        name = end.get("token")
        ends: tuple[str, ...] = (name,) if isinstance(name, str) else ()
    else:
        ends = (end,) if isinstance(end, str) else place.texts(found, "end")
        closing = OneOf(tuple(map(Text, ends))) if len(ends) > 1 else Text("".join(ends))
    inner = place.child("content", ends=tuple(filter(None, ends)) or place.ends)
    content = place.mapping(found.get("content"))
    if content == {"type": "any_text"} and isinstance(end, str) and end:
        return Until(end)  # the first one, also where it overlaps with itself
    return Row((inner.part(content), closing))


def _triggered_tags(found: _Format, place: _Place) -> Part:
    triggers = place.texts(found, "triggers")
    tags = []
    for each, each_place in place.items(found, "tags"):
        tag = each_place.mapping(each)
        tags.append((each_place.text(tag, "begin"), _inside(tag, each_place)))
    return _dispatched(tags, triggers, found, place)


def _token_triggered_tags(found: _Format, place: _Place) -> Part:
    tags = []
    for each, each_place in place.items(found, "tags"):
        tag = each_place.mapping(each)
        begin = each_place.child("begin")
        tags.append((begin.text(begin.mapping(tag.get("begin")), "token"), _inside(tag, each_place)))
    given = {**found, "excludes": ()}  # free text holds no special tokens in any case
    return _dispatched(tags, place.texts(found, "trigger_tokens"), given, place)


def _dispatch(found: _Format, place: _Place) -> Part:
    tags = []
    for each, each_place in place.items(found, "rules"):
        if isinstance(each, str) or not isinstance(each, Sequence) or len(each) != 2 or not isinstance(each[0], str):
            raise each_place.error(f"{each!r:.60} is no text with a format")
        tags.append((each[0], each_place.child(1).part(each[1])))
    given = {**found, "stop_after_first": not found.get("loop", True)}
    return _dispatched(tags, tuple(text for text, _ in tags), given, place)


def _dispatched(tags: list[tuple[str, Part]], triggers: tuple[str, ...], found: _Format, place: _Place) -> Part:
    """Free text in which ``triggers`` open one of ``tags``, each of which is what it begins with and the rest."""
    barred = (*place.texts(found, "excludes"), *place.ends)
    at_once = OneOf(tuple(Row((Text(begin), rest)) for begin, rest in tags))
    try:
        looped = Tags([(begin, rest) for begin, rest in tags], triggers=triggers, without=barred)
    except InvalidGrammar as error:
        raise place.error(error.problem, error.remedy) from None
    if found.get("at_least_one"):
        return at_once if found.get("stop_after_first") else Row((at_once, looped))
    if not found.get("stop_after_first"):
        return looped
    opened = []
    for trigger in dict.fromkeys(triggers):
        others = tuple(text for text in (*triggers, *barred) if text != trigger)
        rests = [Row((Text(begin[len(trigger) :]), rest)) for begin, rest in tags if begin.startswith(trigger)]
        opened.append(Row((Until(trigger, others), OneOf(tuple(rests)))))
    return OneOf((Until("", (*triggers, *barred)), *opened))


def _tags_with_separator(found: _Format, place: _Place) -> Part:
    one = OneOf(tuple(_tag(each_place.mapping(each), each_place) for each, each_place in place.items(found, "tags")))
    high = 1 if found.get("stop_after_first") else None
    return Many(one, 1 if found.get("at_least_one") else 0, high, place.text(found, "separator"))


def _structures(found: _Format, place: _Place) -> Part:
    """The older description: tags with schemas in free text."""
    tags = []
    for each, each_place in place.items(found, "structures"):
        tag = each_place.mapping(each)
        schema = JsonSchema(tag.get("schema", True), **place.options)
        tags.append((each_place.text(tag, "begin"), schema, each_place.text(tag, "end")))
    return Tags(tags, triggers=place.texts(found, "triggers"))


_DISPATCHING = frozenset({"tags", "at_least_one", "stop_after_first"})
_FORMATS: Mapping[str, tuple[Callable[[_Format, _Place], Part], frozenset[str]]] = {
    "const_string": (_const_string, frozenset({"value"})),
    "json_schema": (
        _json_schema,
        frozenset({"json_schema", "style", "any_order", "max_whitespace_cnt", "excludes"}),
    ),
    "grammar": (_grammar, frozenset({"grammar"})),
    "regex": (_regex, frozenset({"pattern", "excludes"})),
    "any_text": (_any_text, frozenset({"excludes", "max_tokens", "max_chars"})),
    "sequence": (_sequence, frozenset({"elements"})),
    "or": (_or, frozenset({"elements"})),
    "optional": (_repeated(0, 1), frozenset({"content"})),
    "plus": (_repeated(1, None), frozenset({"content"})),
    "star": (_repeated(0, None), frozenset({"content"})),
    "repeat": (_repeat, frozenset({"content", "min", "max"})),
    "tag": (_tag, frozenset({"begin", "content", "end"})),
    "triggered_tags": (_triggered_tags, _DISPATCHING | {"triggers", "excludes"}),
    "tags_with_separator": (_tags_with_separator, _DISPATCHING | {"separator"}),
    "dispatch": (_dispatch, frozenset({"rules", "loop", "excludes"})),
    "token": (_token, frozenset({"token"})),
    "token_triggered_tags": (_token_triggered_tags, _DISPATCHING | {"trigger_tokens", "exclude_tokens"}),
}
"""For each type its function, and the keys that it may have."""
