"""The parser of rules ``name ::= expression``, in two dialects: llama.cpp's GBNF and the EBNF of XGrammar.

White space and line ends mean nothing, except that a rule begins where a name stands before ``::=``; so whatever
llama.cpp reads is read here with the same meaning, and a little more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..charset import ANY, LAST, SURROGATE, char_set, complement
from ..errors import InvalidGrammar, LimitExceeded
from ..regex_nodes import UNBOUNDED
from .ebnf_macros import MACRO, Value, macro
from .lark_attributes import ATTRIBUTES, attributes_of
from .notation import Characters, Expression, Lazy, Literal, Reference, Repetition, Token, choice, sequence
from .source import error_at
from .token_numbers import check_token

MAX_NESTING = 100
"""Parentheses inside parentheses; walks over expressions recurse some three times this deep."""

_MAX_REPEATED = 8
"""``?``, ``*`` and the like behind each other."""

_BOUNDS = re.compile(r"\{\s*(?P<low>\d{0,18})\s*(?P<comma>,)?\s*(?P<high>\d{0,18}|-1)\s*\}")
_OPTIONS = re.compile(ATTRIBUTES)
_KEYWORD = re.compile(r"(?P<name>[a-z_]+)\s*=")
_VALUE = re.compile(r"\d{1,10}|true|false")
_COUNTED = {"?": (0, 1), "*": (0, UNBOUNDED), "+": (1, UNBOUNDED)}
_ELEMENT = ("a name", '"text"', "[characters]", "(")
_ODD_CLASS = frozenset("dDwWsSpPbB")


@dataclass(frozen=True)
class Dialect:
    """What the two forms do not share. ``escapes``: characters behind a backslash that stand for another one or
    themselves; ``macros``: whether there are XGrammar's macros and options of rules; ``other_tokens``: whether there is
    llama.cpp's ``!<name>``; ``refused``: texts that begin what is not supported, with the remedy."""

    title: str
    name: re.Pattern[str]
    escapes: Mapping[str, str]
    class_escapes: Mapping[str, str]
    quotes: str
    any_character: bool
    tokens: bool
    hex_digits: str
    blank: re.Pattern[str]
    macros: bool = False
    other_tokens: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    """A rule: its expression, and where its name stands."""

    expression: Expression
    offset: int


@dataclass(frozen=True)
class Notation:
    """A text and its rules; ``places``: where each name is first used; ``notes``: what was left out."""

    text: str
    definitions: Mapping[str, Definition]
    places: Mapping[str, int]
    notes: tuple[str, ...] = ()


def parse_notation(text: str, dialect: Dialect) -> Notation:
    """The rules of ``text``. Raises ``InvalidGrammar``, for undefined and doubly defined names too."""
    return _Parser(text, dialect).run()


class _Parser:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._position = 0
        self._depth = 0
        self._places: dict[str, int] = {}
        self._notes: list[str] = []

    # --- rules

    def run(self) -> Notation:
        definitions: dict[str, Definition] = {}
        self._skip()
        while self._position < len(self._text):
            offset = self._position
            name = self._name()
            lazy = name is not None and self._options(name)
            if name is None or not self._take("::="):
                raise self._unexpected("a rule was expected", ("a name and ::=",))
            if name in definitions:
                raise error_at(self._text, offset, f"the rule {name} is defined a second time")
            expression = self._choice()
            definitions[name] = Definition(Lazy(expression) if lazy else expression, offset)
            if self._position < len(self._text) and not self._at_rule():
                raise self._unexpected("this cannot stand here", (*_ELEMENT, "|", "a new rule"))
        for name, offset in self._places.items():
            if name not in definitions:
                raise error_at(self._text, offset, f"the rule {name} is used, but not defined")
        return Notation(self._text, definitions, self._places, tuple(self._notes))

    def _options(self, name: str) -> bool:
        """Read the options of the rule ``name``; whether it is lazy."""
        found = _OPTIONS.match(self._text, self._position) if self._dialect.macros else None
        if found is None:
            return False
        options = attributes_of(self._text, found.start(), found.end())
        if options.ending:
            raise error_at(self._text, found.start(), "suffix and stop are not supported", remedy="use lazy")
        self._notes += [f"{option} of the rule {name} is left to whoever samples" for option in options.idle]
        self._advance(len(found[0]))
        return options.lazy

    def _choice(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_NESTING:
            remedy = "use rules of their own for the inner parts"
            raise LimitExceeded(f"the grammar nests more than {MAX_NESTING} parentheses", None, remedy)
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        self._depth -= 1
        return choice(options)

    def _sequence(self) -> Expression:
        items: list[Expression] = []
        while not self._at_rule() and (item := self._element()) is not None:
            items.append(self._repeated(item))
        return sequence(items) if items else Literal("")

    def _repeated(self, item: Expression) -> Expression:
        offset = self._position
        for _ in range(_MAX_REPEATED):
            bounds = self._bounds()
            if bounds is None:
                return item
            item = Repetition(item, *bounds)
        raise error_at(
            self._text, offset, f"this is repeated {_MAX_REPEATED} times over", remedy="use one of ? * + {m,n}"
        )

    def _element(self) -> Expression | None:
        if self._dialect.macros and (found := MACRO.match(self._text, self._position)):
            return self._macro(found)
        for text, remedy in self._dialect.refused.items():
            if self._text.startswith(text, self._position):
                problem = f"{text} is not supported"
                raise error_at(self._text, self._position, problem, remedy=remedy)
        offset, character = self._position, self._peek()
        if character and character in self._dialect.quotes:
            return self._literal(character)
        if character == "[":
            return self._characters()
        if character == "." and self._dialect.any_character:
            self._advance(1)
            return Characters(ANY)
        if character == "(":
            self._advance(1)
            inner = self._choice()
            if not self._take(")"):
                raise self._unexpected("this parenthesis is not closed", (")", "|", *_ELEMENT), offset)
            return inner
        if character == "<" and self._dialect.tokens:
            return self._token()
        if self._dialect.other_tokens and self._text.startswith("!<", self._position):
            return self._other_tokens()
        name = self._name()
        if name is None:
            return None
        self._places.setdefault(name, offset)
        return Reference(name)

    def _macro(self, head: re.Match[str]) -> Expression:
        """Its arguments: texts in quotes, numbers, ``true`` and ``false``, some of them after ``name =``."""
        offset = self._position
        given: list[Value] = []
        named: dict[str, Value] = {}
        self._advance(len(head[0]))
        while not self._take(")"):
            found = _KEYWORD.match(self._text, self._position)
            self._advance(len(found[0]) if found else 0)
            value = self._value()
            if found:
                named[found["name"]] = value
            else:
                given.append(value)
            if not self._take(",") and self._peek() != ")":
                raise self._unexpected("the arguments are not closed", (")", ","))
        try:
            return macro(head["name"], given, named)
        except InvalidGrammar as error:
            raise error_at(self._text, offset, error.problem, remedy=error.remedy) from None

    def _value(self) -> Value:
        if self._peek() == '"':
            return "".join(part.text for part in [self._literal('"')] if isinstance(part, Literal))
        found = _VALUE.match(self._text, self._position)
        if found is None:
            raise self._unexpected("an argument was expected", ('"text"', "a number", "true", "false"))
        self._advance(len(found[0]))
        return int(found[0]) if found[0].isdigit() else found[0] == "true"

    def _bounds(self) -> tuple[int, int] | None:
        character = self._peek()
        if character in _COUNTED and character:
            self._advance(1)
            return _COUNTED[character]
        if character != "{":
            return None
        found = _BOUNDS.match(self._text, self._position)
        endless = found is not None and found["high"] == "-1"
        if found is None or not (found["low"] or found["high"]) or (endless and not self._dialect.macros):
            raise self._unexpected("these are no bounds", ("{m}", "{m,}", "{m,n}", "{,n}"))
        low = int(found["low"] or 0)
        high = low if not found["comma"] else int(found["high"]) if found["high"] and not endless else UNBOUNDED
        if high < low:
            raise self._unexpected("the upper bound is below the lower one", ())
        self._advance(found.end() - self._position)
        return low, high

    def _token(self) -> Expression:
        found = re.compile(r"<[^<>\s]+>").match(self._text, self._position)
        if found is None:
            raise self._unexpected("this is no token", ("<name>", "<[number]>"))
        check_token(self._text, self._position, found[0])
        self._advance(found.end() - self._position)
        return Token(found[0])

    def _other_tokens(self) -> Expression:
        """What may stand where any token but one does. A token of text is some characters, so there have to be many."""
        offset = self._position
        in_group = self._text[:offset].rstrip().endswith("(")
        self._position += 1
        token = self._token()
        assert isinstance(token, Token)
        if not re.compile(r"\)\s*[*+]" if in_group else r"[*+]").match(self._text, self._position):
            remedy = "repeat it alone, by * or +; for other lengths write the characters that may stand there"
            raise error_at(self._text, offset, f"!{token.name} is one token, however long", remedy=remedy)
        return choice([Characters(ANY), Token(f"!{token.name}")])

    # --- characters

    def _literal(self, quote: str) -> Expression:
        offset = self._position
        self._position += 1
        characters: list[str] = []
        while (character := self._peek()) != quote:
            if not character or (character == "\n" and "'" in self._dialect.quotes):
                raise error_at(self._text, offset, "this text is not closed", expected=(quote,))
            characters.append(self._character(self._dialect.escapes))
        self._advance(1)
        return Literal("".join(characters))

    def _characters(self) -> Expression:
        offset = self._position
        self._position += 1
        negated = self._peek() == "^"
        self._position += negated
        intervals: list[tuple[int, int]] = []
        while self._peek() != "]":
            if not self._peek():
                raise error_at(self._text, offset, "these characters are not closed", expected=("]",))
            place = self._position
            low = high = ord(self._character(self._dialect.class_escapes))
            if self._peek() == "-" and self._text[self._position + 1 : self._position + 2] not in ("]", ""):
                self._position += 1
                high = ord(self._character(self._dialect.class_escapes))
            if high < low:
                raise error_at(self._text, place, "the range ends before it begins")
            intervals.append((low, high))
        self._advance(1)
        chars = char_set(intervals)
        return Characters(complement(chars) if negated else chars)

    def _character(self, escapes: Mapping[str, str]) -> str:
        """The character here, escaped or not."""
        offset, character = self._position, self._peek()
        self._position += 1
        if character == "\\":
            character = self._escape(offset, escapes)
        if SURROGATE[0] <= ord(character) <= SURROGATE[1]:
            remedy = "write the character itself, or \\U with eight digits"
            raise error_at(self._text, offset, "a surrogate is no character of a text", remedy=remedy)
        return character

    def _escape(self, offset: int, escapes: Mapping[str, str]) -> str:
        kind = self._peek()
        self._position += 1
        digits = {"x": self._dialect.hex_digits, "u": "{4}", "U": "{8}"}.get(kind)
        if digits is not None:
            found = re.compile(f"[0-9a-fA-F]{digits}").match(self._text, self._position)
            if found is None or int(found[0], 16) > LAST:
                raise error_at(self._text, offset, f"\\{kind} names no code point", expected=("hexadecimal digits",))
            self._position = found.end()
            return chr(int(found[0], 16))
        if kind not in escapes or not kind:
            remedy = "write the ranges, such as [0-9]" if kind in _ODD_CLASS else ""
            raise error_at(self._text, offset, f"{self._dialect.title} knows no escape \\{kind}", remedy=remedy)
        return escapes[kind]

    # --- reading

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _advance(self, count: int) -> None:
        self._position += count
        self._skip()

    def _skip(self) -> None:
        found = self._dialect.blank.match(self._text, self._position)
        self._position = found.end() if found else self._position

    def _take(self, text: str) -> bool:
        if self._text.startswith(text, self._position):
            self._advance(len(text))
            return True
        return False

    def _name(self) -> str | None:
        found = self._dialect.name.match(self._text, self._position)
        if found is None:
            return None
        self._advance(found.end() - self._position)
        return found[0]

    def _at_rule(self) -> bool:
        """Whether a new rule begins here."""
        found = self._dialect.name.match(self._text, self._position)
        if found is None:
            return False
        end = found.end()
        for pattern in (self._dialect.blank, _OPTIONS if self._dialect.macros else None, self._dialect.blank):
            after = pattern.match(self._text, end) if pattern else None
            end = after.end() if after else end
        return self._text.startswith("::=", end)

    def _unexpected(self, problem: str, expected: tuple[str, ...], offset: int | None = None) -> InvalidGrammar:
        return error_at(self._text, self._position if offset is None else offset, problem, expected=expected)
