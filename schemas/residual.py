"""What is still demanded while a document is being written.

The state of a *joint group* of open containers is one formula over atoms about those containers, outermost at depth
1. While a value is pending (after a key, or where an item may stand) the formula also speaks, at depth ``VALUE``, about
the value to come; when its kind is known, the value's own atoms take the place of those. A container may close when the
formula can; the document is accepted if the formula has become ``TRUE``. All decisions are exact by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from .atoms import (
    FALSE_OF_NOTHING,
    ContainsAtLeast,
    Every,
    Has,
    ItemAt,
    ItemsAtLeast,
    ItemsFrom,
    Kind,
    NamedKey,
    OtherKeys,
    PropertiesAtLeast,
    Repeats,
    SchemaAtom,
    Selector,
    Unique,
)
from .formula import FALSE, TRUE, VALUE
from .key_classes import KeyClasses, innermost, key_classes, named_keys
from .lowering import Language
from .selectors import selects, without

__all__ = [
    "KeyAtoms",
    "Residual",
    "absent",
    "after_items",
    "close",
    "depends_on_items",
    "descend",
    "factor",
    "finish_with",
    "innermost",
    "item",
    "key",
    "key_classes",
    "key_of_class",
    "lower_scalar",
    "named_keys",
    "open_container",
    "repeated",
]


class Residual(NamedTuple):
    """``formula``: over atoms at depths 1 to ``len(kinds)``; ``kinds``: of the open containers, outermost first."""

    formula: int
    kinds: tuple[Kind, ...]


def open_container(language: Language, value: int, kind: Kind) -> Residual:
    """The state after a container of ``kind`` has begun that is to satisfy the value formula ``value``: a new group."""
    return descend(language, value, (), kind)


# --- a value is about to come


def key(language: Language, residual: Residual, name: str) -> int:
    """The pending formula after the property ``name`` has begun."""
    atoms = KeyAtoms(language, residual)
    mapping = {variable: atoms.begun(variable, name) for variable, _ in innermost(language, residual)}
    return language.formulas.substitute(residual.formula, mapping)


class KeyAtoms:
    """What becomes of the atoms about the innermost object of ``residual`` when it gets a key or will not get one.

    What a new atom has in place of another is told by ``succeed``.
    """

    def __init__(self, language: Language, residual: Residual) -> None:
        self._language = language
        self._residual = residual
        self._positive, self._negative = map(set, language.formulas.occurrences(residual.formula))

    def begun(self, variable: int, name: str | None) -> int:
        """What ``variable`` becomes when the property ``name`` begins, ``None`` being one that no atom knows."""
        formulas = self._language.formulas
        atom = formulas.variable_of(variable).atom
        if isinstance(atom, Has) and atom.name == name:
            return TRUE
        if isinstance(atom, PropertiesAtLeast):
            return self._one_less(variable, atom, name)
        if not isinstance(atom, Every) or not self._selects(atom.selector, name):
            return variable
        if isinstance(atom.selector, NamedKey):
            return atom.value
        rest = variable
        if name is not None and self.is_negative(variable) and self._worth_noting((name,)):
            rest = formulas.variable(len(self._residual.kinds), Every(without(atom.selector, name), atom.value))
        return formulas.conjunction((rest, atom.value))

    def missing(self, variable: int, names: frozenset[str]) -> int:
        """What ``variable`` becomes when the properties ``names`` are known never to come."""
        formulas, depth = self._language.formulas, len(self._residual.kinds)
        atom = formulas.variable_of(variable).atom
        if isinstance(atom, Has):
            return FALSE if atom.name in names else variable
        if isinstance(atom, PropertiesAtLeast) and variable in self._positive:
            return formulas.variable(depth, PropertiesAtLeast(atom.count, atom.gone | names))
        if isinstance(atom, Every) and isinstance(atom.selector, NamedKey):
            return TRUE if atom.selector.name in names else variable
        if not isinstance(atom, Every) or not self.is_negative(variable):
            return variable
        selector: Selector = atom.selector
        for name in names:
            selector = without(selector, name) if selects(self._language, selector, name) else selector
        return formulas.variable(depth, Every(selector, atom.value))

    def succeed(self, variable: int, former: int) -> None:
        """``variable`` stands from now on where ``former`` did."""
        self._positive.update((variable,) if former in self._positive else ())
        self._negative.update((variable,) if former in self._negative else ())

    def is_negative(self, variable: int) -> bool:
        """Whether its being false can help."""
        return variable in self._negative

    def _selects(self, selector: Selector, name: str | None) -> bool:
        if name is not None:
            return selects(self._language, selector, name)
        return isinstance(selector, OtherKeys) and not selector.patterns

    def _one_less(self, variable: int, atom: PropertiesAtLeast, name: str | None) -> int:
        if atom.count == 1:
            return TRUE
        seen = atom.gone if variable in self._positive else frozenset[str]()
        if name is not None and variable in self._positive:
            seen |= {name}
        left = PropertiesAtLeast(atom.count - 1, self._worth_noting(seen))
        return self._language.formulas.variable(len(self._residual.kinds), left)

    @cached_property
    def _classes(self) -> KeyClasses:
        return key_classes(self._language, self._residual)

    def _worth_noting(self, names: Iterable[str]) -> frozenset[str]:
        """Those of ``names`` that infinitely many others cannot replace."""
        numbers = {name: self._classes.number_of(name) for name in names}
        return frozenset(
            name for name, number in numbers.items() if not number or self._classes[number].size is not None
        )


def key_of_class(language: Language, residual: Residual, classes: KeyClasses, number: int) -> int:
    """The pending formula after a property has begun whose name is in the class ``number`` of ``classes``.

    ``classes`` may be those of an earlier state of the same object. Exact for infinite classes; of a finite one, which
    has too many names for each to be told apart, it is not noted which are used up.
    """
    names = classes[number]
    atoms = KeyAtoms(language, residual)
    mapping: dict[int, int] = {}
    for variable, atom in innermost(language, residual):
        if isinstance(atom, PropertiesAtLeast):
            mapping[variable] = atoms.begun(variable, None)
        elif isinstance(atom, Every) and names.is_selected(atom.selector):
            mapping[variable] = language.formulas.conjunction((variable, atom.value))
    return language.formulas.substitute(residual.formula, mapping)


def item(language: Language, residual: Residual, tracked: Iterable[int] = (), types: Sequence[int] = ()) -> int:
    """The pending formula when another item begins.

    ``tracked``: the constants, as value formulas, whose coming is remembered where items have to be unique. If all
    values that a later item could repeat are tracked, such as the few that all items are limited to, uniqueness is
    exact. Otherwise ``repeated`` has to be told when an item turns out to be equal to an earlier one.

    ``types``: value formulas of which an item satisfies exactly one. With these, the types of the items before are
    remembered, and the pending formula says by ``Repeats`` what an item that is equal to an earlier one leads to.
    """
    formulas, depth = language.formulas, len(residual.kinds)
    constants = list(tracked)
    mapping: dict[int, int] = {}
    for variable, atom in innermost(language, residual):
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
        elif isinstance(atom, ContainsAtLeast):
            mapping[variable] = _counted(language, variable, atom, depth)
        elif isinstance(atom, Unique):
            mapping[variable] = _unrepeated(language, atom, constants, types, depth)
    return formulas.substitute(residual.formula, mapping)


def _counted(language: Language, variable: int, atom: ContainsAtLeast, depth: int) -> int:
    """What becomes of ``atom`` when an item begins: it depends on the item how many more are wanted."""
    formulas = language.formulas
    fewer = TRUE if atom.count == 1 else formulas.variable(depth, ContainsAtLeast(atom.value, atom.count - 1))
    counts = formulas.conjunction((atom.value, fewer))
    return formulas.disjunction((counts, formulas.conjunction((formulas.negation(atom.value), variable))))


def _unrepeated(language: Language, atom: Unique, tracked: list[int], types: Sequence[int], depth: int) -> int:
    """What becomes of ``atom`` when an item begins: it is none of those seen, and if it is tracked it is seen now."""
    formulas = language.formulas
    fresh = [constant for constant in dict.fromkeys(tracked) if constant not in atom.seen]
    untracked = _of_some_type(language, atom, types, depth) if types else formulas.variable(depth, atom)
    cases = [formulas.conjunction([untracked, *map(formulas.negation, fresh)])]
    for constant in fresh:
        seen = formulas.variable(depth, Unique(atom.seen | {constant}, atom.kinds))
        cases.append(formulas.conjunction((constant, seen)))
    return formulas.conjunction([formulas.disjunction(cases), *map(formulas.negation, atom.seen)])


def _of_some_type(language: Language, atom: Unique, types: Sequence[int], depth: int) -> int:
    """What becomes of ``atom`` when an item begins that is not tracked: it repeats none, and its type is known now."""
    formulas = language.formulas
    fresh = [kind for kind in types if kind not in atom.kinds]
    cases = [formulas.conjunction([formulas.variable(depth, atom), *map(formulas.negation, fresh)])]
    noted = [formulas.variable(depth, Unique(atom.seen, atom.kinds | {kind})) for kind in fresh]
    cases += map(formulas.conjunction, zip(fresh, noted, strict=True))
    repeats = formulas.conjunction((formulas.variable(depth, Repeats()), formulas.disjunction(atom.kinds)))
    return formulas.conjunction((formulas.negation(repeats), formulas.disjunction(cases)))


def repeated(language: Language, residual: Residual) -> Residual:
    """The state when the item of the innermost array that is complete is equal to an earlier one."""
    mapping = {variable: FALSE for variable, atom in innermost(language, residual) if isinstance(atom, Unique)}
    return Residual(language.formulas.substitute(residual.formula, mapping), residual.kinds)


def depends_on_items(language: Language, pending: int, kinds: tuple[Kind, ...]) -> bool:
    """Whether the pending formula of an item says what one that is equal to an earlier one leads to."""
    return language.formulas.variable(len(kinds), Repeats()) in language.formulas.support(pending)


def after_items(language: Language, pending: int, kinds: tuple[Kind, ...], before: int) -> int:
    """The pending formula of an item when the value formula ``before`` says that it is equal to an earlier one."""
    return language.formulas.substitute(pending, {language.formulas.variable(len(kinds), Repeats()): before})


def absent(language: Language, residual: Residual, names: Iterable[str]) -> Residual:
    """The state when the properties ``names`` are known never to come."""
    gone, atoms = frozenset(names), KeyAtoms(language, residual)
    mapping = {variable: atoms.missing(variable, gone) for variable, _ in innermost(language, residual)}
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
        depths = formulas.depths(part)
        if depths == 1 << VALUE:
            about_value.append(part)
        elif depths & 1 << VALUE:
            return None
        else:
            about_containers.append(part)
    return formulas.conjunction(about_value), formulas.conjunction(about_containers)


def close(language: Language, residual: Residual) -> int:
    """The formula over the outer containers after the innermost one has closed."""
    mapping = {
        variable: FALSE if isinstance(atom, FALSE_OF_NOTHING) else TRUE
        for variable, atom in innermost(language, residual)
    }
    return language.formulas.substitute(residual.formula, mapping)


def _lower_pending(language: Language, pending: int, kind: Kind, depth: int) -> int:
    formulas = language.formulas
    mapping = {variable: language.lower(variable, kind, depth) for variable in formulas.variables_at(pending, VALUE)}
    return formulas.substitute(pending, mapping)
