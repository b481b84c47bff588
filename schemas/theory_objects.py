"""Some object that satisfies a conjunction of object atoms and negated ones: exact.

Required properties must exist, and each negated ``Every`` needs a property that breaks it; one may serve for several.
More are added up to the least number wanted. A key is a name, or a class and a number in it, since one fresh name of a
class is as good as another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from ..grammar.errors import LimitExceeded
from .atoms import Every, Has, KeyOrder, NamedKey, ObjectAtom, PropertiesAtLeast, Selector
from .formula import FALSE
from .key_classes import KeyClasses, classes_for
from .lowering import Language
from .selectors import names_in, selects
from .witness import LONGEST, Witness, too_long

Ask = Callable[[int], Witness | None]
"""Answers whether some value satisfies a value formula."""

_Key = str | tuple[int, int]
_Chosen = dict[_Key, int]
"""The keys of the object, each with the value formula of its value."""


def some_object(
    language: Language, positive: Iterable[ObjectAtom], negative: Iterable[ObjectAtom], ask: Ask
) -> Witness | None:
    """An object of which all ``positive`` atoms are true and all ``negative`` ones false, if there is one."""
    search = _ObjectSearch(language, list(positive), list(negative), ask)
    return None if search.contradicts else search.run()


class _ObjectSearch:
    def __init__(self, language: Language, positive: list[ObjectAtom], negative: list[ObjectAtom], ask: Ask) -> None:
        self._language = language
        self._conjunction = language.formulas.conjunction
        self._ask = ask
        self._atoms = [*positive, *negative]
        self._demands = [(atom.selector, atom.value) for atom in positive if isinstance(atom, Every)]
        self._named: dict[str, list[int]] = {}
        self._general: list[tuple[Selector, int]] = []
        for selector, value in self._demands:
            if isinstance(selector, NamedKey):
                self._named.setdefault(selector.name, []).append(value)
            else:
                self._general.append((selector, value))
        self._broken = [(atom.selector, atom.value) for atom in negative if isinstance(atom, Every)]
        self._required = {atom.name for atom in positive if isinstance(atom, Has)}
        self._forbidden = {atom.name for atom in negative if isinstance(atom, Has)}
        counts = [atom for atom in positive if isinstance(atom, PropertiesAtLeast)]
        self._least = max((atom.count for atom in counts), default=0)
        self._gone = frozenset[str]().union(*(atom.gone for atom in counts))
        self._most = min((atom.count - 1 for atom in negative if isinstance(atom, PropertiesAtLeast)), default=None)
        self._breaks_order = any(isinstance(atom, KeyOrder) for atom in negative)

    @property
    def contradicts(self) -> bool:
        """Whether no search is needed to tell that there is none."""
        most = self._most
        too_many = most is not None and (most < self._least or most < len(self._required))
        return self._breaks_order or too_many or not self._required.isdisjoint(self._forbidden)

    def run(self) -> Witness | None:
        chosen: _Chosen = {}
        for selector, value in self._broken:
            if isinstance(selector, NamedKey):
                if selector.name in self._forbidden:
                    return None
                chosen[selector.name] = self._and_not(chosen.get(selector.name), selector.name, value)
        for name in self._required.difference(chosen):
            chosen[name] = self._base(name)
        if not self._all_answered(chosen.values()):
            return None
        for broken in self._breakers(chosen):
            complete = self._filled(broken)
            if complete is not None:
                return self._witness(complete)
        return None

    # --- properties that break a negated ``Every``

    def _breakers(self, chosen: _Chosen) -> Iterator[_Chosen]:
        """The choices that break all that is to be broken; depth first, shared properties first."""
        broken = [(selector, value) for selector, value in self._broken if not isinstance(selector, NamedKey)]
        stack = [(0, chosen)]
        steps = 0
        while stack:
            index, chosen = stack.pop()
            self._language.budget.check()
            steps += 1
            if steps > self._language.options.limits.states:
                raise LimitExceeded(
                    f"more than {self._language.options.limits.states} ways to choose properties",
                    remedy="raise Limits.states, or negate fewer objects",
                )
            if self._most is not None and len(chosen) > self._most:
                continue
            if index == len(broken):
                yield chosen
                continue
            selector, value = broken[index]
            following = []
            for key in self._candidates(selector, chosen):
                demand = self._and_not(chosen.get(key), key, value)
                if demand != FALSE and self._ask(demand) is not None:
                    following.append((index + 1, {**chosen, key: demand}))
            stack.extend(reversed(following))

    def _candidates(self, selector: Selector, chosen: _Chosen) -> Iterator[_Key]:
        for key in chosen:
            if self._selected(selector, key):
                yield key
        for name in self._classes.named:
            if name not in chosen and name not in self._forbidden and selects(self._language, selector, name):
                yield name
        for number in range(1, len(self._classes.classes) + 1):
            if self._classes[number].is_selected(selector) and self._free(number, chosen) != 0:
                yield number, self._taken(number, chosen)

    def _and_not(self, demand: int | None, key: _Key, value: int) -> int:
        base = self._base(key) if demand is None else demand
        return self._conjunction((base, self._language.formulas.negation(value)))

    # --- enough properties

    def _filled(self, chosen: _Chosen) -> _Chosen | None:
        """``chosen`` with as many more properties as are wanted, unless there are not so many."""
        missing = self._least - len(chosen)
        if missing <= 0:
            return chosen
        complete = dict(chosen)
        for name in self._classes.named:
            if missing and name not in complete and self._is_free(name) and self._answered(self._base(name)):
                complete[name] = self._base(name)
                missing -= 1
        for number in range(1, len(self._classes.classes) + 1):
            if missing and self._answered(self._base((number, 0))):
                free = self._free(number, complete)
                added = missing if free is None else min(missing, free)
                first = self._taken(number, complete)
                base = self._base((number, 0))
                complete.update({(number, first + index): base for index in range(min(added, LONGEST))})
                missing -= added
        return None if missing else complete

    def _is_free(self, name: str) -> bool:
        return name not in self._forbidden and name not in self._gone

    def _free(self, number: int, chosen: _Chosen) -> int | None:
        """How many names of a class can still be chosen; ``None`` for infinitely many."""
        size = self._classes[number].size
        if size is None:
            return None
        used = sum(self._classes.number_of(name) == number for name in self._gone)
        return max(size - used - self._taken(number, chosen), 0)

    def _taken(self, number: int, chosen: _Chosen) -> int:
        return sum(isinstance(key, tuple) and key[0] == number for key in chosen)

    # --- keys

    @cached_property
    def _classes(self) -> KeyClasses:
        names = frozenset[str]().union(*(names_in(self._language, atom) for atom in self._atoms))
        selectors = [selector for selector, _ in (*self._demands, *self._broken)]
        return classes_for(self._language, sorted(names), selectors)

    def _selected(self, selector: Selector, key: _Key) -> bool:
        if isinstance(key, str):
            return selects(self._language, selector, key)
        return self._classes[key[0]].is_selected(selector)

    def _base(self, key: _Key) -> int:
        """What the positive atoms ask of the value of ``key``."""
        named = self._named.get(key, ()) if isinstance(key, str) else ()
        return self._conjunction(
            [*named, *(value for selector, value in self._general if self._selected(selector, key))]
        )

    def _answered(self, value: int) -> bool:
        return value != FALSE and self._ask(value) is not None

    def _all_answered(self, values: Iterable[int]) -> bool:
        """Whether all can be satisfied; asks for all, so that the worklist gets them all."""
        demands = sorted(set(values))
        if FALSE in demands:
            return False
        answers = [self._ask(value) is not None for value in demands]
        return all(answers)

    # --- the witness

    def _witness(self, chosen: _Chosen) -> Witness:
        parts = [self._ask(demand) for demand in chosen.values()]
        assert all(part is not None for part in parts)
        known = tuple(part for part in parts if part is not None)
        free = self._most is None and all(isinstance(selector, NamedKey) for selector, _ in self._demands)
        if self._least > LONGEST:
            return Witness(too_long, known, free)
        return Witness(lambda values: self._assembled(list(chosen), values), known, free)

    def _assembled(self, keys: list[_Key], values: Sequence[object]) -> dict[str, object]:
        names: dict[_Key, str] = {}
        for number in {key[0] for key in keys if isinstance(key, tuple)}:
            wanted = [key for key in keys if isinstance(key, tuple) and key[0] == number]
            unused = (name for name in self._classes.some_names(number) if name not in self._gone | self._forbidden)
            names.update(zip(wanted, islice(unused, len(wanted)), strict=True))
        return {key if isinstance(key, str) else names[key]: value for key, value in zip(keys, values, strict=True)}
