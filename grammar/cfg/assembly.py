"""Putting a scannerless grammar together: from texts with special tokens, other grammars, schemas, and shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence

from ..errors import InvalidGrammar, MaskwrightError
from ..limits import Budget
from .byte_dfa import ByteDfa
from .literals import literal_dfa
from .model import Embedded, Grammar, Lexing, Rule, SpecialToken, Terminal
from .regular import ending_with, intersection, until_dfa, without_dfa
from .shapes import SHAPES, Many, OneOf, Part, Row, Text, Until
from .tags_form import identity

Symbols = tuple[int, ...]
Pieces = tuple[str | SpecialToken, ...]


class Assembly:
    """A grammar in the making.

    ``special_tokens``: the names that texts are searched for. ``read``: the grammar of a content, ``None`` if it is not
    one but a schema.
    """

    def __init__(self, budget: Budget, special_tokens: Iterable[str], read: Callable[[object], Grammar | None]) -> None:
        self.budget = budget
        names = sorted(filter(None, special_tokens), key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, names)) if names else r"(?!)")
        self._read = read
        self._terminals: list[Terminal] = []
        self._known: dict[object, int] = {}
        self._nonterminals: list[str] = []
        self._rules: list[Rule] = []
        self._notes: dict[str, None] = {}
        self._contents: dict[Hashable, int] = {}

    def grammar(self, start: int) -> Grammar:
        """What the nonterminal ``start`` derives."""
        terminals, names, rules = tuple(self._terminals), tuple(self._nonterminals), tuple(self._rules)
        return Grammar(terminals, names, rules, start, lexing=Lexing.EVERY, notes=tuple(self._notes))

    # --- symbols

    def nonterminal(self, name: str) -> int:
        self._nonterminals.append(name)
        return len(self._nonterminals) - 1

    def add(self, origin: int, symbols: Symbols) -> None:
        self._rules.append(Rule(origin, symbols))

    def terminal(self, name: str, content: ByteDfa | Embedded | SpecialToken, key: object) -> int:
        """The terminal of ``content``; one for each ``key``."""
        if key not in self._known:
            self._known[key] = len(self._terminals)
            self._terminals.append(Terminal(name, content, len(self._terminals)))
        return self._known[key]

    # --- texts

    def pieces(self, text: str) -> Pieces:
        """``text`` cut at the names of special tokens; of no text, one empty piece."""
        found: list[str | SpecialToken] = []
        place = 0
        for match in self._names.finditer(text):
            found += [text[place : match.start()], SpecialToken(match[0])]
            place = match.end()
        found.append(text[place:])
        return tuple(filter(None, found)) or ("",)

    def written(self, pieces: Sequence[str | SpecialToken]) -> Symbols:
        return tuple(
            self.terminal(repr(piece), literal_dfa(piece.encode()), piece)
            if isinstance(piece, str)
            else self.terminal(piece.name, piece, piece)
            for piece in pieces
            if piece
        )

    def until(self, end: str, without: Sequence[str] = ()) -> Symbols:
        """Any text, without any of ``without``, up to the first ``end``, and this; a special token, written by name,
        does not occur in it either, so that it can be read in one way only."""
        pieces = self.pieces(end)
        texts = [piece for piece in pieces if isinstance(piece, str)]
        tokens = [piece for piece in pieces if isinstance(piece, SpecialToken)]
        forbidden = [text.encode() for text in (*without, *(token.name for token in tokens[:1]))]
        if not end or tokens:
            dfa = without_dfa(forbidden, self.budget)
            if isinstance(pieces[0], str) and pieces[0]:
                dfa = intersection([dfa, ending_with(pieces[0].encode())], self.budget)
                pieces = pieces[1:]
        else:
            whole = [text.encode() for text in texts]
            dfa = until_dfa([*whole, *forbidden], self.budget)
            if forbidden:
                dfa = intersection([dfa, ending_with(whole[0])], self.budget)
            pieces = ()
        key = ("until", end, tuple(without))
        return (self.terminal(f"text up to {end!r}" if end else "text", dfa, key), *self.written(pieces))

    # --- contents

    def content(self, content: object, place: str) -> int:
        """The symbol of a grammar or schema, one for all places; ``place`` says where it first stands."""
        key = identity(content)
        if key not in self._contents:
            self._contents[key] = self._new_content(content, place)
        return self._contents[key]

    def _new_content(self, content: object, place: str) -> int:
        if isinstance(content, SHAPES):
            number = self.nonterminal("content")
            self.add(number, self.symbols(content, place))
            return ~number
        try:
            grammar = self._read(content)
        except MaskwrightError as error:
            raise type(error)(f"{place}: {error.problem}", error.pointer, error.remedy) from error
        if grammar is None:
            return self.terminal(
                f"content of {place}", Embedded(content, place), ("schema", place, len(self._terminals))
            )
        if grammar.lexing is Lexing.LONGEST:
            problem = f"{place}: a Lark grammar is about a whole text, which it cuts into terminals before it is parsed"
            raise InvalidGrammar(problem, remedy="write the content as Gbnf or Ebnf, or all of it as one Lark grammar")
        return self._inlined(grammar)

    def _inlined(self, grammar: Grammar) -> int:
        """The start of ``grammar``, whose symbols become ours."""
        first, terminals = len(self._nonterminals), []
        self._nonterminals += grammar.nonterminals
        for terminal in grammar.terminals:
            terminals.append(len(self._terminals))
            self._terminals.append(Terminal(terminal.name, terminal.content, len(self._terminals)))
        for rule in grammar.rules:
            symbols = (terminals[symbol] if symbol >= 0 else ~(first + ~symbol) for symbol in rule.expansion)
            self.add(first + rule.origin, tuple(symbols))
        self._notes.update(dict.fromkeys(grammar.notes))
        return ~(first + grammar.start)

    # --- shapes

    def symbols(self, part: Part, place: str) -> Symbols:
        """What ``part`` is in a rule."""
        match part:
            case Text(text):
                return self.written(self.pieces(text))
            case Until(end, without):
                return self.until(end, without)
            case Row(parts):
                return tuple(symbol for item in parts for symbol in self.symbols(item, place))
            case OneOf(options):
                chosen = self.nonterminal("one of")
                for option in options:
                    self.add(chosen, self.symbols(option, place))
                return (~chosen,)
            case Many(body, low, high, separator):
                one = self.nonterminal("one")
                self.add(one, self.symbols(body, place))
                return (self.counted(~one, low, high, self.written(self.pieces(separator))),)
        return (self.content(part, place),)

    def counted(self, symbol: int, low: int, high: int | None, separator: Symbols) -> int:
        """``symbol`` from ``low`` to ``high`` times; each number of times is a rule, longer by one."""
        all_of_them = self.nonterminal("many")
        if low == 0:
            self.add(all_of_them, ())
        if high == 0:
            return ~all_of_them
        last: Symbols = (symbol,)
        for count in range(1, (max(low, 1) if high is None else high) + 1):
            some = self.nonterminal(f"{count} of them")
            self.add(some, last)
            if count >= low:
                self.add(all_of_them, (~some,))
            last = (~some, *separator, symbol)
            self.budget.check()
        if high is None:
            self.add(some, last)
        return ~all_of_them
