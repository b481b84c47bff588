"""The names of an object's properties, parted into classes that its selectors cannot tell further apart.

Names that are mentioned one by one are classes of their own. The others are classed by the patterns that are found in
them and the name schemas that they satisfy; a labelled automaton tells the class of a name. A class of a few names
only is dissolved: its members count as named, so that what was used up is told name by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import DEAD, REJECT, TextDfa
from ..grammar.dfa_operations import UNREACHABLE, distances
from ..grammar.kernels.layout import UNBOUNDED
from ..grammar.limits import Budget
from ..grammar.regex import compile_pattern
from ..grammar.regex_evident import listed_texts
from ..grammar.text_dfa import FIRST_SURROGATE, LAST_CODE_POINT, LAST_SURROGATE, from_strings, label_of
from ..grammar.text_product import product
from .atoms import Atom, Every, KeyOrder, KeysSatisfying, Kind, MatchingKeys, NamedKey, OtherKeys, Selector
from .formula import TRUE, VALUE
from .key_tables import keys_left
from .lowering import Language
from .selectors import names_in
from .strings import string_automaton

if TYPE_CHECKING:
    from .residual import Residual

_FEW = 64
"""The names of a class that has no more than this are named."""

_SHOWN = 200
"""How many names of a class can be listed; a shortest string passes any state among its first strings there."""


@dataclass(frozen=True)
class KeyClass:
    """The names in which of all ``patterns`` mentioned just these are found, and which satisfy just these ``names``.

    ``size``: how many such names there are, ``None`` for infinitely many.
    """

    patterns: frozenset[str]
    names: frozenset[int]
    size: int | None

    def is_selected(self, selector: Selector) -> bool:
        """Whether ``selector`` selects the names of the class: all, or none."""
        if isinstance(selector, NamedKey):
            return False
        if isinstance(selector, OtherKeys):
            return self.patterns.isdisjoint(selector.patterns)
        return selector.pattern in self.patterns if isinstance(selector, MatchingKeys) else selector.name in self.names


class _Conditions(NamedTuple):
    """What names are classed by."""

    patterns: tuple[str, ...]
    names: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class KeyClasses:
    """``named``: the names that are classes of their own. ``classes``: the others, numbered from 1; none is empty.

    Where there are several, ``left`` says how many names of each are possible from each state of ``text``
    (``keys_left``).
    """

    named: tuple[str, ...]
    classes: tuple[KeyClass, ...]
    _text: TextDfa | None = field(default=None, repr=False)
    left: NDArray[np.int32] | None = field(default=None, repr=False)

    @cached_property
    def text(self) -> TextDfa:
        """The automaton whose label for a name that is not ``named`` is the number of its class."""
        if self._text is not None:
            return self._text
        return product([from_strings(dict.fromkeys(self.named, 1))], lambda labels: int(labels[0] == REJECT), Budget())

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(self.named)

    def number_of(self, name: str) -> int:
        """The number of the class of ``name``; 0 if it is one of ``named``."""
        if name in self._named:
            return 0
        return 1 if self._text is None else label_of(self._text, name)

    def __getitem__(self, number: int) -> KeyClass:
        return self.classes[number - 1]

    def some_names(self, number: int) -> Iterator[str]:
        """Some names of a class, shortest first."""
        return _strings(self.text, number)


def key_classes(language: Language, residual: Residual) -> KeyClasses:
    """The classes of the names that the innermost object's atoms tell apart; ``named`` is in the schema's order."""
    selectors = [atom.selector for _, atom in innermost(language, residual) if isinstance(atom, Every)]
    return classes_for(language, named_keys(language, residual), selectors)


def classes_for(language: Language, named: Iterable[str], selectors: Iterable[Selector]) -> KeyClasses:
    """The classes of names that ``selectors`` tell apart, where ``named`` are classes of their own in any case."""
    patterns: set[str] = set()
    names: set[int] = set()
    for selector in selectors:
        if isinstance(selector, OtherKeys):
            patterns |= selector.patterns
        elif isinstance(selector, MatchingKeys):
            patterns.add(selector.pattern)
        elif isinstance(selector, KeysSatisfying):
            names.add(selector.name)
    conditions = _Conditions(tuple(sorted(patterns)), tuple(sorted(names)))
    key = (tuple(named), conditions)
    memo = language.key_class_memo
    classes = memo.get(key)
    if not isinstance(classes, KeyClasses):
        listed = {pattern: listed_texts(pattern, language.budget) for pattern in conditions.patterns}
        members = frozenset[str]().union(*(texts for texts in listed.values() if texts is not None))
        others = tuple(pattern for pattern, texts in listed.items() if texts is None)
        classes = memo[key] = _classes(language, key[0], members, _Conditions(others, conditions.names))
    return classes


def _classes(
    language: Language, mentioned: tuple[str, ...], members: frozenset[str], conditions: _Conditions
) -> KeyClasses:
    """``members``: the names of classes that are dissolved."""
    budget = language.budget
    named = (*mentioned, *sorted(members.difference(mentioned)))
    if not conditions.patterns and not conditions.names:
        return KeyClasses(named, (KeyClass(frozenset(), frozenset(), None),))
    outcomes: dict[tuple[bool, ...], int] = {}

    def number(labels: tuple[int, ...]) -> int:
        if len(labels) > len(parts) and labels[-1] != REJECT:
            return REJECT
        return outcomes.setdefault(tuple(label != REJECT for label in labels[: len(parts)]), len(outcomes) + 1)

    parts = _automata(language, conditions)
    text = product([*parts, from_strings(dict.fromkeys(named, 1))] if named else parts, number, budget)
    left = keys_left(text, len(outcomes), budget)
    counts = left[text.dfa.start].tolist()
    sizes = {truths: _size(counts[label - 1]) for truths, label in outcomes.items()}
    few = [outcomes[truths] for truths, size in sizes.items() if size is not None and size <= _FEW]
    if few:
        found = frozenset(name for label in few for name in _strings(text, label))
        if found:
            return _classes(language, mentioned, members | found, conditions)
    kept = {truths: label for truths, label in outcomes.items() if sizes[truths] != 0}
    if len(kept) < len(outcomes):
        renumbered = {label: index for index, label in enumerate(kept.values(), 1)}
        text = product([text], lambda labels: renumbered.get(labels[0], REJECT), budget)
        left = keys_left(text, len(kept), budget)
    return KeyClasses(named, tuple(_class(conditions, truths, sizes[truths]) for truths in kept), text, left)


def _size(count: int) -> int | None:
    return None if count >= UNBOUNDED else count


def _class(conditions: _Conditions, truths: tuple[bool, ...], size: int | None) -> KeyClass:
    split = len(conditions.patterns)
    found = (pattern for pattern, true in zip(conditions.patterns, truths[:split], strict=True) if true)
    satisfied = (name for name, true in zip(conditions.names, truths[split:], strict=True) if true)
    return KeyClass(frozenset(found), frozenset(satisfied), size)


def _automata(language: Language, conditions: _Conditions) -> list[TextDfa]:
    automata = [compile_pattern(pattern, language.budget) for pattern in conditions.patterns]
    return automata + [_names_automaton(language, name) for name in conditions.names]


def _names_automaton(language: Language, name: int) -> TextDfa:
    """The automaton of the names that satisfy the value formula ``name``."""
    known = language.key_class_memo.get(name)
    if not isinstance(known, TextDfa):
        formulas, formula = language.formulas, language.lower(name, Kind.STRING, 1)
        support = formulas.support(formula)
        known = string_automaton(formulas, formula, support, lambda rest: int(rest == TRUE), language.budget)
        language.key_class_memo[name] = known
    return known


# --- the keys of a state


def innermost(language: Language, residual: Residual) -> list[tuple[int, Atom]]:
    """The variables about the innermost container, ascending, with their atoms."""
    formulas = language.formulas
    variables = formulas.variables_at(residual.formula, len(residual.kinds))
    return [(variable, formulas.variable_of(variable).atom) for variable in variables]


def named_keys(language: Language, residual: Residual) -> list[str]:
    """The names that the innermost object's atoms mention, in the schema's order; those already seen may be among them.

    Where orders of several schemas meet, a name stands right after its predecessor in the first one that has it; one
    without a predecessor stands before the first name of its order that is there already, or at the end.
    """
    atoms = [atom for _, atom in innermost(language, residual)]
    names = frozenset[str]().union(*(names_in(language, atom) for atom in atoms))
    orders = [atom for atom in atoms if isinstance(atom, KeyOrder)]
    orders.sort(key=lambda order: language.formulas.variable(VALUE, order))  # as they were read
    return in_order(language, names, [order.names for order in orders])


def in_order(language: Language, names: set[str] | frozenset[str], orders: list[tuple[str, ...]]) -> list[str]:
    """``names`` in the schema's order, where ``orders`` of some are wanted; see ``named_keys``."""
    ordered = orders[0] if len(orders) == 1 else _merged(orders) if orders else ()
    return [*ordered, *language.by_rank(names.difference(ordered))]


def _merged(orders: list[tuple[str, ...]]) -> list[str]:
    """The names of all ``orders``, kept as a circular list that ``None`` closes."""
    following: dict[str | None, str | None] = {None: None}
    preceding: dict[str | None, str | None] = {None: None}
    for order in orders:
        previous = preceding[next((name for name in order if name in following), None)]
        for name in order:
            if name not in following:
                after = following[previous]
                following[previous], preceding[name] = name, previous
                following[name], preceding[after] = after, name
            previous = name
    merged: list[str] = []
    current = following[None]
    while current is not None:
        merged.append(current)
        current = following[current]
    return merged


# --- asking an automaton


def _useful(text: TextDfa, label: int) -> NDArray[np.bool_]:
    """The states from which a string with this label can be completed; bool[states]."""
    useful: NDArray[np.bool_] = distances(text.dfa.transitions, (text.dfa.labels == label)[None])[0] != UNREACHABLE
    useful[DEAD] = False
    return useful


def _strings(text: TextDfa, label: int) -> Iterator[str]:
    """The strings with this label, shortest first: all, if there are no more than ``_FEW``, else some."""
    useful = _useful(text, label)
    alphabet, dfa = text.alphabet, text.dfa
    ends = [*alphabet.starts[1:].tolist(), LAST_CODE_POINT + 1]
    ranges = list(zip(alphabet.starts.tolist(), ends, alphabet.classes.tolist(), strict=True))
    queue = deque([(dfa.start, "")] if useful[dfa.start] else [])
    visits: dict[int, int] = {}
    while queue:
        state, spelled = queue.popleft()
        visits[state] = visits.get(state, 0) + 1
        if visits[state] > _SHOWN:
            continue
        if dfa.labels[state] == label:
            yield spelled
        for start, end, symbol in ranges:
            successor = int(dfa.transitions[state, symbol])
            if useful[successor]:
                points = (p for p in range(start, end) if not FIRST_SURROGATE <= p <= LAST_SURROGATE)
                queue.extend((successor, spelled + chr(point)) for point in islice(points, _SHOWN))
