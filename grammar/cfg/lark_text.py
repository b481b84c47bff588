"""The text of a Lark grammar before Lark reads it: what goes beyond Lark's language becomes declared terminals.

``%json``, ``%regex`` and special tokens give way to names, padded so that whatever follows keeps its line and column (a
backslash before a line feed continues a line in Lark). Of llguidance's language, ``{m,n}`` is written as Lark does, and
attributes of rules are taken off (``lark_attributes``); a rule that is given a parameter becomes a rule of its own, and
a condition a terminal (``lark_parameters``), until there are plain rules (``lark_instances``). The names of the text
are listed with their places, as Lark's errors have none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property

from .lark_attributes import ATTRIBUTES, attributes_of, until
from .lark_parameters import Call, Parameters, condition_at, value_at
from .lark_sets import has_sets, sets_at
from .source import error_at
from .token_numbers import check_token

_LEXEME = re.compile(
    r"""
      (?P<blank> [^\S\n]+ | //[^\n]* | \#[^\n]* | \\[ ]*\n )
    | (?P<newline> \n )
    | (?P<literal> "(?:\\.|[^"\\\n])*"i? | /(?!/)(?:\\.|[^/\\])*/[imslux]* )
    | (?P<embedded> %(?:json|regex|lark)\b | <[^<>\s]+> )
    | (?P<condition> (?:->[ \t]*\w+[ \t]*)?%if\b )
    | (?P<call> [A-Za-z_]\w*[ \t]*:: )
    | (?P<bounds> \{\s*(?:(?P<low>\d+)\s*(?P<comma>,)?\s*(?P<high>\d*)|,\s*(?P<most>\d+))\s*\} )
    | (?P<directive> %[a-z]+ )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEYOND_LARK = re.compile(
    rf"%(?:json|regex|lark|if|llguidance)\b|<[^<>\s]+>|\{{[\s\d,]+\}}|[&@~]|::|\x22\x22|\w[ \t]*{ATTRIBUTES}[^\n:]*:"
)
_BEYOND_LITERALS = re.compile(
    r'"(?:\\.|[^"\\\n])+"|//[^\n]*|\#[^\n]*|/(?:\\.|[^/\\])*/|(?P<beyond>' + _BEYOND_LARK.pattern + ")", re.DOTALL
)
"""The same outside of texts, patterns and comments."""
_HEAD = re.compile(
    r"(?:%(?:override|extend)[ \t]+)?[?!]*(?P<name>[A-Za-z_]\w*)(?P<parameter>[ \t]*::[ \t]*_(?!\w))?"
    r"[ \t]*(?:\{[^}\n]*\})?[ \t]*"
    rf"(?P<attributes>{ATTRIBUTES})?[ \t]*(?:\.[ \t]*(?P<priority>[+-]?\d+))?[ \t]*:(?!:)"
)
_HEADS = re.compile(r"^[ \t]*(?P<name>_?[A-Z]\w*)[ \t]*(?:\.[ \t]*[+-]?\d+)?[ \t]*:", re.MULTILINE)
_OPENING = dict(zip(")]}", "([{", strict=True))
_FOREIGN = {
    "&": "intersect in the definition of a terminal",
    "@": "write its rules here as %lark { start: ... }, or its schema as %json { ... }",
    "::": "write rule::_ where a rule with a parameter is defined, and rule::0 where it is used",
}
"""What other engines add to Lark's language, and the remedies."""
_IDLE_OPTIONS = ("no_forcing", "allow_initial_skip")
"""Of llguidance; what is ignored may always stand at the start."""
_RULES_ALONE = "let a rule have it, whose name is in small letters"
_AFTER = re.compile(r"(?:[^\S\n]+|//[^\n]*|\#[^\n]*)*(?=\n|\Z)(?!\s*\|)")
_REGEXP = re.compile(r"/(?P<pattern>(?!/)(?:\\.|[^/\\\n])*)/(?P<flags>[a-z]*)", re.DOTALL)


TOKEN = "token"
LARK = "%lark"
UNTIL = "until"
SETS = "sets"


@dataclass(frozen=True)
class Name:
    """A name in the text: where, in whose definition it stands, and whether it is the one defined there."""

    text: str
    offset: int
    head: str
    defines: bool


@dataclass(frozen=True)
class Inserted:
    """What stands at ``offset`` instead of a name. ``kind``: ``%json``, ``%regex``, ``TOKEN``, ``LARK``, ``UNTIL`` or
    ``SETS``; ``value``: a JSON value, a pattern, the token, a grammar, an ``Until``, or a ``Whole`` or ``Sets``."""

    kind: str
    value: object
    offset: int
    priority: int = 0


@dataclass(frozen=True)
class LarkText:
    """``original`` as Lark can read it, what its new names stand for, and what was left out."""

    original: str
    text: str
    inserted: dict[str, Inserted]
    notes: tuple[str, ...] = ()
    parameters: Parameters = field(default_factory=Parameters)
    names_inside: tuple[Name, ...] = ()

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """Those of the original, and those of grammars inside of it."""
        return _Preparation(self.original).run()[1] + self.names_inside


def prepared(text: str) -> LarkText:
    """Raises ``InvalidGrammar`` for a ``%json`` or ``%regex`` that is broken or stands where none can."""
    if _BEYOND_LARK.search(text) and any(found.lastgroup == "beyond" for found in _BEYOND_LITERALS.finditer(text)):
        return _Preparation(text).run()[0]
    return LarkText(text, text, {})


class _Preparation:
    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] = []
        self._copied = 0
        self._names: list[Name] = []
        self._inserted: dict[str, Inserted] = {}
        self._declared: list[str] = []
        self._known: dict[tuple[str, str], str] = {}
        self._notes: list[str] = []
        self._parameters = Parameters()
        self._open: list[tuple[str, int]] = []
        self._item = 0
        self._prefix = "E"
        while re.search(rf"(?i)\b{self._prefix}\d", text):
            self._prefix += "E"

    def run(self) -> tuple[LarkText, tuple[Name, ...]]:
        head: re.Match[str] | None = None
        at_start, position = True, 0
        while position < len(self._text):
            if at_start and (found := _HEAD.match(self._text, position)):
                head, at_start = found, False
                self._names.append(Name(head["name"], head.start("name"), head["name"], True))
                if head["parameter"]:
                    self._define(head)
                position = self._without_attributes(head) if head["attributes"] else self._sets(head)
                self._open = []
                continue
            lexeme = _LEXEME.match(self._text, position)
            assert lexeme is not None
            self._follow(lexeme, head)
            position = self._beyond(lexeme, head)
            if lexeme.lastgroup == "name":
                self._names.append(Name(lexeme[0], lexeme.start(), head["name"] if head else "", False))
            elif lexeme.lastgroup == "directive":
                head = None
            at_start = lexeme.lastgroup == "newline" or (at_start and lexeme.lastgroup == "blank")
        self._parts.append(self._text[self._copied :])
        self._parts.extend(f"\n%declare {name}" for name in self._declared)
        self._parts.extend(f"\n{name}: {call.rule}" for name, call in self._parameters.calls.items())
        text = LarkText(self._text, "".join(self._parts), self._inserted, tuple(self._notes), self._parameters)
        return text, tuple(self._names)

    def _beyond(self, lexeme: re.Match[str], head: re.Match[str] | None) -> int:
        """Put what Lark can read for a lexeme that it does not know; where reading goes on."""
        kind = lexeme.lastgroup
        if kind == "embedded":
            return self._replace(lexeme, head)
        if kind in ("call", "condition"):
            return self._parameter(lexeme, head)
        if lexeme[0] == "%llguidance":
            return self._options(lexeme)
        if lexeme[0] == '""' and head is not None and not head["name"].isupper():
            self._put("()", lexeme.start(), lexeme.end())
        return lexeme.end()

    def _options(self, lexeme: re.Match[str]) -> int:
        """Take off the options of llguidance, which change nothing about the texts; where they end."""
        start = _skipped(self._text, lexeme.end())
        given, end = self._json(start)
        if not isinstance(given, dict):
            raise error_at(self._text, start, "%llguidance takes no such value", expected="{}")
        for name, value in given.items():
            if not isinstance(value, bool):
                raise error_at(self._text, start, f"the option {name:.40} is neither true nor false")
            if value and name not in _IDLE_OPTIONS:
                raise error_at(self._text, start, f"the option {name:.40} is not supported", remedy="leave it out")
        self._put("", lexeme.start(), end)
        return end

    def _define(self, head: re.Match[str]) -> None:
        """Take the parameter off the rule that is defined."""
        if head["name"].isupper():
            raise error_at(self._text, head.start("name"), "a terminal has no parameter", remedy=_RULES_ALONE)
        if head["attributes"] and attributes_of(self._text, *head.span("attributes")).lazy:
            problem = f"the rule {head['name']} has a parameter, and cannot be lazy"
            raise error_at(self._text, head.start("attributes"), problem, remedy="let it use a rule that is")
        self._parameters.rules[head["name"]] = head.start("name")
        self._put("", *head.span("parameter"))

    def _parameter(self, lexeme: re.Match[str], head: re.Match[str] | None) -> int:
        """Put a rule for a rule that is given a parameter, a terminal for a condition; where it ends."""
        if head is None or head["name"].isupper():
            shown = lexeme[0][lexeme[0].rindex("%") :] if lexeme.lastgroup == "condition" else lexeme[0]
            raise error_at(self._text, lexeme.start(), f"{shown} cannot stand here", remedy=_RULES_ALONE)
        if lexeme.lastgroup == "condition":
            name = f"{self._prefix}{len(self._inserted)}"
            condition, end = condition_at(self._text, lexeme.end())
            self._parameters.conditions[name] = condition
            self._inserted[name] = Inserted("%if", condition, lexeme.start())
            self._declared.append(name)
        else:
            name = f"{self._prefix.lower()}{len(self._parameters.calls)}"
            value, end = value_at(self._text, lexeme.end())
            rule = lexeme[0].removesuffix("::").rstrip()
            self._parameters.calls[name] = Call(rule, value, lexeme.start())
            self._names.append(Name(rule, lexeme.start(), head["name"], False))
        self._put(name, lexeme.start(), end)
        return end

    def _follow(self, lexeme: re.Match[str], head: re.Match[str] | None) -> None:
        """Keep where the last item of a rule begins, write ``{m,n}`` behind it as Lark does, refuse what cannot be."""
        text, kind, place = lexeme[0], lexeme.lastgroup, lexeme.start()
        foreign = "::" if self._text.startswith("::", place) else text
        if foreign in _FOREIGN and kind in ("other", "directive"):
            remedy = _FOREIGN[foreign]
            raise error_at(self._text, place, f"{foreign} is not of Lark's language, and not supported", remedy=remedy)
        if kind == "bounds" and head is not None:
            self._repeat(lexeme)
        elif kind in ("literal", "embedded", "call", "name"):
            self._item = self._written(place)
        elif text in ("(", "[", "{"):
            self._open.append((text, self._item if text == "{" else self._written(place)))
        elif text in _OPENING and self._open and self._open[-1][0] == _OPENING[text]:
            self._item = self._open.pop()[1]

    def _written(self, offset: int) -> int:
        """Where ``text[offset]`` will stand in what Lark reads."""
        return sum(map(len, self._parts)) + offset - self._copied

    def _repeat(self, bounds: re.Match[str]) -> None:
        """``x{m,n}`` as ``x~m..n``, and ``x{m,}`` as ``x~m x*``."""
        low, high = bounds["low"] or "0", bounds["most"] or bounds["high"] or bounds["low"]
        if bounds["comma"] and not bounds["high"]:
            written = "".join(self._parts) + self._text[self._copied : bounds.start()]
            repeated = f"~{low} {written[self._item :]}*"
        else:
            repeated = f"~{low}" if low == high else f"~{low}..{high}"
        self._put(repeated, bounds.start(), bounds.end())

    def _sets(self, head: re.Match[str]) -> int:
        """Declare a terminal that intersects or complements; where reading goes on."""
        if not head["name"].isupper() or not has_sets(self._text, head.end()):
            return head.end()
        value, end = sets_at(self._text, head["name"], {**self._heads, head["name"]: head.end()})
        self._inserted[head["name"]] = Inserted(SETS, value, head.end(), int(head["priority"] or 0))
        for lexeme in _LEXEME.finditer(self._text, head.end(), end):
            if lexeme.lastgroup == "name":
                self._names.append(Name(lexeme[0], lexeme.start(), head["name"], False))
        self._put(f"%declare {head['name']}", head.start(), end)
        return end

    @cached_property
    def _heads(self) -> dict[str, int]:
        """Where the definitions of terminals begin."""
        return {found["name"]: found.end() for found in _HEADS.finditer(self._text)}

    def _without_attributes(self, head: re.Match[str]) -> int:
        """Take the attributes off the rule; where reading goes on."""
        start, end = head.span("attributes")
        found = attributes_of(self._text, start, end)
        self._notes += [f"{name} of the rule {head['name']} is left to whoever samples" for name in found.idle]
        if not found.lazy:
            self._put("", start, end)
            return head.end()
        parts, after = until(self._text, head.end(), found, self._heads)
        name = self._declare(Inserted(UNTIL, parts, head.end()))
        for lexeme in _LEXEME.finditer(self._text, start, after):
            if lexeme.lastgroup == "name":
                self._names.append(Name(lexeme[0], lexeme.start(), head["name"], False))
        self._put("", start, end)
        self._put(f" {name}", head.end(), after)
        return after

    def _replace(self, lexeme: re.Match[str], head: re.Match[str] | None) -> int:
        """Put a name for the directive; where it ends."""
        if head is None:
            raise error_at(self._text, lexeme.start(), f"{lexeme[0]} stands outside of rules and terminals")
        value, end = self._value(lexeme)
        kind = TOKEN if lexeme[0].startswith("<") else lexeme[0]
        inserted = Inserted(kind, value, lexeme.start())
        if not head["name"].isupper():
            self._put(self._declare(inserted), lexeme.start(), end)
            return end
        self._check_alone(lexeme, head, end)
        name = head["name"]
        self._inserted[name] = Inserted(kind, value, lexeme.start(), int(head["priority"] or 0))
        self._put(f"%declare {name}", head.start(), end)
        return end

    def _declare(self, inserted: Inserted) -> str:
        """The name of a terminal for ``inserted``: the same for equal ones, since of two the lexer would take one."""
        key = inserted.kind, repr(inserted.value)
        if key not in self._known:
            name = self._known[key] = f"{self._prefix}{len(self._inserted)}"
            self._declared.append(name)
            self._inserted[name] = inserted
        return self._known[key]

    def _check_alone(self, lexeme: re.Match[str], head: re.Match[str], end: int) -> None:
        between = self._text[head.end() : lexeme.start()]
        if between.strip() or head[0].startswith("%") or not _AFTER.match(self._text, end):
            problem = f"{lexeme[0]} can be a terminal, but no part of one"
            remedy = "give it a terminal of its own, and combine terminals in a rule"
            raise error_at(self._text, lexeme.start(), problem, remedy=remedy)

    def _put(self, name: str, start: int, end: int) -> None:
        """``name`` in place of ``text[start:end]``, as many lines and, where there is room, columns long."""
        lines = self._text[start:end].split("\n")
        padding = " " * (end - start - len(name))
        if len(lines) > 1:
            padding = "\\\n" * (len(lines) - 1) + " " * len(lines[-1])
        self._parts += [self._text[self._copied : start], name, padding]
        self._copied = end

    def _value(self, lexeme: re.Match[str]) -> tuple[object, int]:
        """What stands behind the directive, and where it ends."""
        if lexeme[0].startswith("<"):
            check_token(self._text, lexeme.start(), lexeme[0])
            return lexeme[0], lexeme.end()
        start = _skipped(self._text, lexeme.end())
        if lexeme[0] == LARK:
            return self._grammar(start)
        if lexeme[0] == "%json" or self._text.startswith(("{", '"'), start):
            value, end = self._json(start)
            known = (dict, bool) if lexeme[0] == "%json" else (dict, str)
            if not isinstance(value, known):
                raise error_at(self._text, start, f"{lexeme[0]} takes no such value", expected=_EXPECTED[lexeme[0]])
            return value, end
        found = _REGEXP.match(self._text, start)
        if found is None:
            raise error_at(self._text, start, "%regex has no pattern", expected=_EXPECTED["%regex"])
        if set(found["flags"]) - set("ims"):
            raise error_at(self._text, found.start("flags"), "%regex knows no such flag", expected="ims")
        flags = f"(?{found['flags']})" if found["flags"] else ""
        return flags + found["pattern"], found.end()

    def _grammar(self, start: int) -> tuple[str, int]:
        """A grammar in braces, on the lines and columns where it stands."""
        depth = 0
        for lexeme in _LEXEME.finditer(self._text, start):
            depth += {"{": 1, "}": -1}.get(lexeme[0], 0)
            if depth == 0:
                break
        else:
            raise error_at(self._text, start, "the braces of %lark are not closed")
        if lexeme[0] != "}":
            raise error_at(self._text, start, "%lark has no grammar", expected="{")
        before = re.sub(r"[^\n]", " ", self._text[: start + 1])
        return before + self._text[start + 1 : lexeme.start()], lexeme.end()

    def _json(self, start: int) -> tuple[object, int]:
        try:
            value, end = _DECODER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            raise error_at(self._text, error.pos, f"the JSON is broken: {error.msg}") from None
        except RecursionError:
            raise error_at(self._text, start, "the JSON is nested too deeply") from None
        except ValueError as error:
            raise error_at(self._text, start, f"the JSON is broken: {error}") from None
        return value, end


def _no_constant(name: str) -> object:
    raise ValueError(f"JSON has no {name}")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_EXPECTED = {
    "%json": ("a schema in braces", "true", "false"),
    "%regex": ("/pattern/", '"pattern"', '{"substring_...": ...}'),
}


def _skipped(text: str, offset: int) -> int:
    """Where the white space at ``offset`` ends."""
    while text[offset : offset + 1].isspace():
        offset += 1
    return offset
