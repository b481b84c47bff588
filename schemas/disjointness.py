"""Turns *exactly one* of several objects into *one of them*, where a required property tells them apart.

Alternatives of different kinds need no help: of each but one nothing is left. Objects are told apart by a property that
they all require, if its values are limited to constants that differ, or are of kinds that differ. Not tried: whether a
search would find the alternatives disjoint; *exactly one* is then kept, which is slower and no less exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .atoms import Every, Has, Kind, NamedKey, NumberIn, StringIn
from .formula import FALSE, Formulas, Operator

_Values = dict[Kind, frozenset[object] | None]
"""What a value can be: for each possible kind the constants, ``None`` for any value of the kind."""


class Demands(Protocol):
    """What is asked of the language."""

    @property
    def formulas(self) -> Formulas: ...

    def own_demands(self, value: int, kind: Kind) -> tuple[int, ...]:
        """Formulas that follow from the value formula ``value`` for a value of ``kind``."""
        ...


def told_apart(language: Demands, formula: int) -> int:
    """``formula`` with *exactly one* replaced by *one of* among its conjuncts, where that is the same."""
    formulas = language.formulas
    parts = formulas.conjuncts(formula)
    choices = [part for part in parts if formulas.operator(part) is Operator.EXACTLY_ONE]
    if not choices:
        return formula
    kept = [part for part in parts if part not in choices]
    for choice in choices:
        operands = formulas.operands(choice)
        disjoint = _are_disjoint(language, [formulas.conjuncts(operand) for operand in operands], kept)
        kept.append(formulas.disjunction(operands) if disjoint else choice)
    return formulas.conjunction(kept)


def _are_disjoint(language: Demands, alternatives: list[tuple[int, ...]], context: list[int]) -> bool:
    """Whether a property that all require tells the ``alternatives``, conjunctions beside ``context``, apart."""
    common = _required(language.formulas, context)
    shared = frozenset.intersection(*(common | _required(language.formulas, parts) for parts in alternatives))
    return any(_tells_apart(language, alternatives, name) for name in sorted(shared))


def _tells_apart(language: Demands, alternatives: list[tuple[int, ...]], name: str) -> bool:
    """Whether the values that the ``alternatives`` allow for the property ``name`` are all different."""
    seen: dict[Kind, set[object] | None] = {}
    for parts in alternatives:
        for kind, constants in _values(language, parts, name).items():
            earlier = seen.get(kind, set())
            if constants is None:
                if earlier is None or earlier:
                    return False
                seen[kind] = None
            else:
                if earlier is None or earlier & constants:
                    return False
                seen[kind] = earlier | constants
    return True


def _required(formulas: Formulas, parts: Iterable[int]) -> frozenset[str]:
    atoms = [formulas.variable_of(part).atom for part in parts if formulas.operator(part) is Operator.VARIABLE]
    return frozenset(atom.name for atom in atoms if isinstance(atom, Has))


def _values(language: Demands, parts: tuple[int, ...], name: str) -> _Values:
    formulas = language.formulas
    atoms = [formulas.variable_of(part).atom for part in parts if formulas.operator(part) is Operator.VARIABLE]
    wanted = [atom.value for atom in atoms if isinstance(atom, Every) and atom.selector == NamedKey(name)]
    values: _Values = {}
    for kind in Kind:
        demands = [demand for value in wanted for demand in language.own_demands(value, kind)]
        if FALSE not in demands:
            values[kind] = _constants(formulas, demands)
    return values


def _constants(formulas: Formulas, demands: Iterable[int]) -> frozenset[object] | None:
    for demand in demands:
        if formulas.operator(demand) is Operator.VARIABLE:
            atom = formulas.variable_of(demand).atom
            if isinstance(atom, StringIn | NumberIn):
                return frozenset(atom.values)
    return None
