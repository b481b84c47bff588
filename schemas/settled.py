"""Objects of which no more than a plain conjunction is demanded from some point on, whatever alternatives they had.

Once a value has told the alternatives of a union apart, what is left is mostly plain: the object can go on with a
bitset of keys and needs no more states.
"""

from __future__ import annotations

from collections.abc import Mapping

from .cases import Case
from .classification import PlainObject
from .formula import FALSE, Formulas


def settled_object(formulas: Formulas, case: Case, ranks: Mapping[str, int]) -> PlainObject:
    """The object that ``case`` describes; ``ranks``: the places of the names of its key set.

    Properties stay in that order. If others may come, all names of the key set are named: they may have come already.
    """
    names = {*case.mentions(), *case.required} if case.rest == FALSE else ranks
    properties = {name: case.value(formulas, name) for name in sorted(names, key=ranks.__getitem__)}
    return PlainObject(properties, case.rest, frozenset(case.required), case.minimum, case.maximum)
