"""Which property names a selector selects, and which names it speaks of one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .atoms import (
    Every,
    Has,
    KeysSatisfying,
    Kind,
    Matches,
    MatchingKeys,
    NamedKey,
    OtherKeys,
    Selector,
    StringAtom,
    StringIn,
)
from .formula import Variable
from .theory_strings import string_satisfies

if TYPE_CHECKING:
    from .lowering import Language

ALL_KEYS = OtherKeys(frozenset())


def selects(language: Language, selector: Selector, name: str) -> bool:
    """Whether the property ``name`` is among those that ``selector`` selects."""
    if isinstance(selector, NamedKey):
        return selector.name == name
    if isinstance(selector, OtherKeys):
        return name not in selector.named and not any(_found(language, p, name) for p in selector.patterns)
    if name in selector.besides:
        return False
    if isinstance(selector, MatchingKeys):
        return _found(language, selector.pattern, name)
    return name_satisfies(language, selector.name, name)


def name_satisfies(language: Language, value: int, name: str) -> bool:
    """Whether the string ``name`` satisfies the value formula ``value``."""

    def truth(variable: Variable) -> bool:
        assert isinstance(variable.atom, StringAtom)
        return string_satisfies(variable.atom, name, language.budget)

    return language.formulas.evaluate(language.lower(value, Kind.STRING, 1), truth)


def without(selector: Selector, name: str) -> Selector:
    """``selector``, but not for the property ``name``; not for a ``NamedKey``."""
    assert not isinstance(selector, NamedKey)
    if isinstance(selector, OtherKeys):
        return OtherKeys(selector.named | {name}, selector.patterns)
    return replace(selector, besides=selector.besides | {name})


def names_in(language: Language, atom: object) -> frozenset[str]:
    """The names that an object atom speaks of one by one."""
    if isinstance(atom, Has):
        return frozenset((atom.name,))
    if not isinstance(atom, Every):
        return frozenset()
    selector = atom.selector
    if isinstance(selector, NamedKey):
        return frozenset((selector.name,))
    if isinstance(selector, OtherKeys):
        return selector.named
    if isinstance(selector, MatchingKeys):
        return selector.besides
    return selector.besides | _listed_names(language, selector)


def _listed_names(language: Language, selector: KeysSatisfying) -> frozenset[str]:
    formulas = language.formulas
    support = formulas.support(language.lower(selector.name, Kind.STRING, 1))
    atoms = [formulas.variable_of(variable).atom for variable in support]
    return frozenset[str]().union(*(atom.values for atom in atoms if isinstance(atom, StringIn)))


def _found(language: Language, pattern: str, name: str) -> bool:
    return string_satisfies(Matches(pattern), name, language.budget)
