"""What has to be known about the items of an array when ``uniqueItems`` is only one way among others.

Where items *may* be repeated for another part of a schema to hold (``not``, ``oneOf``, ``if``), an item that repeats
an earlier one may be the last chance. Two more items that are equal are as good, if the array has room for them and
nothing counts against them; then nothing has to be known. Otherwise the earlier items are told apart by what the
array's formula asks of any item: their *types*.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..grammar.errors import LimitExceeded
from .atoms import Atom, ContainsAtLeast, ItemAt, ItemsAtLeast, ItemsFrom, Unique
from .formula import FALSE, TRUE
from .key_classes import innermost
from .lowering import Language
from .residual import Residual
from .satisfiability import Satisfier

_MOST_TYPES = 64


def item_types(language: Language, satisfier: Satisfier, residual: Residual) -> tuple[int, ...]:
    """Value formulas of which every item satisfies exactly one; none where it does not matter which.

    Raises ``LimitExceeded`` where there are more than 64.
    """
    positive, negative = language.formulas.occurrences(residual.formula)
    atoms = innermost(language, residual)
    if not any(isinstance(atom, Unique) and variable in negative for variable, atom in atoms):
        return ()
    if _may_repeat_later(language, satisfier, atoms, positive, negative):
        return ()
    values = {atom.value for _, atom in atoms if isinstance(atom, ItemAt | ItemsFrom | ContainsAtLeast)}
    return _types(language, satisfier, sorted(values))


def _may_repeat_later(
    language: Language,
    satisfier: Satisfier,
    atoms: Iterable[tuple[int, Atom]],
    positive: frozenset[int],
    negative: frozenset[int],
) -> bool:
    """Whether any array that satisfies the formula still does so with one item twice at its end (or seems not to)."""
    values: list[int] = []
    for variable, atom in atoms:
        if isinstance(atom, ItemsAtLeast | ContainsAtLeast) and variable in negative:
            return False
        if isinstance(atom, ItemAt | ItemsFrom) and variable in positive:
            values.append(atom.value)
    return satisfier.value(language.formulas.conjunction(values))


def _types(language: Language, satisfier: Satisfier, values: Iterable[int]) -> tuple[int, ...]:
    formulas = language.formulas
    types = [TRUE]
    for value in values:
        sides = [formulas.conjunction((kind, side)) for kind in types for side in (value, formulas.negation(value))]
        types = [kind for kind in sides if kind != FALSE and satisfier.value(kind)]
        if len(types) > _MOST_TYPES:
            problem = f"items are of more than {_MOST_TYPES} kinds where they may have to be repeated"
            raise LimitExceeded(problem, None, "use uniqueItems outside of not, oneOf and if, or fewer item schemas")
    return tuple(types)
