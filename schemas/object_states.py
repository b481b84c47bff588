"""The states of objects: one table of entries for all keys, which are compiled when a key comes.

Where a formula is a union of plain conjunctions (``unions``), which keys may come is told for all together, and what
follows one is compiled when it has come. Where it is a single one, the object goes on as a plain one (``settled``).
Elsewhere every key is compiled with the state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from itertools import starmap

import numpy as np

from ..grammar.automaton import Automaton
from ..grammar.errors import LimitExceeded
from ..grammar.kernels import layout as at
from . import residual as run
from . import tags
from .atoms import Kind
from .cases import Case, case_of
from .classification import PlainObject
from .lowering import Language
from .residual import Residual
from .satisfiability import Satisfier
from .settled import settled_object
from .sources import KeySet, Settled, Source, State, Tag
from .unions import Groups, UnionOfObjects

Fields = dict[int, int]
"""Of the record of a node."""

_WIDE, _AHEAD = 16, 64
"""A key that tells so many alternatives apart by constants is compiled with its object, and what each of them leads to
if there are no more than so many; of the values that follow, those to which several lead."""

_MOST_UNIONS = 16
"""The alternatives of so many states are kept for the keys that are still to come."""


class ObjectStates(ABC):
    """What of a compiler of schemas is about the states of objects."""

    def __init__(self, language: Language, automaton: Automaton, style: int) -> None:
        self._language = language
        self._automaton = automaton
        self._style = style
        self._ordered = language.options.property_order == "schema"
        self._satisfier = Satisfier(language)
        self._state_sources: dict[int, State] = {}
        self._key_sets: list[KeySet] = []
        self._settled: dict[Settled, int] = {}
        self._unions: dict[int, UnionOfObjects] = {}
        self._first_entries: list[int] = []
        self._states_with_entries: list[int] = []

    @abstractmethod
    def _node(self, source: Source) -> int: ...

    @abstractmethod
    def _state(self, source: State) -> int: ...

    @abstractmethod
    def _closing(self, source: State, formula: int) -> int: ...

    @abstractmethod
    def _entry(self, pending: int, source: State, state: int) -> tuple[int, int]: ...

    @abstractmethod
    def _object_entries(self, source: State, state: int) -> list[tuple[int, int]]: ...

    @abstractmethod
    def _plain_object_fields(self, fields: Fields, plain: PlainObject) -> None: ...

    def knows_entry(self, entry: int) -> bool:
        """Is ``entry`` one that this compiler left out?"""
        place = bisect_right(self._first_entries, entry) - 1
        if place < 0:
            return False
        source = self._state_sources[self._states_with_entries[place]]
        return entry < self._first_entries[place] + self._key_sets[source.key_sets[-1]].rows

    def compile_entry(self, entry: int) -> None:
        """Write an entry that a union left to when its key comes."""
        self._language.budget.restart()
        place = bisect_right(self._first_entries, entry) - 1
        state, index = self._states_with_entries[place], entry - self._first_entries[place]
        source = self._state_sources[state]
        with self._language.placed(source.residual.formula):
            union = self._union(source, state)
            names = self._key_sets[source.key_sets[-1]].names
            groups = union.after(names[index]) if index < len(names) else union.after_other()
            self._automaton.write_entry(entry, *self._entry_of(groups, source, state))

    def _compile_object_state(self, source: State, state: int) -> None:
        language, residual = self._language, source.residual
        case = None if source.is_first else _single_case(language, residual)
        if case is not None:
            outer = self._closing(source, language.formulas.conjunction(case.outer))
            closing = at.MAY_NOT_CLOSE if case.required or case.minimum else outer
            self._automaton.write_settled_state(state, closing, self._settled_node(source, case), outer)
            return
        key_set = self._key_sets[source.key_sets[-1]]
        may_come = np.zeros(key_set.rows, np.bool_)
        union = self._union(source, state)
        if union.is_known and len(key_set.classes.classes) < 2:
            may_come[: len(key_set.names)] = union.live(key_set.names)
            may_come[len(key_set.names)] = union.others_may_come()
            closing = self._closing(source, union.closed())
            first = self._automaton.write_object_state(state, closing, may_come, {})
            self._first_entries.append(first)
            self._states_with_entries.append(state)
            for name in union.tags(_WIDE):
                self._compile_value_ahead(first + key_set.indices[name])
            return
        entries = {row: entry for row, entry in enumerate(self._object_entries(source, state)) if entry[0] != at.NONE}
        may_come[list(entries)] = True
        closing = self._closing(source, run.close(language, residual))
        self._automaton.write_object_state(state, closing, may_come, entries)

    def _union(self, source: State, state: int) -> UnionOfObjects:
        union = self._unions.get(state)
        if union is None:
            ranks = self._key_sets[source.key_sets[-1]].ranks if self._ordered else None
            union = UnionOfObjects(self._language, self._satisfier, source.residual, ranks)
            if len(self._unions) == _MOST_UNIONS:
                del self._unions[next(iter(self._unions))]
            self._unions[state] = union
        return union

    def _entry_of(self, groups: Groups, source: State, state: int) -> tuple[int, int]:
        """The node of a pending value and the state of the object while it is written."""
        formulas, kinds = self._language.formulas, source.residual.kinds
        rests = {value: formulas.disjunction(cases) for value, cases in groups.items()}
        if len(rests) == 1:
            [(value, rest)] = rests.items()
            return self._node(value), self._state(State(Residual(rest, kinds), source.key_sets))
        alternatives = list(starmap(tags.Alternative, rests.items()))
        if tags.possible_kinds(self._language, alternatives) == {Kind.STRING}:
            listed = tags.strings(self._language, alternatives)
            if listed:
                return self._node(Tag(tuple(listed.items()), kinds, source.key_sets)), state
        pending = formulas.disjunction(map(formulas.conjunction, rests.items()))
        return self._entry(pending, source, state)

    # --- nodes

    def _settled_node(self, source: State, case: Case) -> int:
        """The node as which an object of ``source`` goes on, which is ready."""
        residual, key_set = source.residual, source.key_sets[-1]
        inner = residual.formula if not case.outer else self._inner(residual)
        settled = Settled(inner, len(residual.kinds), key_set)
        node = self._settled.get(settled)
        if node is None:
            node = self._settled[settled] = self._automaton.new_node(self._style)
            self._automaton.write_node(node, self._settled_fields(case, self._key_sets[key_set]))
        return node

    def _inner(self, residual: Residual) -> int:
        """The part of a residual formula that is about the innermost container."""
        formulas, depth = self._language.formulas, len(residual.kinds)
        parts = formulas.conjuncts(residual.formula)
        return formulas.part_of_conjunction(part for part in parts if formulas.depths(part) >> depth & 1)

    def _settled_fields(self, case: Case, key_set: KeySet) -> Fields:
        plain = settled_object(self._language.formulas, case, key_set.ranks)
        fields: Fields = {at.KINDS: at.IS_OBJECT}
        self._plain_object_fields(fields, plain)
        if self._ordered:
            before = [key_set.ranks[name] for name in plain.properties]
        else:
            before = sorted(key_set.indices[name] for name in plain.properties)
        fields[at.BEFORE_AT] = self._automaton.add_item_nodes(before)
        return fields

    def _tag_fields(self, source: Tag) -> Fields:
        residuals = {text: Residual(rest, source.kinds) for text, rest in source.texts}
        fields: Fields = {at.KINDS: 0, at.JOINT: 1}
        self._outcome_fields(
            fields, {text: self._state(State(residual, source.key_sets)) for text, residual in residuals.items()}
        )
        return fields

    def _outcome_fields(self, fields: Fields, states: dict[str, int]) -> None:
        """Strings that lead to ``states``; those that lead to PLAIN must not come."""
        values = sorted((text.encode(), state) for text, state in states.items() if state != at.PLAIN)
        if values:
            fields[at.KINDS] |= at.IS_CHOICE
            low = self._automaton.add_keys(
                [text for text, _ in values], [(at.NONE, state, False) for _, state in values]
            )
            fields[at.CHOICE_LO], fields[at.CHOICE_HI] = low, low + len(values)

    # --- ahead of time

    def _compile_value_ahead(self, entry: int) -> None:
        """Compile what a key of many alternatives leads to, where these are constants: that takes long."""
        self._automaton.compile_entry(entry)
        node = int(self._automaton.entries.array[entry, at.ENTRY_NODE])
        self._automaton.compile_node(node)
        record = self._automaton.nodes.array[node]
        low, high = int(record[at.CHOICE_LO]), int(record[at.CHOICE_HI])
        if record[at.JOINT] and high - low <= _AHEAD:
            states = dict.fromkeys(self._automaton.key_column(at.KEY_RANK, low, high))
            values = Counter(value for state in states for value in self._values_ahead(state))
            for value, count in values.items():
                if count > 1:  # by itself, each takes as long as it does later, and most of them are never met
                    with suppress(LimitExceeded):
                        self._automaton.compile_node(value)

    def _values_ahead(self, state: int) -> Iterable[int]:
        """Compile a state; the nodes of the values of an object that settles with it. What is too large is left."""
        with suppress(LimitExceeded):
            self._automaton.compile_state(state)
            settled = int(self._automaton.states.array[state, at.SETTLED_NODE])
            if settled != at.NONE:
                record = self._automaton.nodes.array[settled]
                low, high = int(record[at.KEY_LO]), int(record[at.KEY_HI])
                return set(self._automaton.key_column(at.KEY_NODE, low, high)) - {at.NONE}
        return ()


def _single_case(language: Language, residual: Residual) -> Case | None:
    """What is demanded of an object as one case, if that is all."""
    return case_of(language.formulas, language.formulas.conjuncts(residual.formula), len(residual.kinds))
