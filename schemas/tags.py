"""Pending values that tell alternatives apart: each kind, or each string, leads to alternatives of its own.

A pending formula is taken for a union of (what the value has to satisfy, what the open containers have to). Where all
strings are constants, they are a sorted list, each with the formula that it leads to, and no automaton is needed.
"""

from __future__ import annotations

from typing import NamedTuple

from .atoms import Kind, StringIn, literals_in
from .formula import Formulas, Operator
from .keywords_common import ALL_KINDS
from .lowering import Language
from .plain import PlainDemands
from .residual import factor


class Alternative(NamedTuple):
    """``value``: value formula of the pending value; ``rest``: formula over the open containers."""

    value: int
    rest: int


def alternatives(language: Language, pending: int) -> list[Alternative] | None:
    """Alternatives of which one has to hold; ``None`` where some mix the value with the containers."""
    formulas = language.formulas
    found: list[Alternative] = []
    for case in formulas.operands(pending) if formulas.operator(pending) is Operator.OR else (pending,):
        language.budget.check()
        split = factor(language, case)
        if split is None:
            return None
        found.append(Alternative(*split))
    return found


def possible_kinds(language: Language, found: list[Alternative] | None) -> frozenset[Kind]:
    """The kinds of value that may be possible; the others are not."""
    if found is None:
        return ALL_KINDS
    return frozenset[Kind]().union(*[language.plain.kinds_of(alternative.value) for alternative in found])


def strings(language: Language, found: list[Alternative] | None) -> dict[str, int] | None:
    """The strings that are possible, each with what it leads to; ``None`` if they are no constants."""
    rests: dict[str, list[int]] = {}
    for value, rest in found or ():
        language.budget.check()
        constants = string_constants(language.plain, value)
        if constants is None:
            return None
        for text in constants:
            rests.setdefault(text, []).append(rest)
    if found is None:
        return None
    return {text: _one_of(language.formulas, cases) for text, cases in rests.items()}


def _one_of(formulas: Formulas, cases: list[int]) -> int:
    return cases[0] if len(cases) == 1 else formulas.disjunction(cases)


def string_constants(plain: PlainDemands, value: int) -> frozenset[str] | None:
    """The strings that satisfy the value formula ``value``, where they are listed."""
    if Kind.STRING not in plain.kinds_of(value):
        return frozenset()
    literals = plain.literals(value, Kind.STRING)
    lists: list[frozenset[str]] = []
    for atom, is_true in literals_in(literals or ()):
        if not is_true or not isinstance(atom, StringIn):
            return None
        lists.append(atom.values)
    return frozenset.intersection(*lists) if lists else None
