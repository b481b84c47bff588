"""Reading the text of a Lark grammar into trees, quickly, where there is no doubt what it means.

Lark's own loader builds the same trees with a parser made for any grammar, which takes ten times as long. What is not
read here, and whatever Lark may refuse, raises ``UnsureError``: then Lark's loader decides, and says what is wrong.

Trees are tuples, whose first part says what they are:

    (OR, *sequences)            alternatives; of a rule, a sequence may be (ALIAS, sequence, name)
    (ROW, *parts)               a sequence
    (TERMINAL, name), (RULE, name), (STRING, text), (REGEXP, text), (RANGE, text, text)
    (OPTIONAL, alternatives)    in brackets
    (REPEAT, part, operator)    ``?``, ``*`` or ``+``
    (TIMES, part, least, most)  ``most`` is ``None`` where one number stands
    (TEMPLATE, name, *parts)    a template with its arguments
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Tree = tuple[Any, ...]

OR, ROW, ALIAS, TERMINAL, RULE, STRING, REGEXP, RANGE, OPTIONAL, REPEAT, TIMES, TEMPLATE = [
    "or",
    "row",
    "alias",
    "terminal",
    "rule",
    "string",
    "regexp",
    "range",
    "optional",
    "repeat",
    "times",
    "template",
]

_LEXEME = re.compile(
    r"""
    [ \t]*  # before each lexeme, so that blanks are none by themselves
    (?:
      (?P<skip> \s*//[^\n]* | \s*\#[^\n]* | \\[ ]*\n )
    | (?P<or> (?:\n+\s*)?\| )
    | (?P<line> \n+\s* )
    | (?P<string> "(?:\\[^\n]|[^"\\\n])*"i? )
    | (?P<regexp> /(?!/)(?:\\.|[^/\\])*/[imslux]* )
    | (?P<terminal> _?[A-Z][_A-Z0-9]* )
    | (?P<rule> _?[a-z][_a-z0-9]* )
    | (?P<number> [+-]?\d+ )
    | (?P<modifiers> (?:!\??|\?!?)(?=[_a-z]) )
    | (?P<repeat> [+*?] )
    | (?P<mark> -> | \.\. | [][(){}:,.~] )
    | (?P<directive> %[a-z]+ )
    | (?P<unknown> . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)
"""As Lark's own terminals, in Lark's order."""

_END = "end"
_ENDS = frozenset(("or", ")", "]", "line", "->", _END))


class UnsureError(Exception):
    """Lark has to say what the text means."""


@dataclass(frozen=True)
class Definition:
    """Of a rule or terminal. ``tree`` is ``None`` for what is declared only; ``keeps``: a rule's ``!``."""

    name: str
    tree: Tree | None
    parameters: tuple[str, ...] = ()
    priority: int = 0
    keeps: bool = False
    is_terminal: bool = False


@dataclass(frozen=True)
class Import:
    """``names``: what is imported from ``library``, and how it is called here."""

    library: str
    names: dict[str, str]


@dataclass(frozen=True)
class Statements:
    """What a text says, in order. ``ignored``: trees. ``uppers``: how often names of terminals occur."""

    imports: list[Import] = field(default_factory=list)
    definitions: list[Definition | Tree] = field(default_factory=list)
    uppers: Counter[str] = field(default_factory=Counter)


def statements(text: str) -> Statements:
    """``text`` read; what is ignored stands among the definitions, as a tree. Raises ``UnsureError``."""
    lexemes = [
        (kind, lexeme[kind])
        for lexeme in _LEXEME.finditer(text + "\n")
        if (kind := lexeme.lastgroup) is not None and kind != "skip"
    ]
    kinds = [value if kind == "mark" else kind for kind, value in lexemes]
    values = [value for _, value in lexemes]
    if "unknown" in kinds:
        raise UnsureError
    kinds.append(_END)
    values.append("")
    return _Reader(kinds, values).run()


def mentioned(tree: Tree) -> set[str]:
    """The names of all rules, templates and terminals in ``tree``."""
    found = {tree[1]} if tree[0] in (RULE, TERMINAL, TEMPLATE) else set()
    return found.union(*(mentioned(part) for part in tree[1:] if isinstance(part, tuple)))


class _Reader:
    def __init__(self, kinds: list[Any], values: list[str]) -> None:
        self._kinds = kinds
        self._values = values
        self._place = 0
        self._in_rule = False

    def run(self) -> Statements:
        kinds = self._kinds
        found = Statements()
        found.uppers.update(value for kind, value in zip(kinds, self._values, strict=True) if kind == "terminal")
        while kinds[self._place] != _END:
            kind = kinds[self._place]
            if kind == "line":
                self._place += 1
            elif kind in ("rule", "modifiers"):
                found.definitions.append(self._rule())
            elif kind == "terminal":
                found.definitions.append(self._terminal())
            elif kind == "directive":
                self._directive(found)
            else:
                raise UnsureError
        return found

    def _take(self, *kinds: str) -> str:
        place = self._place
        if self._kinds[place] not in kinds:
            raise UnsureError
        self._place = place + 1
        return self._values[place]

    def _have(self, kind: str) -> bool:
        if self._kinds[self._place] != kind:
            return False
        self._place += 1
        return True

    # --- statements

    def _rule(self) -> Definition:
        modifiers = self._take("modifiers") if self._kinds[self._place] == "modifiers" else ""
        name = self._take("rule")
        if "?" in modifiers and name.startswith("_"):
            raise UnsureError
        parameters = []
        if self._have("{"):
            parameters.append(self._take("rule"))
            while self._have(","):
                parameters.append(self._take("rule"))
            self._take("}")
        self._take(":")
        self._in_rule = True
        tree = self._alternatives(not name.startswith("_"))
        self._in_rule = False
        self._take("line")
        return Definition(name, tree, tuple(parameters), keeps="!" in modifiers)

    def _terminal(self) -> Definition:
        name = self._take("terminal")
        priority = int(self._take("number")) if self._have(".") else 0
        self._take(":")
        tree = self._alternatives(False)
        self._take("line")
        return Definition(name, tree, priority=priority, is_terminal=True)

    def _directive(self, found: Statements) -> None:
        directive = self._take("directive")
        if directive == "%ignore":
            found.definitions.append(self._alternatives(False))
        elif directive == "%import":
            found.imports.append(self._import())
        elif directive == "%declare":
            found.definitions.append(Definition(self._take("terminal"), None, is_terminal=True))
            while self._kinds[self._place] == "terminal":
                found.definitions.append(Definition(self._take("terminal"), None, is_terminal=True))
        else:
            raise UnsureError
        self._take("line")

    def _import(self) -> Import:
        path = [self._take("rule", "terminal")]
        while self._have("."):
            path.append(self._take("rule", "terminal"))
        if self._have("("):
            names = [self._take("rule", "terminal")]
            while self._have(","):
                names.append(self._take("rule", "terminal"))
            self._take(")")
            return Import("/".join(path), dict(zip(names, names, strict=True)))
        if len(path) == 1:
            raise UnsureError
        name = path.pop()
        return Import("/".join(path), {name: self._take("rule", "terminal") if self._have("->") else name})

    # --- trees

    def _alternatives(self, aliases: bool) -> Tree:
        found = [self._sequence(aliases)]
        while self._have("or"):
            found.append(self._sequence(aliases))
        return (OR, *found)

    def _sequence(self, aliases: bool) -> Tree:
        kinds = self._kinds
        parts: list[Any] = [ROW]
        while kinds[self._place] not in _ENDS:
            parts.append(self._part())
        if self._have("->"):
            if not aliases:
                raise UnsureError
            return (ALIAS, tuple(parts), self._take("rule"))
        return tuple(parts)

    def _part(self) -> Tree:
        atom = self._atom()
        kind = self._kinds[self._place]
        if kind == "repeat":
            return (REPEAT, atom, self._take("repeat"))
        if kind != "~":
            return atom
        self._place += 1
        least, most = int(self._take("number")), None
        if self._have(".."):
            most = int(self._take("number"))
        if not 0 <= least <= (least if most is None else most):
            raise UnsureError
        return (TIMES, atom, least, most)

    def _atom(self) -> Tree:
        kind = self._kinds[self._place]
        if kind == "(" or kind == "[":
            self._place += 1
            inner = self._alternatives(False)
            self._take(")" if kind == "(" else "]")
            return inner if kind == "(" else (OPTIONAL, inner)
        return self._value()

    def _value(self) -> Tree:
        kind = self._kinds[self._place]
        value = self._take("string", "regexp", "terminal", "rule")
        if kind == "string" and self._have(".."):
            return (RANGE, value, self._take("string"))
        if kind == "rule":
            if not self._in_rule:
                raise UnsureError
            if self._have("{"):
                arguments = [self._value()]
                while self._have(","):
                    arguments.append(self._value())
                self._take("}")
                return (TEMPLATE, value, *arguments)
        return (kind, value)
