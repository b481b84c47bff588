"""Putting a scannerless grammar together: from texts with special tokens, other grammars, schemas, and shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from ..errors import InvalidGrammar, MaskwrightError
from ..limits import Budget
from .byte_dfa import ByteDfa
from .literals import literal_dfa
from .model import Embedded, Grammar, Indentation, Lexing, Region, Rule, SpecialToken, Terminal
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
        self._lexed = self._unlexed = ""  # where the last content of either kind stands
        self._ignored: set[int] = set()
        self._indentation: Indentation | None = None
        self._regions: list[tuple[set[int], frozenset[int]]] = []
        self._open: dict[int, set[int]] = {}

    def grammar(self, start: int) -> Grammar:
        """What the nonterminal ``start`` derives."""
        if self._lexed and self._unlexed:
            problem = f"{self._unlexed}: a grammar without terminals cannot stand beside a Lark grammar ({self._lexed})"
            raise InvalidGrammar(problem, remedy="write it in Lark's language, too")
        return Grammar(
            tuple(self._terminals),
            tuple(self._nonterminals),
            tuple(self._rules),
            start,
            ignored=frozenset(self._ignored),
            lexing=Lexing.LONGEST if self._lexed else Lexing.EVERY,
            indentation=self._indentation,
            notes=tuple(self._notes),
            regions=tuple(map(_region, self._regions)),
        )

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
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise InvalidGrammar(f"{text!r:.60} holds half of a surrogate pair", remedy="write whole characters")
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
            raise replace(error, problem=f"{place}: {error.problem}") from error
        if grammar is None:
            return self.terminal(
                f"content of {place}", Embedded(content, place), ("schema", place, len(self._terminals))
            )
        return self._inlined(grammar, place)

    def _inlined(self, grammar: Grammar, place: str) -> int:
        """The start of ``grammar``, whose symbols become ours."""
        first, base = len(self._nonterminals), len(self._terminals)
        self._nonterminals += grammar.nonterminals
        self._terminals += [_moved(terminal, base) for terminal in grammar.terminals]
        for rule in grammar.rules:
            symbols = (base + symbol if symbol >= 0 else ~(first + ~symbol) for symbol in rule.expansion)
            self.add(first + rule.origin, tuple(symbols))
        self._notes.update(dict.fromkeys(grammar.notes))
        start = ~(first + grammar.start)
        if grammar.lexing is Lexing.EVERY:
            self._unlexed = place
        else:
            self._lexed = place
            self._add_regions(grammar, base, start, place)
        return start

    def _add_regions(self, grammar: Grammar, base: int, start: int, place: str) -> None:
        """What ``grammar`` ignores, where; without regions of its own, it is open until ``closed`` names its end."""
        self._ignored |= {base + terminal for terminal in grammar.ignored}
        if grammar.indentation is not None:
            if self._indentation is not None:
                raise InvalidGrammar(f"{place}: only one content can be indented", remedy="merge the two grammars")
            self._indentation = _moved_indentation(grammar.indentation, base)
        members = frozenset(range(len(grammar.terminals))) - grammar.ignored
        regions = grammar.regions or (Region(members, grammar.beside(members)),)
        for region in regions:
            inside = {base + terminal for terminal in region.members}
            self._regions.append((inside, frozenset(base + terminal for terminal in region.beside)))
            if not grammar.regions:
                self._open[start] = inside

    def closed(self, content: int, end: str, place: str) -> Symbols:
        """What comes behind ``content``, a symbol: ``end``, which a Lark grammar takes for one of its terminals.

        Raises ``InvalidGrammar`` if such a grammar has no end.
        """
        symbols = self.written(self.pieces(end))
        if content not in self._open:
            return symbols
        if not symbols:
            raise InvalidGrammar(f"{place}: nothing says where the Lark grammar ends", remedy="give it an end")
        own = len(self._terminals)
        self._terminals.append(replace(self._terminals[symbols[0]], rank=-1))
        self._open[content].add(own)
        return (own, *symbols[1:])

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
        symbol = self.content(part, place)
        if symbol in self._open:
            remedy = "give it a tag with an end of its own"
            raise InvalidGrammar(f"{place}: nothing says where the Lark grammar ends", remedy=remedy)
        return (symbol,)

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


_BEHIND = 1 << 20
"""Added to the ranks of a Lark grammar's terminals, so that what ends it comes first."""


def _moved(terminal: Terminal, base: int) -> Terminal:
    return replace(
        terminal,
        rank=_BEHIND + terminal.rank,
        keywords={text: base + keyword for text, keyword in terminal.keywords.items()},
        keyword_only=frozenset(base + keyword for keyword in terminal.keyword_only),
        folded_keywords=tuple(base + keyword for keyword in terminal.folded_keywords),
    )


def _moved_indentation(indentation: Indentation, base: int) -> Indentation:
    return Indentation(
        base + indentation.newline,
        base + indentation.indent,
        base + indentation.dedent,
        frozenset(base + terminal for terminal in indentation.openers),
        frozenset(base + terminal for terminal in indentation.closers),
        indentation.tab_columns,
    )


def _region(parts: tuple[set[int], frozenset[int]]) -> Region:
    return Region(frozenset(parts[0]), parts[1])
