"""Free text with regions, as a grammar.

The text up to and including a trigger is one terminal, an automaton for each trigger, so that it is known which came;
the text behind the last region is another one, in which no trigger occurs. A special token that triggers stands beside
these terminals. Its name, spelled out as text, counts as a trigger that nothing may follow: so a text in which special
tokens are written by name is read in one way only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import InvalidGrammar, MaskwrightError
from ..limits import Budget
from ..regex_form import Regex
from .byte_dfa import DEAD, ByteDfa
from .literals import literal_dfa
from .model import Embedded, Grammar, Lexing, Rule, SpecialToken, Terminal
from .regular import ending_with, intersection, until_dfa, without_dfa
from .regular_grammar import automaton_of
from .tags_form import Tag, Tags

Symbols = tuple[int, ...]
Pieces = tuple[str | SpecialToken, ...]


def read_tags(
    form: Tags, budget: Budget, special_tokens: Iterable[str], read: Callable[[object], Grammar | None]
) -> Grammar:
    """The grammar of ``form``. ``read``: the grammar of a content, ``None`` if it is not one but a schema.

    Raises ``InvalidGrammar``, ``UnsatisfiableGrammar``, ``LimitExceeded``.
    """
    names = sorted(filter(None, special_tokens), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, names)) if names else r"(?!)")
    return _Reader(form, budget, pattern, read).grammar()


@dataclass(frozen=True)
class _Trigger:
    """``text`` and then, if there is one, the special token ``token``."""

    text: str
    token: SpecialToken | None


@dataclass
class _Reader:
    form: Tags
    budget: Budget
    names: re.Pattern[str]
    read: Callable[[object], Grammar | None]
    _terminals: list[Terminal] = field(default_factory=list)
    _known: dict[object, int] = field(default_factory=dict)
    _nonterminals: list[str] = field(default_factory=list)
    _rules: list[Rule] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)

    def grammar(self) -> Grammar:
        form = self.form
        start = self._nonterminal("text")
        regions, rest = self._in_free_text() if form.free_text else self._alone()
        self._add(start, (*self._reasoning(), self._counted(regions), *rest))
        return Grammar(
            tuple(self._terminals),
            tuple(self._nonterminals),
            tuple(self._rules),
            start,
            lexing=Lexing.EVERY,
            notes=tuple(dict.fromkeys(self._notes)),
        )

    # --- regions

    def _alone(self) -> tuple[int, Symbols]:
        region = self._nonterminal("region")
        for tag, body in zip(self.form.tags, self._bodies, strict=True):
            self._add(region, (*self._written(self._pieces(tag.begin)), *body))
        return ~region, ()

    def _in_free_text(self) -> tuple[int, Symbols]:
        """A region with the text in front of it, and the text behind the last one."""
        region = self._nonterminal("region")
        found: set[int] = set()
        for trigger in self._triggers:
            before = self._text_before(trigger)
            if before is None:
                continue
            opened = self._nonterminal(f"after {trigger.text}{trigger.token.name if trigger.token else ''}")
            self._add(region, (*before, ~opened))
            for number, tag in enumerate(self.form.tags):
                rest = self._behind(self._pieces(tag.begin), trigger)
                if rest is not None:
                    found.add(number)
                    self._add(opened, (*self._written(rest), *self._bodies[number]))
        for number, tag in enumerate(self.form.tags):
            if number not in found:
                problem = f"the tag {tag.begin!r} can never begin, because another trigger is always found before"
                raise InvalidGrammar(problem, remedy="make that trigger longer, or leave one of them out")
        tail = without_dfa(self._forbidden, self.budget)
        return ~region, (self._terminal("free text", tail, ("tail",)),)

    @cached_property
    def _triggers(self) -> list[_Trigger]:
        given = self.form.triggers or [tag.begin for tag in self.form.tags]
        return list(dict.fromkeys(self._trigger(self._pieces(text)) for text in given))

    def _trigger(self, pieces: Pieces) -> _Trigger:
        """Up to the first special token: no other text has it, so that what follows is a region in any case."""
        text = pieces[0] if isinstance(pieces[0], str) else ""
        tokens = [piece for piece in pieces if isinstance(piece, SpecialToken)]
        return _Trigger(text, tokens[0] if tokens else None)

    @cached_property
    def _forbidden(self) -> list[bytes]:
        """The triggers, and the names of special tokens that are."""
        return [(trigger.token.name if trigger.token else trigger.text).encode() for trigger in self._triggers]

    def _text_before(self, trigger: _Trigger) -> Symbols | None:
        """Free text up to ``trigger`` and this itself; ``None`` if another one always comes first."""
        ending = ending_with(trigger.text.encode())
        if trigger.token is None:
            whole = until_dfa(self._forbidden, self.budget)
            if len(self._forbidden) > 1:
                whole = intersection([whole, ending], self.budget)
        else:
            whole = without_dfa(self._forbidden, self.budget)
            if trigger.text:
                whole = intersection([whole, ending], self.budget)
        if whole.start == DEAD:
            return None
        text = self._terminal(f"text up to {trigger.text!r}", whole, ("before", trigger))
        return (text, *self._written((trigger.token,) if trigger.token else ()))

    def _behind(self, begin: Pieces, trigger: _Trigger) -> Pieces | None:
        """What of ``begin`` is left behind ``trigger``; ``None`` if it does not begin so."""
        if trigger.token is not None:
            length = 2 if trigger.text else 1
            expected: Pieces = (trigger.text, trigger.token) if trigger.text else (trigger.token,)
            return begin[length:] if begin[:length] == expected else None
        if not isinstance(begin[0], str) or not begin[0].startswith(trigger.text):
            return None
        rest = begin[0][len(trigger.text) :]
        return (rest, *begin[1:]) if rest else begin[1:]

    # --- contents

    @cached_property
    def _bodies(self) -> list[Symbols]:
        """Content and end of each tag."""
        return [self._body(tag) for tag in self.form.tags]

    def _body(self, tag: Tag) -> Symbols:
        if tag.content is None:
            return self._until(tag.end)
        place = f"the tag {tag.begin!r}"
        try:
            content = self.read(tag.content)
        except MaskwrightError as error:
            raise type(error)(f"{place}: {error.problem}", error.pointer, error.remedy) from error
        if content is None:
            number = self._terminal(f"content of {tag.begin!r}", Embedded(tag.content, place), tag)
            return (number, *self._written(self._pieces(tag.end)))
        if content.lexing is Lexing.LONGEST:
            problem = f"{place}: a Lark grammar cuts a text into terminals before it is parsed, so that it has to be all of it"
            raise InvalidGrammar(problem, remedy="write the content as Gbnf or Ebnf, or the tags in the Lark grammar")
        return (self._inlined(content), *self._written(self._pieces(tag.end)))

    def _inlined(self, grammar: Grammar) -> int:
        """The start of ``grammar``, whose symbols become ours."""
        first = len(self._nonterminals)
        self._nonterminals += grammar.nonterminals
        terminals = []
        for terminal in grammar.terminals:
            terminals.append(len(self._terminals))
            self._terminals.append(Terminal(terminal.name, terminal.content, len(self._terminals)))
        for rule in grammar.rules:
            symbols = (terminals[symbol] if symbol >= 0 else ~(first + ~symbol) for symbol in rule.expansion)
            self._add(first + rule.origin, tuple(symbols))
        self._notes += grammar.notes
        return ~(first + grammar.start)

    def _reasoning(self) -> Symbols:
        if self.form.reasoning is None:
            return ()
        begin, end = self.form.reasoning
        symbols = (*self._written(self._pieces(begin)), *self._until(end))
        if self.form.free_text:
            return symbols
        return (*symbols, self._terminal("blanks", automaton_of(Regex(r"[ \t\r\n]*"), self.budget), ("blanks",)))

    def _until(self, end: str) -> Symbols:
        """Any text up to the first ``end``, and this."""
        pieces = self._pieces(end)
        first = pieces[0]
        if len(pieces) == 1 and isinstance(first, str):
            return (self._terminal(f"text up to {end!r}", until_dfa([end.encode()], self.budget), ("until", end)),)
        token = next(piece for piece in pieces if isinstance(piece, SpecialToken))
        text = without_dfa([token.name.encode()], self.budget)
        if isinstance(first, str):
            text = intersection([text, ending_with(first.encode())], self.budget)
            pieces = pieces[1:]
        return (self._terminal(f"text up to {end!r}", text, ("until", end)), *self._written(pieces))

    # --- how many

    def _counted(self, region: int) -> int:
        """``region`` from ``at_least`` to ``at_most`` times; each number of times is a rule, longer by one."""
        low, high = self.form.at_least, self.form.at_most
        regions = self._nonterminal("regions")
        if low == 0:
            self._add(regions, ())
        if high == 0:
            return ~regions
        separator = () if self.form.free_text else self._written(self._pieces(self.form.separator))
        last: Symbols = (region,)
        for count in range(1, (max(low, 1) if high is None else high) + 1):
            some = self._nonterminal(f"{count} regions")
            self._add(some, last)
            if count >= low:
                self._add(regions, (~some,))
            last = (~some, *separator, region)
            self.budget.check()
        if high is None:
            self._add(some, (~some, *separator, region))
        return ~regions

    # --- symbols

    def _pieces(self, text: str) -> Pieces:
        """``text`` cut at the names of special tokens; of no text, one empty piece."""
        found: list[str | SpecialToken] = []
        place = 0
        for match in self.names.finditer(text):
            found += [text[place : match.start()], SpecialToken(match[0])]
            place = match.end()
        found.append(text[place:])
        return tuple(filter(None, found)) or ("",)

    def _written(self, pieces: Sequence[str | SpecialToken]) -> Symbols:
        return tuple(
            self._terminal(repr(piece), literal_dfa(piece.encode()), piece)
            if isinstance(piece, str)
            else self._terminal(piece.name, piece, piece)
            for piece in pieces
            if piece
        )

    def _terminal(self, name: str, content: ByteDfa | Embedded | SpecialToken, key: object) -> int:
        if key not in self._known:
            self._known[key] = len(self._terminals)
            self._terminals.append(Terminal(name, content, len(self._terminals)))
        return self._known[key]

    def _nonterminal(self, name: str) -> int:
        self._nonterminals.append(name)
        return len(self._nonterminals) - 1

    def _add(self, origin: int, symbols: Symbols) -> None:
        self._rules.append(Rule(origin, symbols))
