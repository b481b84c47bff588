"""Some array that satisfies a conjunction of array atoms and negated ones: exact.

Without counting and uniqueness the items that must exist are asked for one by one. Otherwise items are chosen from left
to right, each with what it is to do: be contained, break a negated ``ItemsFrom``, repeat another one. Behind the last
place that is mentioned all places are alike, so there each further item has to do something.

Items are unique if each can have a value of its own: those with few values are matched to values (a maximum bipartite
matching), those with abundant ones always find one. Not supported: witnesses longer than some thousands of items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from ..grammar.errors import LimitExceeded
from .atoms import ArrayAtom, ContainsAtLeast, ItemAt, ItemsAtLeast, ItemsFrom, Unique
from .formula import FALSE
from .lowering import Language
from .matching import perfect_matching
from .witness import LONGEST, Witness, too_long

Ask = Callable[[int], Witness | None]
"""Answers whether some value satisfies a value formula."""


def some_array(
    language: Language, positive: Sequence[ArrayAtom], negative: Sequence[ArrayAtom], ask: Ask
) -> Witness | None:
    """An array of which all ``positive`` atoms are true and all ``negative`` ones false, if there is one."""
    demands = _Demands(language, positive, negative)
    if demands.most is not None and demands.most < demands.least:
        return None
    if demands.is_simple:
        return _simple(demands, ask)
    if demands.unique and demands.repeated:
        return None
    return _ArraySearch(language, demands, ask).run()


class _Demands:
    """What the atoms ask of an array."""

    def __init__(self, language: Language, positive: Sequence[ArrayAtom], negative: Sequence[ArrayAtom]) -> None:
        formulas = language.formulas
        self.conjunction = formulas.conjunction
        self.negation = formulas.negation
        broken = [(atom.index, formulas.negation(atom.value)) for atom in negative if isinstance(atom, ItemAt)]
        self.places = [(atom.index, atom.value) for atom in positive if isinstance(atom, ItemAt)] + broken
        self.onwards = [(atom.index, atom.value) for atom in positive if isinstance(atom, ItemsFrom)]
        self.broken = [(atom.index, formulas.negation(atom.value)) for atom in negative if isinstance(atom, ItemsFrom)]
        self.wanted = [(atom.value, atom.count) for atom in positive if isinstance(atom, ContainsAtLeast)]
        self.limited = [(atom.value, atom.count - 1) for atom in negative if isinstance(atom, ContainsAtLeast)]
        self.unique = any(isinstance(atom, Unique) for atom in positive)
        self.repeated = any(isinstance(atom, Unique) for atom in negative)
        self.seen = frozenset[int]().union(*(a.seen for a in (*positive, *negative) if isinstance(a, Unique)))
        self.kinds = frozenset[int]().union(*(a.kinds for a in negative if isinstance(a, Unique)))
        least = [atom.count for atom in positive if isinstance(atom, ItemsAtLeast)]
        self.least = max([*least, *(index + 1 for index, _ in broken)], default=0)
        self.most = min((atom.count - 1 for atom in negative if isinstance(atom, ItemsAtLeast)), default=None)
        indices = [index for index, _ in (*self.places, *self.broken)]
        self.mentioned = max([*(index + 1 for index in indices), *(index for index, _ in self.onwards)], default=0)

    @property
    def is_simple(self) -> bool:
        return not (self.broken or self.wanted or self.limited or self.unique or self.repeated)

    def base(self, index: int) -> int:
        """What is asked of the item at ``index`` in any case."""
        demands = [value for place, value in self.places if place == index]
        demands += [value for start, value in self.onwards if start <= index]
        if self.unique:
            demands += [self.negation(constant) for constant in self.seen]
        return self.conjunction(demands)


def _simple(demands: _Demands, ask: Ask) -> Witness | None:
    """The items up to the least number must exist; those behind the last place mentioned are all alike."""
    shown = min(demands.least, demands.mentioned + 1)
    values = [demands.base(index) for index in range(shown)]
    if FALSE in values:
        return None
    answers = {value: ask(value) for value in sorted(set(values))}
    if None in answers.values():
        return None
    parts = [answer for answer in map(answers.get, values) if answer is not None]
    free = demands.most is None and not demands.onwards
    if demands.least > LONGEST:
        return Witness(too_long, tuple(parts), free)
    parts += parts[-1:] * (demands.least - shown)
    return Witness(list, tuple(parts), free)


class _Partial(NamedTuple):
    """Items chosen so far, as value formulas, and what is still wanted; ``same``: pairs of items that are equal."""

    items: tuple[int, ...]
    wanted: tuple[int, ...]
    limited: tuple[int, ...]
    broken: frozenset[int]
    repeated: bool
    same: tuple[tuple[int, int], ...] = ()

    @property
    def is_done(self) -> bool:
        return not any(self.wanted) and not self.broken and not self.repeated


class _ArraySearch:
    def __init__(self, language: Language, demands: _Demands, ask: Ask) -> None:
        self._language = language
        self._demands = demands
        self._ask = ask
        self._limit = language.options.limits.states
        self._distinct = _Distinct(language, ask)

    def run(self) -> Witness | None:
        demands = self._demands
        start = _Partial(
            (),
            tuple(count for _, count in demands.wanted),
            tuple(count for _, count in demands.limited),
            frozenset(range(len(demands.broken))),
            demands.repeated,
        )
        stack = [start]
        seen: set[object] = set()
        for _ in range(self._limit):
            if not stack:
                return None
            self._language.budget.check()
            partial = stack.pop()
            if demands.unique and self._distinct.values(partial.items) is None:
                continue
            found = self._finished(partial)
            if found is not None:
                return found
            for following in reversed(list(self._following(partial))):
                state = self._state(following)
                if state not in seen:
                    seen.add(state)
                    stack.append(following)
        raise LimitExceeded(
            f"more than {self._limit} ways to choose items", remedy="raise Limits.states, or count fewer items"
        )

    def _state(self, partial: _Partial) -> object:
        """What the further search depends on."""
        compared = self._demands.unique or self._demands.repeated
        items: object = partial.items if compared else len(partial.items)
        return items, partial.wanted, partial.limited, partial.broken, partial.repeated

    # --- one more item

    def _following(self, partial: _Partial) -> Iterator[_Partial]:
        """The ways to add an item, those that do most first."""
        demands, index = self._demands, len(partial.items)
        if index == demands.most:
            return
        base = demands.base(index)
        tasks = [(False, j) for j, count in enumerate(partial.wanted) if count]
        tasks += [(True, j) for j in sorted(partial.broken) if demands.broken[j][0] <= index]
        for size in range(len(tasks), -1, -1):
            for done in combinations(tasks, size):
                values = [demands.broken[j][1] if breaks else demands.wanted[j][0] for breaks, j in done]
                value = demands.conjunction([base, *values])
                for counted in self._counted(partial, value):
                    chosen = self._with(counted, done)
                    if size or index < demands.mentioned + demands.repeated or partial.is_done:
                        yield chosen
                    if partial.repeated:
                        yield from self._repeating(chosen)

    def _counted(self, partial: _Partial, value: int) -> Iterator[_Partial]:
        """``partial`` with an item of ``value``, for each choice of the limited values that it is one of."""
        demands = self._demands
        indices = range(len(demands.limited))
        for size in range(len(demands.limited) + 1):
            for matched in combinations(indices, size):
                if all(partial.limited[j] for j in matched):
                    limited = demands.limited
                    sides = [limited[j][0] if j in matched else demands.negation(limited[j][0]) for j in indices]
                    item = demands.conjunction([value, *sides])
                    if item != FALSE and self._ask(item) is not None:
                        left = tuple(count - (j in matched) for j, count in enumerate(partial.limited))
                        yield partial._replace(items=(*partial.items, item), limited=left)

    def _with(self, partial: _Partial, done: Sequence[tuple[bool, int]]) -> _Partial:
        wanted = tuple(count - ((False, j) in done) for j, count in enumerate(partial.wanted))
        return partial._replace(wanted=wanted, broken=partial.broken - {j for breaks, j in done if breaks})

    def _repeating(self, partial: _Partial) -> Iterator[_Partial]:
        """``partial`` with its last item equal to one that came before, or to an earlier item."""
        conjunction = self._demands.conjunction
        *earlier, last = partial.items
        for before in sorted(self._demands.seen | self._demands.kinds):
            item = conjunction((last, before))
            if item != FALSE and self._ask(item) is not None:
                yield partial._replace(items=(*earlier, item), repeated=False)
        for index, other in enumerate(earlier):
            item = conjunction((last, other))
            if item != FALSE and self._ask(item) is not None:
                items = (*earlier[:index], item, *earlier[index + 1 :], item)
                yield partial._replace(items=items, repeated=False)

    # --- enough items

    def _finished(self, partial: _Partial) -> Witness | None:
        """The array, if nothing is wanted but more items that do nothing, and these can be had."""
        demands = self._demands
        if not partial.is_done:
            return None
        missing = max(demands.least - len(partial.items), 0)
        items = list(partial.items)
        if missing and len(items) >= demands.mentioned:
            neutral = [demands.negation(value) for value, _ in demands.limited]
            item = demands.conjunction([demands.base(len(items)), *neutral])
            if item == FALSE or self._ask(item) is None:
                return None
            if demands.unique:
                items += [item] * (min(missing, self._distinct.enough(item, demands.least)))
            else:
                items += [item] * min(missing, LONGEST)
        elif missing:
            return None
        return self._witness(items)

    def _witness(self, items: list[int]) -> Witness | None:
        answers = [self._ask(item) for item in items]
        parts = tuple(answer for answer in answers if answer is not None)
        if not self._demands.unique:
            return Witness(too_long if self._demands.least > LONGEST else list, parts)
        chosen = self._distinct.values(items)
        if chosen is None:
            return None
        if None in chosen or len(items) < self._demands.least:  # only of abundant values so few are looked at
            return Witness(too_long, (), True)
        plenty = any(part.abundant for part in parts)
        return Witness(list, tuple(part for part in chosen if part is not None), plenty)


class _Distinct:
    """Different values for value formulas."""

    def __init__(self, language: Language, ask: Ask) -> None:
        self._language = language
        self._ask = ask
        self._known: dict[int, tuple[list[Witness], list[int]]] = {}

    def enough(self, value: int, count: int) -> int:
        """How many of ``count`` items of ``value`` are worth looking at: one, if its values are abundant."""
        answer = self._ask(value)
        if answer is not None and answer.abundant:
            return 1
        listed = self._listed(value, count)
        return 1 if listed is None else len(listed[0]) + 1

    def values(self, items: Sequence[int]) -> list[Witness | None] | None:
        """A different value for each of ``items``, ``None`` for values that are abundant; ``None`` if it cannot be."""
        few: list[int] = []
        choices: list[list[int]] = []
        shown: dict[int, Witness] = {}
        for index, item in enumerate(items):
            listed = self._listed(item, len(items))
            if listed is not None:
                few.append(index)
                choices.append(listed[1])
                shown.update(zip(listed[1], listed[0], strict=True))
        matched = perfect_matching(choices)
        if matched is None:
            return None
        values: list[Witness | None] = [None] * len(items)
        for index, constant in zip(few, matched, strict=True):
            values[index] = shown[constant]
        if len(items) == 1 and values[0] is None:
            values[0] = self._ask(items[0])
        return values

    def _listed(self, value: int, count: int) -> tuple[list[Witness], list[int]] | None:
        """Up to ``count`` different values, as witnesses and as constants; ``None`` if they are abundant."""
        formulas = self._language.formulas
        witnesses, constants = self._known.get(value, ([], []))
        while len(witnesses) < count:
            others = formulas.negation(self._language.one_of(witness.value for witness in witnesses))
            rest = formulas.conjunction((value, others))
            answer = None if rest == FALSE else self._ask(rest)
            if answer is None:
                break
            if answer.abundant:
                return None
            witnesses.append(answer)
            constants.append(self._language.constant(answer.value))
        self._known[value] = witnesses, constants
        return witnesses[:count], constants[:count]
