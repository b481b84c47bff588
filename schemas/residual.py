"""What is still demanded while a document is being written.

The state of a *joint group* of open containers is one formula over atoms about those containers, outermost at depth
1. While a value is pending (after a key, or where an item may stand) the formula also speaks, at depth ``VALUE``, about
the value to come; when its kind is known, the value's own atoms take the place of those. A container may close when the
formula can; the document is accepted if the formula has become ``TRUE``. All decisions are exact by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .atoms import Every, Has, ItemAt, ItemsAtLeast, ItemsFrom, KeyOrder, Kind, NamedKey, SchemaAtom
from .formula import FALSE, TRUE, VALUE
from .lowering import Language


@dataclass(frozen=True)
class Residual:
    """``formula``: over atoms at depths 1 to ``len(kinds)``; ``kinds``: of the open containers, outermost first."""

    formula: int
    kinds: tuple[Kind, ...]


def open_container(language: Language, value: int, kind: Kind) -> Residual:
    """The state after a container of ``kind`` has begun that is to satisfy the value formula ``value``: a new group."""
    return descend(language, value, (), kind)


# --- a value is about to come


def key(language: Language, residual: Residual, name: str) -> int:
    """The pending formula after the property ``name`` has begun."""
    return _after_key(language, residual, name)


def other_key(language: Language, residual: Residual) -> int:
    """The pending formula after a property has begun that is not among ``named_keys``."""
    return _after_key(language, residual, None)


def _after_key(language: Language, residual: Residual, name: str | None) -> int:
    formulas = language.formulas
    mapping: dict[int, int] = {}
    for variable, atom in _innermost(language, residual):
        if isinstance(atom, Has):
            if atom.name == name:
                mapping[variable] = TRUE
        elif isinstance(atom, Every):
            if isinstance(atom.selector, NamedKey):
                if atom.selector.name == name:
                    mapping[variable] = atom.value
            elif name not in atom.selector.named:
                mapping[variable] = formulas.conjunction((variable, atom.value))
    return formulas.substitute(residual.formula, mapping)


def item(language: Language, residual: Residual) -> int:
    """The pending formula when another item begins."""
    formulas, depth = language.formulas, len(residual.kinds)
    mapping: dict[int, int] = {}
    for variable, atom in _innermost(language, residual):
        if isinstance(atom, ItemsAtLeast):
            mapping[variable] = TRUE if atom.count == 1 else formulas.variable(depth, ItemsAtLeast(atom.count - 1))
        elif isinstance(atom, ItemAt):
            shifted = ItemAt(atom.index - 1, atom.value)
            mapping[variable] = formulas.variable(depth, shifted) if atom.index else atom.value
        elif isinstance(atom, ItemsFrom):
            if atom.index:
                mapping[variable] = formulas.variable(depth, ItemsFrom(atom.index - 1, atom.value))
            else:
                mapping[variable] = formulas.conjunction((variable, atom.value))
    return formulas.substitute(residual.formula, mapping)


def absent(language: Language, residual: Residual, names: Iterable[str]) -> Residual:
    """The state when the properties ``names`` are known never to come."""
    gone = frozenset(names)
    mapping: dict[int, int] = {}
    for variable, atom in _innermost(language, residual):
        if isinstance(atom, Has) and atom.name in gone:
            mapping[variable] = FALSE
        elif isinstance(atom, Every) and isinstance(atom.selector, NamedKey) and atom.selector.name in gone:
            mapping[variable] = TRUE
    return Residual(language.formulas.substitute(residual.formula, mapping), residual.kinds)


# --- the pending value becomes known


def descend(language: Language, pending: int, kinds: tuple[Kind, ...], kind: Kind) -> Residual:
    """The state when the pending value begins and is a container of ``kind``, which joins the group of ``kinds``."""
    return Residual(_lower_pending(language, pending, kind, len(kinds) + 1), (*kinds, kind))


def lower_scalar(language: Language, pending: int, kind: Kind, depth: int) -> int:
    """``pending`` with atoms at ``depth + 1`` about the pending scalar of ``kind``, which is in ``depth`` containers.

    Substituting the truth of those atoms, once the scalar is known, gives the formula of the state after it.
    """
    return _lower_pending(language, pending, kind, depth + 1)


def finish_with(language: Language, pending: int, truth: Callable[[int], bool]) -> int:
    """The formula after the pending value, when ``truth`` tells for each schema whether the value satisfies it."""
    mapping: dict[int, int] = {}
    for variable in language.formulas.support(pending):
        atom = language.formulas.variable_of(variable).atom
        if isinstance(atom, SchemaAtom):
            mapping[variable] = TRUE if truth(atom.schema) else FALSE
    return language.formulas.substitute(pending, mapping)


def factor(language: Language, pending: int) -> tuple[int, int] | None:
    """``pending`` as (value formula, formula over the open containers) of which it is the conjunction, or ``None``.

    Where it can be split, the pending value is independent of its surroundings and can be a group of its own.
    """
    formulas = language.formulas
    about_value: list[int] = []
    about_containers: list[int] = []
    for part in formulas.conjuncts(pending):
        depths = {formulas.variable_of(variable).depth == VALUE for variable in formulas.support(part)}
        if len(depths) > 1:
            return None
        (about_value if depths == {True} else about_containers).append(part)
    return formulas.conjunction(about_value), formulas.conjunction(about_containers)


def close(language: Language, residual: Residual) -> int:
    """The formula over the outer containers after the innermost one has closed."""
    mapping = {
        variable: FALSE if isinstance(atom, Has | ItemsAtLeast) else TRUE
        for variable, atom in _innermost(language, residual)
    }
    return language.formulas.substitute(residual.formula, mapping)


# --- looking at a state


def named_keys(language: Language, residual: Residual) -> list[str]:
    """The names that the innermost object's atoms mention, in the schema's order; those already seen may be among them.

    Where orders of several schemas meet, a name stands right after its predecessor in the first one that has it.
    """
    names: set[str] = set()
    orders: list[tuple[str, ...]] = []
    for _, atom in _innermost(language, residual):
        if isinstance(atom, Has):
            names.add(atom.name)
        elif isinstance(atom, KeyOrder):
            orders.append(atom.names)
        elif isinstance(atom, Every):
            names.update((atom.selector.name,) if isinstance(atom.selector, NamedKey) else atom.selector.named)
    ordered = _merged(orders)
    return [*ordered, *sorted(names.difference(ordered), key=language.rank)]


def _merged(orders: list[tuple[str, ...]]) -> dict[str, None]:
    following: dict[str | None, str | None] = {None: None}
    for order in orders:
        previous: str | None = None
        for name in order:
            if name not in following:
                following[name] = following[previous]
                following[previous] = name
            previous = name
    merged: dict[str, None] = {}
    current = following[None]
    while current is not None:
        merged[current] = None
        current = following[current]
    return merged


def _innermost(language: Language, residual: Residual) -> list[tuple[int, object]]:
    """The variables about the innermost container, ascending, with their atoms."""
    formulas, depth = language.formulas, len(residual.kinds)
    variables = [(variable, formulas.variable_of(variable)) for variable in sorted(formulas.support(residual.formula))]
    return [(number, variable.atom) for number, variable in variables if variable.depth == depth]


def _lower_pending(language: Language, pending: int, kind: Kind, depth: int) -> int:
    formulas = language.formulas
    mapping = {
        variable: language.lower(variable, kind, depth)
        for variable in formulas.support(pending)
        if formulas.variable_of(variable).depth == VALUE
    }
    return formulas.substitute(pending, mapping)
