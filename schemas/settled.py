"""Objects of which no more than a plain conjunction is demanded from some point on, whatever alternatives they had.

Once a value has told the alternatives of a union apart, what is left is mostly plain: the object can go on with a bitset
of keys and needs no more states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .atoms import Every, KeyOrder, Literal, NamedKey, OtherKeys, PropertiesAtLeast
from .classification import PlainObject, object_of
from .formula import FALSE
from .implicants import literal
from .lowering import Language
from .residual import Residual


class Parts(NamedTuple):
    """A residual formula as the conjunction of one about the innermost object, and one about the containers around."""

    inner: int
    outer: int


def settled_parts(language: Language, residual: Residual) -> Parts | None:
    """The parts of ``residual``, if that about the innermost object is plain."""
    formulas, depth = language.formulas, len(residual.kinds)
    inner: list[int] = []
    outer: list[int] = []
    for part in formulas.conjuncts(residual.formula):
        if not formulas.depths(part) >> depth & 1:
            outer.append(part)
        elif _is_simple(_literal(language, part)):
            inner.append(part)
        else:
            return None
    return Parts(formulas.conjunction(inner), formulas.conjunction(outer))


def settled_object(language: Language, formula: int, ranks: Mapping[str, int]) -> PlainObject:
    """The object of a formula that ``settled_parts`` found; ``ranks``: the places of the names of its key set.

    Properties stay in that order. If others may come, all names of the key set are named: they may have come already.
    """
    literals = [_literal(language, part) for part in language.formulas.conjuncts(formula)]
    plain = object_of(language, [literal for literal in literals if literal is not None])
    assert plain is not None
    names = plain.properties if plain.others == FALSE else ranks
    ordered = sorted(names, key=ranks.__getitem__)
    properties = {name: plain.properties.get(name, plain.others) for name in ordered}
    return PlainObject(properties, plain.others, plain.required, plain.minimum, plain.maximum)


def _literal(language: Language, part: int) -> Literal | None:
    found = literal(language.formulas, part)
    return None if found is None else Literal(found[0].atom, found[1])


def _is_simple(literal: Literal | None) -> bool:
    """Whether a plain object can take the demand over in the middle: no patterns, and no keys that are used up."""
    if literal is None:
        return False
    atom, is_true = literal
    if isinstance(atom, PropertiesAtLeast):
        return not atom.gone
    if isinstance(atom, Every):
        named = isinstance(atom.selector, NamedKey)
        return is_true and (named or (isinstance(atom.selector, OtherKeys) and not atom.selector.patterns))
    return is_true or not isinstance(atom, KeyOrder)
