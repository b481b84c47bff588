"""What equality with constants demands of a value, as formulas over atoms at depth ``VALUE``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from .atoms import Atom, Every, Has, ItemAt, ItemsAtLeast, KeyOrder, Kind, NamedKey, NumberIn, OtherKeys, StringIn
from .formula import FALSE, TRUE, VALUE, Formulas
from .values import Constant

Part = Callable[[int], int]
"""The value formula "is equal to the constant of this number", which is a part of another one."""


class Equality:
    """Makes demands in the store ``formulas``.

    ``mention`` is told the names of properties; ``ordered``: their order matters.
    """

    def __init__(self, formulas: Formulas, mention: Callable[[Iterable[str]], None], ordered: bool) -> None:
        self._formulas = formulas
        self._mention = mention
        self._ordered = ordered

    def demand(self, constant: Constant, kind: Kind, part: Part) -> int:
        """What equality with ``constant`` demands of a value of ``kind``."""
        if kind is not constant.kind:
            return FALSE
        if isinstance(constant.scalar, str):
            return self._atom(StringIn(frozenset((constant.scalar,))))
        if constant.scalar is not None:
            return self._atom(NumberIn(frozenset((constant.scalar,))))
        values = [part(value) for value in constant.values]
        if kind is Kind.ARRAY:
            return self._array(values)
        return self._object(constant.names, values) if kind is Kind.OBJECT else TRUE

    def demands(self, constants: Iterable[Constant], part: Part) -> dict[Kind, int]:
        """What equality with one of ``constants`` demands, by kind; all strings, and all numbers, are one atom."""
        strings, numbers = set[str](), set[Fraction]()
        cases: dict[Kind, list[int]] = {kind: [] for kind in Kind}
        for constant in constants:
            if isinstance(constant.scalar, str):
                strings.add(constant.scalar)
            elif constant.scalar is not None:
                numbers.add(constant.scalar)
            else:
                cases[constant.kind].append(self.demand(constant, constant.kind, part))
        if strings:
            cases[Kind.STRING].append(self._atom(StringIn(frozenset(strings))))
        if numbers:
            cases[Kind.NUMBER].append(self._atom(NumberIn(frozenset(numbers))))
        return {kind: self._formulas.disjunction(of_kind) for kind, of_kind in cases.items()}

    def _array(self, values: list[int]) -> int:
        demands = [self._atom(ItemAt(index, value)) for index, value in enumerate(values)]
        if values:
            demands.append(self._atom(ItemsAtLeast(len(values))))
        longer = self._atom(ItemsAtLeast(len(values) + 1))
        return self._formulas.conjunction([*demands, self._formulas.negation(longer)])

    def _object(self, names: tuple[str, ...], values: list[int]) -> int:
        self._mention(names)
        atoms: list[Atom] = [Every(OtherKeys(frozenset(names)), FALSE)]
        for name, value in zip(names, values, strict=True):
            atoms += [Has(name), Every(NamedKey(name), value)]
        if names and self._ordered:
            atoms.append(KeyOrder(names))
        return self._formulas.conjunction(map(self._atom, atoms))

    def _atom(self, atom: Atom) -> int:
        return self._formulas.variable(VALUE, atom)
