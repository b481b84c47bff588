"""The rules and terminals of a notation, its regular parts folded into terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import InvalidGrammar, LimitExceeded
from ..limits import Budget
from ..regex_nodes import UNBOUNDED
from .byte_dfa import DEAD, ByteDfa, until_end
from .ebnf_macros import Chunks, Pattern
from .model import Grammar, Lexing, Rule, SpecialToken, Terminal
from .notation import (
    Apart,
    Choice,
    Expression,
    Lazy,
    Literal,
    Reference,
    Repetition,
    Sequence,
    Token,
    choice,
    is_regular,
    repeated,
    spelled,
)
from .regular_parts import RegularParts

SHARED = 64
"""A regular rule with more positions that is used in several places is a terminal of its own, not part of one there."""

Symbols = tuple[int, ...]


@dataclass
class FoldedRules:
    """``rules`` by name, of which ``parts`` knows the regular ones; ``uses``: how often each is referred to."""

    rules: Mapping[str, Expression]
    parts: RegularParts
    uses: Mapping[str, int]
    budget: Budget
    _terminals: list[Terminal] = field(default_factory=list)
    _by_content: dict[object, int] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _helpers: dict[object, int] = field(default_factory=dict)
    _made: list[Rule] = field(default_factory=list)

    def grammar(self, start: str, notes: tuple[str, ...]) -> Grammar:
        """The grammar of what the rule ``start`` derives."""
        number = self._nonterminal(start)
        for name in self._numbers_in_order():
            self.budget.check()
            self._define(self._numbers[name], self.rules[name])
        return Grammar(
            terminals=tuple(self._terminals),
            nonterminals=tuple(self._names),
            rules=tuple(dict.fromkeys(self._made)),
            start=number,
            lexing=Lexing.EVERY,
            notes=notes,
        )

    def _numbers_in_order(self) -> Iterable[str]:
        """The rules that are nonterminals, those too that come up on the way."""
        done: set[str] = set()
        while waiting := [name for name in self._numbers if name not in done]:
            done.update(waiting)
            yield from waiting

    # --- symbols

    def _nonterminal(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = self._new(name)
        return self._numbers[name]

    def _new(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1

    def _terminal(self, content: ByteDfa | SpecialToken, name: str) -> int:
        key = content if isinstance(content, SpecialToken) else _key(content)
        if key not in self._by_content:
            self._by_content[key] = len(self._terminals)
            self._terminals.append(Terminal(name, content, len(self._terminals)))
        return self._by_content[key]

    def _folded(self, expression: Expression) -> Symbols | None:
        """The terminal of a regular expression that is not too large."""
        if not is_regular(expression, self.parts.rules):
            return None
        automaton = self.parts.automaton(expression)
        return None if automaton is None else (self._terminal(automaton, spelled(expression)),)

    # --- rules

    def _define(self, origin: int, expression: Expression) -> None:
        whole = self._folded(expression)
        for symbols in [whole] if whole is not None else map(self._symbols, self._options(expression)):
            self._made.append(Rule(origin, symbols))

    def _options(self, expression: Expression) -> list[Expression]:
        """Alternatives, the regular ones as one."""
        if not isinstance(expression, Choice):
            return [expression]
        regular = [option for option in expression.options if self._joins(option)]
        others = [option for option in expression.options if not self._joins(option)]
        if len(regular) < 2 or self.parts.automaton(choice(regular)) is None:
            return list(expression.options)
        return [choice(regular), *others]

    def _joins(self, expression: Expression) -> bool:
        """Whether ``expression`` is regular and may become part of a larger terminal."""
        if isinstance(expression, Reference):
            if self.uses[expression.name] > 1 and expression.name in self.parts.rules:
                return self.parts.measures[expression.name].positions <= SHARED
            return expression.name in self.parts.rules
        return not isinstance(expression, Apart) and all(map(self._joins, expression.parts))

    def _symbols(self, expression: Expression) -> Symbols:
        """What ``expression`` is as part of a rule."""
        self.budget.check()
        if isinstance(expression, Sequence):
            return self._sequence(_flat(expression))
        if isinstance(expression, Token):
            return (self._terminal(SpecialToken(expression.name), expression.name),)
        if isinstance(expression, Apart):
            return (self._terminal(self._automaton(expression), spelled(expression)),)
        if expression == Literal(""):
            return ()
        whole = self._folded(expression)
        if whole is not None:
            return whole
        if isinstance(expression, Reference):
            return (~self._nonterminal(expression.name),)
        if isinstance(expression, Repetition):
            return self._repeated(expression)
        return (self._helper(expression, lambda number: self._define(number, expression), spelled(expression)),)

    def _automaton(self, expression: Apart) -> ByteDfa:
        if isinstance(expression, Pattern | Chunks):
            automaton = expression.automaton(self.budget)
            if automaton.start == DEAD:
                raise InvalidGrammar(f"{spelled(expression)} matches no text", remedy="leave it out, and what needs it")
            return automaton
        assert isinstance(expression, Lazy)
        if isinstance(expression.body, Pattern | Chunks):
            return until_end(self._automaton(expression.body))
        shown = spelled(expression.body)
        if not is_regular(expression.body, self.parts.rules):
            remedy = "write it without recursion, tokens and macros"
            raise InvalidGrammar(f"the lazy rule {shown} is not regular", remedy=remedy)
        found = self.parts.automaton(expression.body)
        if found is None:
            raise LimitExceeded(f"the automaton of the lazy rule {shown} is too large", None, "bound what it repeats")
        return until_end(found)

    def _sequence(self, items: list[Expression]) -> Symbols:
        symbols: list[int] = []
        run: list[Expression] = []
        for item in [*items, None]:
            if item is not None and self._joins(item):
                run.append(item)
                continue
            symbols.extend(self._run(run))
            run = []
            symbols.extend(() if item is None else self._symbols(item))
        return tuple(symbols)

    def _run(self, items: list[Expression]) -> Symbols:
        """Neighbours that are regular: one terminal, or several if it becomes too large."""
        if len(items) > 1:
            whole = self._folded(Sequence(tuple(items)))
            if whole is not None:
                return whole
        return tuple(symbol for item in items for symbol in self._symbols(item))

    # --- repetitions

    def _repeated(self, expression: Repetition) -> Symbols:
        body = self._symbols(expression.body)
        if len(body) != 1:
            body = (self._helper(body, lambda number: self._add(number, body), spelled(expression.body)),)
        shown = spelled(expression.body)
        before = self._times(body[0], expression.low, shown)
        if expression.high == UNBOUNDED:
            return (*before, self._star(body[0], shown))
        return (*before, *self._up_to(body[0], expression.high - expression.low, shown))

    def _star(self, symbol: int, shown: str) -> int:
        def define(number: int) -> None:
            self._add(number, ())
            self._add(number, (~number, symbol))

        return self._helper(("star", symbol), define, repeated(shown, 0, UNBOUNDED))

    def _power(self, symbol: int, exponent: int, shown: str) -> int:
        """``symbol`` two to the power of ``exponent`` times."""
        if exponent == 0:
            return symbol

        def define(number: int) -> None:
            half = self._power(symbol, exponent - 1, shown)
            self._add(number, (half, half))

        return self._helper(("power", symbol, exponent), define, repeated(shown, 1 << exponent, 1 << exponent))

    def _times(self, symbol: int, count: int, shown: str) -> Symbols:
        """``symbol`` just ``count`` times: powers of two, from the highest."""
        powers = [power for power in range(count.bit_length() - 1, -1, -1) if count >> power & 1]
        return tuple(self._power(symbol, power, shown) for power in powers)

    def _up_to(self, symbol: int, count: int, shown: str) -> Symbols:
        """``symbol`` at most ``count`` times. The number of times, in binary, from the highest digit: each text has one
        derivation, and a parser that reads to the right finds it without a choice."""
        if count == 0:
            return ()
        top = count.bit_length() - 1

        def define(number: int) -> None:
            self._add(number, self._up_to(symbol, (1 << top) - 1, shown))
            self._add(number, (self._power(symbol, top, shown), *self._up_to(symbol, count - (1 << top), shown)))

        return (self._helper(("up to", symbol, count), define, repeated(shown, 0, count)),)

    # --- helpers

    def _add(self, origin: int, symbols: Symbols) -> None:
        self._made.append(Rule(origin, symbols))

    def _helper(self, key: object, define: Callable[[int], None], name: str) -> int:
        """The nonterminal made for ``key``, as a symbol; ``define`` makes its rules."""
        if key not in self._helpers:
            number = self._new(name)
            self._helpers[key] = ~number
            define(number)
        return self._helpers[key]


def _flat(expression: Expression) -> list[Expression]:
    if not isinstance(expression, Sequence):
        return [expression]
    return [item for part in expression.items for item in _flat(part)]


def _key(content: ByteDfa) -> object:
    return content.start, content.decided.tobytes(), content.transitions.tobytes()
