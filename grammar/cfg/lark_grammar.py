"""Grammars in Lark's language, read by Lark's own loader.

Lark parses the text and its imports and turns templates, repetitions and options into plain rules; its lexer's order
of terminals becomes their rank. What a text means is thus decided by Lark itself. Nothing is fetched: imports come from
Lark's own grammars and from the folder of the grammar's file.
"""

from __future__ import annotations

import re
from collections import Counter

from lark.lexer import PatternStr, TerminalDef

from ..errors import InvalidGrammar, MaskwrightError, UnsatisfiableGrammar
from ..limits import Budget
from .analysis import productive, reachable
from .byte_dfa import ByteDfa
from .lark_attributes import Until
from .lark_broken import BROKEN, broken_pattern
from .lark_form import Lark
from .lark_indenter import Blocks, blocks_of
from .lark_instances import instantiated, name_of
from .lark_keywords import keywords_of
from .lark_lazy import lazy_dfa
from .lark_loader import load
from .lark_nested import START, Joined, Part, joined, shown
from .lark_patterns import width_of
from .lark_sets import Sets, Whole, sets_dfa
from .lark_text import SETS, TOKEN, UNTIL, Inserted, prepared
from .literals import folded_literal_dfa, literal_dfa
from .model import Embedded, Grammar, Indentation, Lexing, Region, Rule, SpecialToken, Supplied, Terminal
from .python_pattern import python_pattern_dfa
from .regular_grammar import inserted_automaton
from .source import error_at, errors_of, file_of, place_of, text_of

_WIDEST = 1 << 64
_MOST_NESTED = 50
"""Grammars inside of each other."""
"""Wider than any pattern is for Lark."""


def read_lark(form: Lark, budget: Budget) -> Grammar:
    """The grammar of ``form``. Raises ``InvalidGrammar``, ``UnsatisfiableGrammar``, or what a pattern raises."""
    with errors_of(form.text):
        blocks = blocks_of(form.indenter)
        keep = {blocks.newline} if blocks else set()
        return _Assembly(_read(text_of(form.text), form, form.start, keep, budget), blocks, budget).grammar(form.start)


def _read(text: str, form: Lark, start: str, keep: set[str], budget: Budget, nested: int = 0) -> Joined:
    """``text``, which is that of ``form`` or stands in it, by Lark's terminals and plain rules."""
    if nested > _MOST_NESTED:
        problem = f"more than {_MOST_NESTED} grammars are nested in each other"
        raise InvalidGrammar(problem, remedy="write the innermost ones as rules")
    source = prepared(text)
    loaded = load(source, file_of(form.text), start, keep)
    if source.parameters.rules or source.parameters.conditions or source.parameters.calls:
        loaded = instantiated(source, loaded, start, budget)
    return joined(source, loaded, lambda inside: _read(inside, form, START, set(), budget, nested + 1))


class _Assembly:
    """Lark's terminals and rules, by numbers."""

    def __init__(self, read: Joined, blocks: Blocks | None, budget: Budget) -> None:
        self._source, loaded = read.source, read.loaded
        self._loaded = loaded
        self._parts = read.parts
        self._blocks = blocks
        self._budget = budget
        self._defined = {terminal.name: terminal for terminal in loaded.terminals}
        origins = dict.fromkeys(origin for origin, _ in loaded.rules)
        for name in loaded.undefined:
            problem = f"the template {name} is used without arguments"
            raise self._error(name, problem, "give it as many arguments as it has parameters")
        used = {symbol for _, symbols in loaded.rules for symbol in symbols} - origins.keys()
        names = {*self._defined, *used, *loaded.ignored}
        for terminal in loaded.terminals:
            value = terminal.pattern.value
            if not (isinstance(terminal.pattern, PatternStr) and value and value.isascii()):
                self._check(terminal)
        self._numbers = {name: number for number, name in enumerate(sorted(names, key=self._order))}
        order = sorted(loaded.terminals, key=lambda terminal: self._numbers[terminal.name])
        self._keywords = keywords_of(order, frozenset(loaded.ignored), budget)
        self._nonterminals = {name: number for number, name in enumerate(origins)}
        self._symbols = {**self._numbers, **{name: ~number for name, number in self._nonterminals.items()}}

    def _order(self, name: str) -> tuple[int, int, int, str]:
        """Lark's order of terminals; what only we know comes after Lark's that may be as long."""
        if name in self._defined:
            terminal = self._defined[name]
            return -terminal.priority, -terminal.pattern.max_width, -len(terminal.pattern.value), name
        inserted = self._source.inserted.get(name)
        return (-inserted.priority if inserted else 0), -_WIDEST, 0, name

    def grammar(self, start: str) -> Grammar:
        """All of it, with notes of what is useless."""
        symbols = self._symbols
        ignored = frozenset(self._loaded.ignored)
        rules = [
            Rule(~symbols[origin], tuple([symbols[name] for name in expansion]))
            for origin, expansion in self._loaded.rules
            if ignored.isdisjoint(expansion)  # the lexer never hands these on
        ]
        grammar = Grammar(
            terminals=tuple(map(self._terminal, self._numbers)),
            nonterminals=tuple(self._nonterminals),
            rules=tuple(rules),
            start=self._nonterminals[start],
            ignored=frozenset(self._numbers[name] for name in ignored),
            lexing=Lexing.LONGEST,
            indentation=self._indentation(),
            regions=tuple(map(self._region, self._parts)),
        )
        return grammar.with_notes(self._notes(grammar))

    # --- terminals

    def _terminal(self, name: str) -> Terminal:
        numbers, keywords = self._numbers, self._keywords
        return Terminal(
            name=self._shown(name),
            content=self._content(name),
            rank=numbers[name],
            keywords={text.encode(): numbers[other] for text, other in keywords.exact.get(name, {}).items()},
            keyword_only=frozenset([numbers[other] for other in keywords.only.get(name, ())]),
            folded_keywords=tuple([numbers[other] for other in keywords.folded.get(name, ())]),
        )

    def _shown(self, name: str) -> str:
        if name in self._defined:
            said = self._defined[name].user_repr()
            return shown(name) if said == name else said
        inserted = self._source.inserted.get(name)
        if inserted is not None and inserted.kind == TOKEN:
            return str(inserted.value)
        known = any(place.defines and place.text == name for place in self._source.names)
        return shown(name) if known or inserted is None else f"{inserted.kind} ({self._place(inserted.offset)})"

    def _content(self, name: str) -> ByteDfa | Embedded | SpecialToken | Supplied:
        try:
            if name in self._defined:
                return self._pattern(self._defined[name])
            if name in self._source.inserted:
                return self._inserted(self._source.inserted[name])
        except MaskwrightError as error:
            if isinstance(error, InvalidGrammar):
                raise
            raise type(error)(f"{error.problem}, in the terminal {self._shown(name)}", None, error.remedy) from None
        if self._blocks and name in (self._blocks.indent, self._blocks.dedent):
            return Supplied()
        remedy = "define it; only the INDENT_type and DEDENT_type of an indenter can be declared"
        if self._blocks is None and name.endswith(("INDENT", "DEDENT")):
            remedy = "pass an indenter, such as lark.indenter.PythonIndenter()"
        raise self._error(name, f"the terminal {shown(name)} is declared, but nothing says what it is", remedy)

    def _check(self, terminal: TerminalDef) -> None:
        """Refuse what Lark's lexer refuses, and surrogates."""
        pattern, shown = terminal.pattern, self._shown(terminal.name)
        try:
            pattern.value.encode()
            if not isinstance(pattern, PatternStr) and width_of(pattern) is None:
                re.compile(pattern.to_regexp())
        except BROKEN as error:
            said = self._error(terminal.name, f"the pattern of the terminal {shown} is broken: {error}", "")
            raise (said if said.line else broken_pattern(self._source.original, error)) from None
        except UnicodeEncodeError:
            problem = f"the terminal {shown} holds a surrogate, which no text does"
            raise self._error(terminal.name, problem, "write the character itself") from None
        if pattern.min_width == 0 and terminal.name in self._loaded.ignored:
            problem = f"the terminal {shown}, which is ignored, may match nothing at all"
            raise self._error(terminal.name, problem, "let it match one character at least")

    def _pattern(self, terminal: TerminalDef) -> ByteDfa:
        pattern, flags = terminal.pattern, frozenset(terminal.pattern.flags)
        if not isinstance(pattern, PatternStr):
            found = python_pattern_dfa(pattern.value, flags, self._budget, may_be_empty=True)
            if found.guard is not None and found.endings[found.start]:
                shown = self._shown(terminal.name)
                problem = f"the terminal {shown} may match nothing at all, depending on what follows"
                raise self._error(terminal.name, problem, "let it match one character at least")
            return found
        if flags == {"i"}:
            return folded_literal_dfa(pattern.value)
        if flags:
            return python_pattern_dfa(re.escape(pattern.value), flags, self._budget)
        return literal_dfa(pattern.value.encode())

    def _inserted(self, inserted: Inserted) -> ByteDfa | Embedded | SpecialToken:
        if inserted.kind == TOKEN:
            return SpecialToken(str(inserted.value))
        if inserted.kind == "%json":
            return Embedded(inserted.value, self._place(inserted.offset))
        try:
            if isinstance(inserted.value, Until):
                return lazy_dfa(inserted.value, self._budget)
            if isinstance(inserted.value, Whole | Sets):
                return sets_dfa(inserted.value, self._budget)
            return inserted_automaton(inserted.value, self._budget)
        except InvalidGrammar as error:
            raise error_at(self._source.original, inserted.offset, error.problem, remedy=error.remedy) from None

    def _place(self, offset: int) -> str:
        line, column = place_of(self._source.original, offset)
        return f"line {line}, column {column}"

    def _error(self, name: str, problem: str, remedy: str) -> InvalidGrammar:
        """``problem`` where ``name`` is defined, used or, for a terminal without a name, spelled."""
        text = self._source.original
        places = sorted((not place.defines, place.offset) for place in self._source.names if place.text == name)
        offset = places[0][1] if places else text.find(self._shown(name))
        return InvalidGrammar(problem, remedy=remedy) if offset < 0 else error_at(text, offset, problem, remedy=remedy)

    # --- the rest

    def _region(self, part: Part) -> Region:
        """What ``part`` ignores beside what it reads; newlines that are left out belong to the grammar around."""
        members = frozenset(self._numbers[name] for name in part.read)
        beside = {self._numbers[name] for name in part.ignored}
        if self._blocks is not None and part is self._parts[0]:
            beside.add(self._numbers[self._blocks.newline])
        return Region(members, frozenset(beside))

    def _indentation(self) -> Indentation | None:
        blocks, numbers = self._blocks, self._numbers
        if blocks is None:
            return None
        for name in (blocks.newline, blocks.indent, blocks.dedent):
            if name not in numbers:
                problem = f"the grammar does not use the terminal {name} of the indenter"
                raise self._error(name, problem, "name the terminals as the indenter does, or pass none")
        openers = frozenset(numbers[name] for name in blocks.openers if name in numbers)
        closers = frozenset(numbers[name] for name in blocks.closers if name in numbers)
        newline, indent, dedent = numbers[blocks.newline], numbers[blocks.indent], numbers[blocks.dedent]
        return Indentation(newline, indent, dedent, openers, closers, blocks.tab_columns)

    def _swallowed(self) -> list[str]:
        """The ignored terminals that rules name."""
        named = {name for _, expansion in self._loaded.rules for name in expansion}
        return [name for name in dict.fromkeys(self._loaded.ignored) if name in named]

    def _notes(self, grammar: Grammar) -> tuple[str, ...]:
        """What is useless. Raises ``UnsatisfiableGrammar`` if all is."""
        fruitful, used = productive(grammar), reachable(grammar)
        ending = {name_of(name) for name, number in self._nonterminals.items() if number in fruitful}
        barren = [name for name in dict.fromkeys(map(name_of, self._nonterminals)) if name not in ending]
        barren = list(dict.fromkeys(shown(name) for name in barren if not name.startswith("__")))
        if grammar.start not in fruitful:
            problem = (
                f"no text can be derived from {grammar.nonterminals[grammar.start]}: {', '.join(barren)} never end"
            )
            if self._swallowed():
                problem += f" ({', '.join(map(self._shown, self._swallowed()))} is ignored, and so never read)"
            raise UnsatisfiableGrammar(problem, None, "give one of them an alternative that does not lead back to it")
        known = {name_of(name) for name, number in self._nonterminals.items() if ~number in used}
        lost = [name for name in self._loaded.defined if name not in known and "__" not in name]
        counts = self._loaded.uppers
        if counts is None or any(inserted.kind in (SETS, UNTIL) for inserted in self._source.inserted.values()):
            counts = Counter(place.text for place in self._source.names)
        idle = [name for name, count in counts.items() if name.isupper() and count == 1 and name not in self._numbers]
        return (
            *self._source.notes,
            *(f"the rule {name} derives no text" for name in barren),
            *(f"the rule {shown(name)} cannot be reached from {grammar.nonterminals[grammar.start]}" for name in lost),
            *(f"the terminal {shown(name)} is not used" for name in idle),
            *(f"the terminal {self._shown(name)} is ignored, also where a rule names it" for name in self._swallowed()),
        )
