"""Attributes of rules, as llguidance writes them: ``text[lazy]: /.*/ "."``, ``text[suffix="</t>"]: /(.|\\n)*/``.

``lazy`` ends a rule's text as soon as it can end; ``suffix`` and ``stop`` say besides what it ends with. The rule has
to be one row of patterns, texts and terminals of the same text. ``capture`` and ``temperature`` change nothing about
the texts of the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import InvalidGrammar
from .lark_sets import Whole, sets_at
from .source import error_at

_LITERAL = r'"(?:\\.|[^"\\\n])*"i?|/(?!/)(?:\\.|[^/\\\n])*/[imslux]*'
ATTRIBUTES = rf"\[(?:{_LITERAL}|[^\]\n\"/])*\]"
"""A pattern for them, in their brackets."""

_ATTRIBUTE = re.compile(rf"[\s\[,]*(?P<name>\w+)\s*(?:=\s*(?P<value>{_LITERAL}|[\w.+-]+))?\s*(?=[,\]])")
_NAME = r"_?[A-Z][A-Z0-9_]*"
_PART = re.compile(rf"[^\S\n]*(?P<part>{_LITERAL}|{_NAME}(?!\w))")
_END = re.compile(r"(?:[^\S\n]|//[^\n]*|#[^\n]*)*(?=\n|\Z)(?!\s*\|)")

_IDLE = ("capture", "temperature")
_ENDING = ("stop", "suffix")
_NO_TEXT = ('""', "//")
_ENDS = re.compile(rf"[\"/]|{_NAME}\Z")


@dataclass(frozen=True)
class Attributes:
    """``ending``: what ``suffix`` or ``stop`` says, as written; ``idle``: those that leave the texts as they are."""

    lazy: bool
    ending: str | None
    idle: tuple[str, ...]


@dataclass(frozen=True)
class Until:
    """One text after another, each in its quotes or slashes, or a terminal's; the first end there is."""

    parts: tuple[str | Whole, ...]


def attributes_of(text: str, start: int, end: int) -> Attributes:
    """Those in ``text[start:end]``. Raises ``InvalidGrammar`` for what is no attribute, or not supported."""
    lazy, ending, idle, position = False, None, [], start
    while found := _ATTRIBUTE.match(text, position, end):
        position, name, value = found.end(), found["name"], found["value"]
        if name in _ENDING and value and value not in _NO_TEXT and ending is None and _ENDS.match(value):
            ending = value
        elif name == "lazy" and value is None:
            lazy = True
        elif name in _IDLE:
            idle.append(name)
        else:
            raise _unknown(text, found)
    if text[position:end].strip() != "]" or position == start:
        raise error_at(text, position, "this is no attribute of a rule", expected=_EXPECTED)
    return Attributes(lazy or ending is not None, ending, tuple(idle))


_EXPECTED = ("lazy", 'suffix="text"', "suffix=/pattern/", 'capture="name"', "temperature=0.5")


def _unknown(text: str, found: re.Match[str]) -> InvalidGrammar:
    name, value = found["name"], found["value"]
    remedy = "leave it out"
    if name in ("max_tokens", "max_chars"):
        remedy = "bound the text itself, such as x{0,80}, or give generate max_new_tokens"
    elif name in _ENDING and value == '""':
        remedy = "the end token is no text: leave it out, and let nothing follow the rule"
    elif name in _ENDING:
        remedy = 'give it one text or pattern, such as suffix="</t>"'
    written = name if value is None else f"{name}={value}"
    return error_at(text, found.start("name"), f"the attribute {written} is not supported", remedy=remedy)


def until(text: str, start: int, attributes: Attributes, heads: Mapping[str, int]) -> tuple[Until, int]:
    """What a lazy rule whose definition begins at ``text[start]`` stands for, and where it ends.

    ``heads``: where the definitions of terminals begin, by name.
    """
    parts: list[str | Whole] = []
    position = start
    while found := _PART.match(text, position):
        parts.append(_part(text, found.start("part"), found["part"], heads))
        position = found.end()
    if not parts or not _END.match(text, position):
        remedy = 'write a row such as /(.|\\n)*/ "end" in this rule, and the rest in the rules that use it'
        raise error_at(text, position, "a lazy rule is one row of patterns and texts", remedy=remedy)
    if attributes.ending:
        parts.append(_part(text, start, attributes.ending, heads))
    return Until(tuple(parts)), position


def _part(text: str, place: int, part: str, heads: Mapping[str, int]) -> str | Whole:
    """``part``, or what it is the name of."""
    if part[0] in '"/':
        return part
    if part not in heads:
        remedy = "define it as a terminal in this text"
        raise error_at(text, place, f"no terminal {part} is defined here", remedy=remedy)
    found, _ = sets_at(text, part, heads)
    if isinstance(found, Whole):
        return found
    remedy = "write what it matches as one pattern"
    raise error_at(text, place, f"the terminal {part} of a lazy rule intersects or complements", remedy=remedy)
