"""Lark's own loader, with its imports kept to what is on hand and its errors placed in the text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken, VisitError
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.load_grammar import GrammarBuilder, PackageResource, stdlib_loader

from ..errors import InvalidGrammar
from .lark_broken import BROKEN, broken_pattern
from .lark_expansion import tame
from .lark_quick import Loaded, load_quickly
from .lark_reader import UnsureError
from .lark_text import LarkText, Name
from .source import error_at, in_grammar

_PARTS = {
    "RULE": "a rule name",
    "TERMINAL": "a terminal name",
    "STRING": '"text"',
    "REGEXP": "/pattern/",
    "NUMBER": "a number",
    "OP": "? * +",
    "RULE_MODIFIERS": "? !",
    "_NL": "a new line",
    "_NL_OR": "a line with |",
    "$END": "the end",
    **{"_LPAR": "(", "_RPAR": ")", "_LBRA": "[", "_RBRA": "]", "_LBRACE": "{", "_RBRACE": "}", "_COLON": ":"},
    **{"_COMMA": ",", "_OR": "|", "_DOT": ".", "_DOTDOT": "..", "TILDE": "~", "_TO": "->", "_IGNORE": "%ignore"},
    **{"_OVERRIDE": "%override", "_DECLARE": "%declare", "_EXTEND": "%extend", "_IMPORT": "%import"},
}
"""What Lark calls the parts of its own language."""

_NAMED = re.compile(
    r"'(\w+)'|not defined: (\w+)|for (\w+) \(|\(Error at (\w+)\)|in template (\w+)|<(\w+) :"
    r"|(?:override a nonexisting|extend) (?:rule|terminal) (\w+)|\((\w+)\)|Rule (\w+)"
)
"""The names in what Lark's errors say."""

_UNSAID = "Lark's loader gives up without a word: a range is not of two characters, or a terminal uses a declared one"

_REMEDIES = {
    "twice": "write the alternative once; optional parts that follow each other can be the cause",
    "not defined": "define it, or import it",
    "arguments": "give the template as many arguments as it has parameters",
}


def load(source: LarkText, path: Path | None, start: str, keep: set[str]) -> Loaded:
    """Only terminals in use and those of ``keep``. Raises ``InvalidGrammar`` or ``LimitExceeded``."""
    _check_parts(source)
    try:
        return load_quickly(source.text, start, keep)
    except (UnsureError, RecursionError):
        return load_with_lark(source, path, start, keep)
    except BROKEN as error:
        raise broken_pattern(source.original, error) from None


def load_with_lark(source: LarkText, path: Path | None, start: str, keep: set[str]) -> Loaded:
    """What Lark's own loader says."""
    reading = _Reading(source.text)
    name = "<grammar>" if path is None else str(path.absolute())
    with reading.errors(source):
        builder = GrammarBuilder(False, [reading.imported])
        builder.load_grammar(source.text, name)
        grammar = builder.build()
        for declared in [rule[0] for rule in grammar.rule_defs if rule[2] is None]:
            raise _named(source, f"the rule '{declared}' is declared, but not defined")
        defined = [rule[0] for rule in grammar.rule_defs if not rule[1]]
        if start not in defined:
            known = f"; rules are {', '.join(defined[:8])}" if defined else ""
            raise InvalidGrammar(f"no rule is called {start!r}{known}", remedy="define it, or name another as start")
        tame(grammar)
        terminals, rules, ignored = grammar.compile([start], keep)
    return _loaded(terminals, rules, ignored, defined)


def _loaded(terminals: list[TerminalDef], rules: list[Rule], ignored: list[str], defined: list[str]) -> Loaded:
    plain = [(rule.origin.name, tuple(symbol.name for symbol in rule.expansion)) for rule in rules]
    origins = {origin for origin, _ in plain}
    nonterminals = {symbol.name for rule in rules for symbol in rule.expansion if not symbol.is_term}
    return Loaded(terminals, plain, ignored, defined, tuple(sorted(nonterminals - origins)))


def _check_parts(source: LarkText) -> None:
    """Refuse terminals that Lark does not know of as parts of others."""
    for place in source.names if source.inserted else ():
        if place.head.isupper() and not place.defines and place.text in source.inserted:
            problem = f"the terminal {place.text} is no pattern of Lark's, and so can be no part of another one"
            raise error_at(source.original, place.offset, problem, remedy="combine terminals in a rule")


class _Reading:
    """Which of several texts is being read, so that a place can be shown in the right one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._imported = ""

    def imported(self, base: object, name: str) -> tuple[object, str]:
        """Lark's hook for imports: where ``name`` (``folder/name.lark``) was found, and its text."""
        self._imported = name
        if base is None or isinstance(base, PackageResource):
            try:
                found, self._text = stdlib_loader(base, name)
            except OSError:
                remedy = (
                    "write %import .name for a file beside the grammar; Lark's own are common, python, unicode, lark"
                )
                raise InvalidGrammar(f"Lark has no grammar {name}", remedy=remedy) from None
            return found, self._text
        if not base:
            remedy = "pass the path of the grammar's file instead of its text"
            raise InvalidGrammar(f"{name} is to be imported from beside a text that has no place", remedy=remedy)
        file = Path(str(base), name)
        try:
            self._text = in_grammar(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidGrammar(f"{file} cannot be imported: {error}") from None
        return str(file), self._text

    @contextmanager
    def errors(self, source: LarkText) -> Iterator[None]:
        """Lark's errors as ``InvalidGrammar``, placed."""
        try:
            yield
        except UnexpectedInput as error:
            raise self._unexpected(source, error, "") from None
        except InvalidGrammar as error:
            raise self._placed(source, error) from None
        except BROKEN as error:
            raise broken_pattern(source.original, error) from None
        except (LarkError, AssertionError, ValueError, TypeError) as error:
            if isinstance(error, VisitError) and isinstance(error.orig_exc, BROKEN):
                raise broken_pattern(source.original, error.orig_exc) from None
            if isinstance(error.__context__, UnexpectedInput):  # while Lark looked for words to say it in
                raise self._unexpected(source, error.__context__, str(error)) from None
            if isinstance(error, TypeError):
                raise
            raise _named(source, _said(error)) from None
        except RecursionError:
            raise InvalidGrammar("the grammar is nested too deeply", remedy="use more rules") from None

    def _unexpected(self, source: LarkText, error: UnexpectedInput, said: str) -> InvalidGrammar:
        said = said.split(", at line")[0] if ", at line" in said else "this cannot stand here"
        names = error.accepts or error.expected if isinstance(error, UnexpectedToken) else set()
        expected = sorted({_PARTS.get(name, name) for name in names})
        text = source.original if self._text == source.text else self._text
        offset = min(error.pos_in_stream or 0, len(source.text))
        before = source.text if text is source.original else text
        line, column = before.count("\n", 0, offset), offset - before.rfind("\n", 0, offset) - 1
        starts = [0, *(found.end() for found in re.finditer("\n", text))]
        place = starts[line] + column if line < len(starts) else len(text)  # a last backslash adds a line
        placed = error_at(text, min(place, len(text)), said, expected=expected)
        return replace(placed, file=self._imported)

    def _placed(self, source: LarkText, error: InvalidGrammar) -> InvalidGrammar:
        """An error of an import, at the ``%import`` that names it."""
        if error.line or not self._imported:
            return error
        stem = self._imported.removesuffix(".lark").replace(os.sep, r"\s*\.\s*")
        found = re.search(rf"%import[ \t]+\.?[ \t]*{stem}\b", source.original)
        if found is None:
            return error
        return error_at(source.original, found.start(), error.problem, remedy=error.remedy)


def _said(error: Exception) -> str:
    if isinstance(error, VisitError):
        return _said(error.orig_exc)
    if len(error.args) == 2 and isinstance(error.args[1], SyntaxError):
        return f"the escapes are broken: {error.args[1].msg} ({error.args[0]})"
    return str(error)


def _named(source: LarkText, said: str) -> InvalidGrammar:
    """The error of which Lark says no more than ``said``, at the first name in it that the text knows."""
    problem = re.sub(r"\s*\(Error at \w+\)|NonTerminal\('(\w+)'\)", r"\1", " ".join(said.split())) or _UNSAID
    remedy = next((remedy for part, remedy in _REMEDIES.items() if part in said), "")
    for groups in _NAMED.findall(said):
        name = next(filter(None, groups))
        places = [known for known in source.names if known.text == name]
        if places:
            return error_at(source.original, _telling(places, said).offset, problem, remedy=remedy)
    literal = re.search(r"\((\W.*)\)$", said)
    if literal and literal[1] in source.original:
        return error_at(source.original, source.original.index(literal[1]), problem, remedy=remedy)
    return InvalidGrammar(problem, remedy=remedy)


def _telling(places: list[Name], said: str) -> Name:
    """Of the places of a name the one that the error is about."""
    defining = [place for place in places if place.defines]
    if "more than once" in said and len(defining) > 1:
        return defining[1]
    if "not defined" in said or "arguments" in said:
        return next((place for place in places if not place.defines), places[0])
    return defining[0] if defining else places[0]
