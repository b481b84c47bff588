"""Scannerless grammars from rules: whatever is regular becomes one terminal.

A parser that reads characters one by one would be slow. So a rule that does not lead back to itself (or does so only at
its end, or only at its start) and holds no special token is one automaton, and of other rules each regular part is,
together with its neighbours. What would need too many states stays apart, and what is repeated often and is not regular
becomes a few rules by halving.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ..components import components
from ..errors import InvalidGrammar, UnsatisfiableGrammar
from ..limits import Budget
from .folded_rules import FoldedRules
from .model import Grammar
from .notation import (
    Characters,
    Choice,
    Expression,
    Reference,
    Repetition,
    Sequence,
    is_regular,
    references,
    without_recursion,
)
from .notation_parser import Notation
from .regular_parts import RegularParts


def folded(notation: Notation, start: str, budget: Budget) -> Grammar:
    """The grammar that derives what ``start`` does. ``InvalidGrammar``, ``UnsatisfiableGrammar``, ``LimitExceeded``."""
    rules = {name: definition.expression for name, definition in notation.definitions.items()}
    if start not in rules:
        known = f"; rules are {', '.join(list(rules)[:8])}" if rules else ""
        raise InvalidGrammar(f"no rule is called {start!r}{known}", remedy="define it, or name another as start")
    used = _reachable(rules, start)
    groups = _groups({name: rule for name, rule in rules.items() if name in used}, budget)
    barren = _barren(rules, groups, budget)
    if start in barren:
        problem = f"no text can be derived from {start}: {', '.join(barren)} never end"
        raise UnsatisfiableGrammar(problem, None, "give one of them an alternative that does not lead back to it")
    regular = _regular(rules, groups, budget)
    uses = Counter(name for rule in used for name in references(rules[rule]))
    made = FoldedRules({**rules, **regular}, RegularParts(budget, regular), uses, budget)
    notes = [*notation.notes, *(f"the rule {name} derives no text" for name in barren)]
    notes += [f"the rule {name} cannot be reached from {start}" for name in rules if name not in used]
    return made.grammar(start, tuple(notes))


def _reachable(rules: Mapping[str, Expression], start: str) -> dict[str, None]:
    found = {start: None}
    queue = [start]
    for name in queue:
        new = [other for other in dict.fromkeys(references(rules[name])) if other not in found]
        found.update(dict.fromkeys(new))
        queue.extend(new)
    return found


def _groups(rules: Mapping[str, Expression], budget: Budget) -> list[list[str]]:
    """Rules that lead to each other, together; after all rules that they lead to."""
    names = list(rules)
    numbers = {name: number for number, name in enumerate(names)}
    successors = [[numbers[other] for other in dict.fromkeys(references(rules[name]))] for name in names]
    return [[names[number] for number in group] for group in components(successors, budget)]


def _barren(rules: Mapping[str, Expression], groups: list[list[str]], budget: Budget) -> list[str]:
    """The rules that derive no text."""
    fruitful: set[str] = set()
    for group in groups:
        waiting = list(group)
        while found := [name for name in waiting if _derives(rules[name], fruitful)]:
            budget.check()
            fruitful.update(found)
            waiting = [name for name in waiting if name not in fruitful]
    return [name for group in groups for name in group if name not in fruitful]


def _derives(expression: Expression, fruitful: set[str]) -> bool:
    match expression:
        case Characters(chars):
            return bool(chars)
        case Reference(name):
            return name in fruitful
        case Sequence(items):
            return all(_derives(item, fruitful) for item in items)
        case Choice(options):
            return any(_derives(option, fruitful) for option in options)
        case Repetition(body, low, _):
            return low == 0 or _derives(body, fruitful)
    return True


def _regular(rules: Mapping[str, Expression], groups: list[list[str]], budget: Budget) -> dict[str, Expression]:
    """The regular rules, without recursion, each after those that it refers to."""
    found: dict[str, Expression] = {}
    for name, *others in groups:
        budget.check()
        if not others:
            expression = without_recursion(rules[name], name)
            if expression is not None and is_regular(expression, found):
                found[name] = expression
    return found
