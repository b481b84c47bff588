"""Rules with parameters, once for each value that is reached from the start: ``list::_`` becomes ``list::0x0``, ...

What Lark makes of repetitions and options, and of templates, has no parameter of its own: it inherits the one of the
rule around it, if anything in it asks for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ..errors import InvalidGrammar, LimitExceeded
from ..limits import Budget
from .lark_bnf import PlainRule
from .lark_parameters import Condition
from .lark_quick import Loaded
from .lark_text import LarkText
from .source import error_at

_Target = tuple[str, int | None]
"""A rule, and its parameter if it has one."""


@dataclass(frozen=True)
class _Alternative:
    """``parts``: terminals, and what a rule and its parameter are where the parameter around is known."""

    conditions: tuple[Condition, ...]
    parts: tuple[str | Callable[[int], _Target], ...]


def instantiated(source: LarkText, loaded: Loaded, start: str, budget: Budget) -> Loaded:
    """``loaded`` with plain rules only. Raises ``InvalidGrammar`` or ``LimitExceeded``."""
    return _Instances(source, loaded, budget).of(start)


def name_of(instance: str) -> str:
    """The rule of which ``instance`` is one."""
    return instance.partition("::")[0]


class _Instances:
    def __init__(self, source: LarkText, loaded: Loaded, budget: Budget) -> None:
        self._source = source
        self._given = source.parameters
        self._loaded = loaded
        self._budget = budget
        self._rules: dict[str, list[tuple[str, ...]]] = {}
        for origin, symbols in loaded.rules:
            if origin not in self._given.calls:
                self._rules.setdefault(origin, []).append(symbols)
        self._defined = set(loaded.defined) - self._given.calls.keys()
        self._reading = self._readers()
        self._check()

    def of(self, start: str) -> Loaded:
        if start in self._given.rules:
            problem = f"the rule {start} has a parameter, and cannot be where a text starts"
            raise self._error(start, problem, f"write a rule such as begin: {start}::0, and start there")
        alternatives = {name: list(map(self._alternative, found)) for name, found in self._rules.items()}
        rules: dict[PlainRule, None] = {}
        known: dict[_Target, str] = {(start, None): start}
        waiting: list[_Target] = [(start, None)]
        for name, parameter in waiting:
            self._check_count(name, len(known))
            origin, found = known[name, parameter], len(rules)
            for alternative in alternatives[name]:
                if all(condition.holds(parameter or 0) for condition in alternative.conditions):
                    symbols = [
                        part if isinstance(part, str) else _named(known, waiting, part(parameter or 0))
                        for part in alternative.parts
                    ]
                    rules[origin, tuple(symbols)] = None
            if len(rules) == found:
                rules[origin, (origin,)] = None  # a rule that is nothing but itself has no text
        return replace(self._loaded, rules=list(rules), defined=[n for n in self._loaded.defined if n in self._defined])

    def _check_count(self, name: str, count: int) -> None:
        self._budget.check()
        if count > (most := self._budget.limits.states):
            problem = f"the parameters of rules, such as {name}, take more than {most:,} values (limits.states)"
            remedy = "let conditions bound them, count in fewer bits, or raise limits.states"
            offset = self._given.rules.get(name)
            error = InvalidGrammar(problem) if offset is None else error_at(self._source.original, offset, problem)
            place = f" (line {error.line}, column {error.column})" if error.line else ""
            raise LimitExceeded(f"{problem}{place}", remedy=remedy)

    def _alternative(self, symbols: tuple[str, ...]) -> _Alternative:
        conditions = tuple(self._given.conditions[name] for name in symbols if name in self._given.conditions)
        return _Alternative(
            conditions, tuple(self._part(name) for name in symbols if name not in self._given.conditions)
        )

    def _part(self, name: str) -> str | Callable[[int], _Target]:
        if name in self._given.calls:
            call = self._given.calls[name]
            return lambda parameter: (call.rule, call.value.of(parameter))
        if name not in self._rules:
            return name
        return partial(_inherited, name) if name in self._reading else partial(_alone, name)

    # --- which rules have a parameter

    def _readers(self) -> set[str]:
        """The rules whose alternatives depend on the parameter, other than those that call for one."""
        found: set[str] = set()
        count = -1
        while count < len(found):
            count = len(found)
            found |= {name for name, rules in self._rules.items() if any(map(partial(self._reads, found), rules))}
        return found

    def _reads(self, known: set[str], symbols: tuple[str, ...]) -> bool:
        calls, conditions = self._given.calls, self._given.conditions
        return any(
            (symbol in calls and calls[symbol].value.reads)
            or (symbol in conditions and conditions[symbol].reads)
            or (symbol in known and symbol not in self._defined)
            for symbol in symbols
        )

    def _check(self) -> None:
        for call in self._given.calls.values():
            if call.rule not in self._given.rules:
                problem = f"the rule {call.rule} has no parameter"
                raise error_at(self._source.original, call.offset, problem, remedy=f"define it as {call.rule}::_")
        mentioned = {symbol for rules in self._rules.values() for symbols in rules for symbol in symbols}
        for name in mentioned & self._given.rules.keys():
            problem = f"the rule {name} has a parameter, and none is given to it"
            places = [p for p in self._source.names if p.text == name and not p.defines]
            bare = next((p for p in places if not self._is_call(p.offset)), places[0])
            raise error_at(self._source.original, bare.offset, problem, remedy=f"write {name}::0 or {name}::_")
        for name in self._defined & self._rules.keys():
            if (name in self._given.rules) != (name in self._reading):
                raise self._mismatch(name)

    def _is_call(self, offset: int) -> bool:
        return any(call.offset == offset for call in self._given.calls.values())

    def _mismatch(self, name: str) -> InvalidGrammar:
        if name in self._given.rules:
            problem = f"the rule {name} has a parameter that nothing in it depends on"
            return self._error(name, problem, f"define it as {name}, without ::_")
        problem = f"the rule {name} has no parameter, but something in it depends on one"
        return self._error(name, problem, f"define it as {name}::_, or give what is in it a number")

    def _error(self, name: str, problem: str, remedy: str) -> InvalidGrammar:
        place = next(place for place in self._source.names if place.defines and place.text == name)
        return error_at(self._source.original, place.offset, problem, remedy=remedy)


def _inherited(name: str, parameter: int) -> _Target:
    return name, parameter


def _alone(name: str, parameter: int) -> _Target:
    return name, None


def _named(known: dict[_Target, str], waiting: list[_Target], target: _Target) -> str:
    """The name of ``target``, which joins those ``waiting`` if it is new."""
    found = known.get(target)
    if found is None:
        name, parameter = target
        found = known[target] = name if parameter is None else f"{name}::{parameter:#x}"
        waiting.append(target)
    return found
