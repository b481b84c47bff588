"""Lark grammars in Lark grammars, ``%lark { start: ... }``, as llguidance has them: one grammar, put together.

A grammar inside has names of its own, begins with ``start``, and ignores what it says itself. Terminals of one pattern
are one terminal, because the lexer would only ever find the first; what one grammar ignores and another one reads stays
apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lark.lexer import TerminalDef

from ..errors import InvalidGrammar
from .lark_quick import Loaded
from .lark_text import LARK, Inserted, LarkText, Name
from .source import error_at, line_of

START = "start"


@dataclass(frozen=True)
class Part:
    """The names of the terminals that a grammar reads, and of those that it ignores."""

    read: frozenset[str]
    ignored: frozenset[str]


@dataclass(frozen=True)
class Joined:
    """``parts``: those of the grammar and of all inside of it, if they do not ignore the same."""

    source: LarkText
    loaded: Loaded
    parts: tuple[Part, ...] = ()


def joined(source: LarkText, loaded: Loaded, read: Callable[[str], Joined]) -> Joined:
    """``loaded`` and the grammars inside of it, the texts of which ``read`` reads."""
    used = {symbol for _, symbols in loaded.rules for symbol in symbols}
    inside = {name: inserted for name, inserted in source.inserted.items() if inserted.kind == LARK and name in used}
    if not inside:
        return Joined(source, loaded)
    joining = _Joining(source, loaded)
    for name, inserted in inside.items():
        with _placed(source.original, inserted.offset):
            inner = read(str(inserted.value))
        joining.add(name, inner)
    return joining.result()


@contextmanager
def _placed(text: str, offset: int) -> Iterator[None]:
    """Errors of the grammar at ``text[offset]`` show the line of ``text``, or that grammar."""
    try:
        yield
    except InvalidGrammar as error:
        if error.file:
            raise
        if error.line:
            raise replace(error, excerpt=line_of(text, error.line)) from None
        raise error_at(text, offset, error.problem, remedy=error.remedy) from None


def shown(name: str) -> str:
    """``name`` as its grammar has it."""
    return name.partition("@")[0]


class _Joining:
    def __init__(self, source: LarkText, loaded: Loaded) -> None:
        self._source = source
        self._loaded = loaded
        self._starts: dict[str, str] = {}
        self._rules = list(loaded.rules)
        self._terminals = list(loaded.terminals)
        self._ignored = dict.fromkeys(loaded.ignored)
        self._inserted = {name: inserted for name, inserted in source.inserted.items() if inserted.kind != LARK}
        self._names: list[Name] = []
        self._defined = list(loaded.defined)
        self._undefined = list(loaded.undefined)
        self._notes = list(source.notes)
        self._parts = [_part(loaded)]
        self._known = {_key(terminal, loaded): terminal.name for terminal in loaded.terminals}

    def add(self, name: str, inner: Joined) -> None:
        """Let ``name`` stand for the start of ``inner``."""
        loaded, suffix = inner.loaded, f"@{len(self._starts)}"
        renamed = self._renamed(loaded, inner.source.inserted, suffix)

        def own(known: str) -> str:
            return renamed.get(known) or _with(known, suffix)

        self._starts[name] = own(START)
        self._rules += [(own(origin), tuple(map(own, symbols))) for origin, symbols in loaded.rules]
        self._ignored.update(dict.fromkeys(map(own, loaded.ignored)))
        self._inserted.update({own(known): inserted for known, inserted in inner.source.inserted.items()})
        for place in inner.source.names:
            self._names.append(replace(place, text=own(place.text), head=own(place.head)))
        self._defined += map(own, loaded.defined)
        self._undefined += map(own, loaded.undefined)
        self._notes += inner.source.notes
        parts = inner.parts or (_part(loaded),)
        self._parts += [Part(frozenset(map(own, part.read)), frozenset(map(own, part.ignored))) for part in parts]

    def _renamed(self, loaded: Loaded, inserted: Mapping[str, Inserted], suffix: str) -> dict[str, str]:
        """What the terminals are called here; those that are new join ours."""
        names = {name: _with(name, suffix) for name in inserted}
        for terminal in loaded.terminals:
            name = self._known.setdefault(_key(terminal, loaded), _with(terminal.name, suffix))
            names[terminal.name] = name
            if name == _with(terminal.name, suffix):
                self._terminals.append(TerminalDef(name, terminal.pattern, terminal.priority))
        return names

    def result(self) -> Joined:
        starts = self._starts
        rules = [(origin, tuple(starts.get(name, name) for name in symbols)) for origin, symbols in self._rules]
        source = replace(
            self._source, inserted=self._inserted, notes=tuple(self._notes), names_inside=tuple(self._names)
        )
        loaded = Loaded(self._terminals, rules, list(self._ignored), self._defined, tuple(self._undefined), uppers=None)
        same = len({part.ignored for part in self._parts}) == 1
        parts = [Part(part.read - starts.keys(), part.ignored) for part in self._parts]
        return Joined(source, loaded, () if same else tuple(parts))


def _part(loaded: Loaded) -> Part:
    origins = {origin for origin, _ in loaded.rules}
    read = {symbol for _, symbols in loaded.rules for symbol in symbols if symbol not in origins}
    return Part(frozenset(read - set(loaded.ignored)), frozenset(loaded.ignored))


def _key(terminal: TerminalDef, loaded: Loaded) -> tuple[object, int, bool]:
    return terminal.pattern, terminal.priority, terminal.name in loaded.ignored


def _with(name: str, suffix: str) -> str:
    rule, separator, parameter = name.partition("::")
    return f"{rule}{suffix}{separator}{parameter}"
