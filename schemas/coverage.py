"""What ``unevaluatedProperties`` and ``unevaluatedItems`` demand: formulas in which being evaluated is a condition.

A property is evaluated where some schema about the same object holds that speaks of it. So for each name "one of these
schemas holds, or the value satisfies what is asked of the unevaluated", and likewise for the other keys and the items.
The pieces that a schema contributes are collected through the schemas that it applies to the same value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from ..grammar.errors import LimitExceeded
from .atoms import Every, Has, ItemAt, ItemsFrom, Kind, MatchingKeys, NamedKey, OtherKeys
from .formula import FALSE, TRUE, VALUE, Formulas
from .keywords_common import Evaluated
from .keywords_objects import evaluated_keys

_MANY = 10


class Cover(NamedTuple):
    """What ``evaluated`` lists is evaluated where ``condition``, about the same value, holds."""

    condition: int
    evaluated: Evaluated


def covers(
    formulas: Formulas, kind: Kind, own: Evaluated, evaluated_by: Callable[[int], Evaluated | None]
) -> list[Cover]:
    """The covers of values of ``kind`` for a schema; ``evaluated_by``: what the schema of a value formula evaluates."""
    found: list[Cover] = [Cover(TRUE, own)]
    seen: set[tuple[int, int]] = set()
    work = [(TRUE, inner) for inner in own.inner]
    while work:
        outer, (condition, value, only) = work.pop()
        condition = formulas.conjunction((outer, condition))
        if condition == FALSE or (condition, value) in seen or only not in (None, kind):
            continue
        seen.add((condition, value))
        evaluated = evaluated_by(value)
        if evaluated is not None:
            found.append(Cover(condition, evaluated))
            work.extend((condition, inner) for inner in evaluated.inner)
    return found


# --- properties


def unevaluated_properties(
    formulas: Formulas, value: int, covers: Iterable[Cover], is_found: Callable[[str, str], bool]
) -> int:
    """Every property that is not covered satisfies ``value``; ``is_found`` tells whether a pattern is in a name."""
    everything: list[int] = []
    named: dict[str, list[int]] = {}
    matching: dict[str, list[int]] = {}
    for place, (condition, evaluated) in enumerate(covers):
        keys = evaluated_keys(evaluated.contents)
        if any(isinstance(key, OtherKeys) for key in keys) or (place and Kind.OBJECT in evaluated.unevaluated):
            everything.append(condition)
        for key in keys:
            if isinstance(key, NamedKey):
                named.setdefault(key.name, []).append(condition)
            elif isinstance(key, MatchingKeys):
                matching.setdefault(key.pattern, []).append(condition)
    clauses = []
    for name, conditions in named.items():
        found = [c for pattern, others in matching.items() if is_found(pattern, name) for c in others]
        clauses.append(formulas.disjunction([*conditions, *found, _property(formulas, name, value)]))
    clauses += _other_keys(formulas, value, frozenset(named), matching)
    covered = formulas.disjunction(everything)
    return formulas.conjunction(formulas.disjunction([covered, clause]) for clause in clauses)


def _property(formulas: Formulas, name: str, value: int) -> int:
    """The property ``name`` satisfies ``value``; said without a value where there is none, which clashes sooner."""
    if value == FALSE:
        return formulas.negation(formulas.variable(VALUE, Has(name)))
    return formulas.variable(VALUE, Every(NamedKey(name), value))


def _other_keys(
    formulas: Formulas, value: int, named: frozenset[str], matching: Mapping[str, list[int]]
) -> Iterator[int]:
    """What is asked of the keys that are not ``named``: a clause for each set of conditions that may hold."""
    by_condition: dict[int, set[str]] = {}
    for pattern, conditions in matching.items():
        by_condition.setdefault(formulas.disjunction(conditions), set()).add(pattern)
    certain = frozenset(by_condition.pop(TRUE, ()))
    for held in _subsets(by_condition):
        excepted = certain.union(*(by_condition[condition] for condition in held))
        failing = [condition for condition in by_condition if condition not in held]
        yield formulas.disjunction([*failing, formulas.variable(VALUE, Every(OtherKeys(named, excepted), value))])


# --- items


def unevaluated_items(formulas: Formulas, value: int, covers: Iterable[Cover]) -> int:
    """Every item that is not covered satisfies ``value``."""
    ends: dict[float, list[int]] = {}
    matching: dict[int, list[int]] = {}
    for place, (condition, evaluated) in enumerate(covers):
        end = math.inf if place and Kind.ARRAY in evaluated.unevaluated else evaluated.items
        if end:
            ends.setdefault(end, []).append(condition)
        for matched in evaluated.matching:
            matching.setdefault(matched, []).append(condition)
    conditions = {matched: formulas.disjunction(conditions) for matched, conditions in matching.items()}
    last = max((int(end) for end in ends if end != math.inf), default=0)
    clauses = []
    for index in range(last + 1):
        reaching = [condition for end, some in ends.items() if end > index for condition in some]
        alternatives = []
        for held in _subsets(conditions):
            wanted = formulas.disjunction([value, *held])
            atom = ItemsFrom(index, wanted) if index == last else ItemAt(index, wanted)
            demand = TRUE if wanted == TRUE else formulas.variable(VALUE, atom)
            alternatives.append(formulas.conjunction([demand, *(conditions[matched] for matched in held)]))
        clauses.append(formulas.disjunction([*reaching, *alternatives]))
    return formulas.conjunction(clauses)


def _subsets(conditions: Mapping[int, object]) -> list[tuple[int, ...]]:
    if len(conditions) > _MANY:
        raise LimitExceeded(
            f"more than {_MANY} conditions on which properties or items are evaluated",
            remedy="use additionalProperties or items instead of the unevaluated keywords",
        )
    members = list(conditions)
    return [chosen for size in range(len(members) + 1) for chosen in combinations(members, size)]
