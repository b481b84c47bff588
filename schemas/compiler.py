"""From formulas to the tables of the automaton, node by node, as decoding reaches them.

A *value node* stands for a place where a value may come. Mostly the value is independent of its surroundings: a value
formula is all there is to know. Where the containers around it can only go on depending on how the value turns out, the
node is *joint*: it stands for a pending formula over the group of open containers, and each way in which the value can
end leads to another state of the innermost one. Likewise a container is *plain*, run by a bitset of keys or a count, or
has a *state* for each residual formula.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterable, Sequence, Set

from ..grammar.automaton import Automaton
from ..grammar.kernels import layout as at
from . import residual as run
from . import tags
from .atoms import ItemAt, ItemsFrom, Kind, Unique
from .clashes import unsatisfiable
from .classification import PlainArray, PlainObject, array_of, object_of, plain_array, plain_object
from .formula import FALSE, TRUE
from .json_text import read_items
from .key_classes import KeyClasses, key_classes
from .key_order import order_rows, rank_blocks
from .lowering import Language
from .mentions import KeyMentions
from .numbers import labelled_numbers, numbers_of
from .object_states import Fields, ObjectStates
from .residual import Residual
from .sources import Fresh, Items, KeySet, Pending, Source, State, Tag
from .strings import AnyStrings, Listed, Recognised, Strings, string_automaton, strings_of
from .uniqueness import item_types

_LITERALS = (
    (Kind.NULL, at.IS_NULL, at.NULL_OUTCOME),
    (Kind.TRUE, at.IS_TRUE, at.TRUE_OUTCOME),
    (Kind.FALSE, at.IS_FALSE, at.FALSE_OUTCOME),
)

_KINDS = tuple(Kind)


_FEW = 64
"""So many different items are remembered by the state of an array of unique ones."""


class JsonCompiler(ObjectStates):
    """Writes the records of an automaton that accepts the documents of ``language``, where the node ``root`` begins.

    ``style``: which of the automaton's styles they are written in.
    """

    def __init__(self, language: Language, automaton: Automaton, root: int = 0, style: int = 0) -> None:
        super().__init__(language, weakref.proxy(automaton), style)  # which holds this compiler
        self._budget = language.budget
        self._sources: dict[int, Source] = {root: language.root}
        self._nodes: dict[Source, int] = {language.root: root}
        self._states: dict[State, int] = {}
        self._key_set_numbers: dict[int, int] = {}
        self._key_texts: dict[int, int] = {}
        self._items: list[Items] = []
        if not self._satisfier.value(language.root):
            raise unsatisfiable(language.schema, language.options)

    # --- what the automaton asks for

    def knows_node(self, node: int) -> bool:
        """Is ``node`` one that this compiler has to write?"""
        return node in self._sources

    def knows_state(self, state: int) -> bool:
        return state in self._state_sources

    def compile_node(self, node: int) -> None:
        self._language.budget.restart()
        source = self._sources[node]
        with self._language.placed(source if isinstance(source, int) else source.formula):
            self._automaton.write_node(node, self._fields(source))

    def compile_state(self, state: int) -> None:
        self._language.budget.restart()
        source = self._state_sources[state]
        with self._language.placed(source.residual.formula):
            if source.residual.kinds[-1] is Kind.OBJECT:
                self._compile_object_state(source, state)
            else:
                self._compile_array_state(source, state)

    def node_after(self, node: int, items: bytes) -> int:
        """The node of an item that ``node`` stands for when those before it, given by their text, are known."""
        self._language.budget.restart()
        source = self._sources[node]
        assert not isinstance(source, int)
        before = self._language.one_of(read_items(items))
        if isinstance(source, Fresh):
            formulas = self._language.formulas
            return self._node(formulas.conjunction((source.formula, formulas.negation(before))))
        formula = run.after_items(self._language, source.formula, source.kinds, before)
        return self._node(Pending(formula, source.kinds, source.key_sets))

    def example_keys(self, state: int) -> frozenset[bytes]:
        """The keys of an object that the satisfier finds to complete one in ``state``, as JSON."""
        self._language.budget.restart()
        example = self._satisfier.example(self._state_sources[state].residual)
        return frozenset(json.dumps(key, ensure_ascii=False).encode() for key in example if isinstance(key, str))

    def _fields(self, source: Source) -> Fields:
        if isinstance(source, Fresh):
            return {at.KINDS: 0, at.AFTER_ITEMS: at.BEFORE_IT_BEGINS}
        if isinstance(source, Tag):
            return self._tag_fields(source)
        return self._joint_fields(source) if isinstance(source, Pending) else self._plain_fields(source)

    # --- values that are independent of what is around them

    def _plain_fields(self, value: int) -> Fields:
        fields: Fields = {at.KINDS: 0}
        possible = self._language.plain.kinds_of(value)
        kinds = possible if len(possible) == 1 else [kind for kind in _KINDS if kind in possible]
        satisfiable = {kind for kind in kinds if self._satisfier.value_of_kind(value, kind)}
        for kind, bit, _ in _LITERALS:
            if kind in satisfiable:
                fields[at.KINDS] |= bit
        if Kind.NUMBER in satisfiable:
            numbers = numbers_of(self._language.formulas, self._language.lower(value, Kind.NUMBER, 1), self._budget)
            if not numbers.is_empty:
                fields[at.KINDS] |= at.IS_NUMBER
                fields[at.NUMBER_START] = self._automaton.add_number(numbers)
        if Kind.STRING in satisfiable:
            formula = self._language.lower(value, Kind.STRING, 1)
            self._string_fields(fields, strings_of(self._language.formulas, formula, self._budget))
        if Kind.ARRAY in satisfiable:
            fields[at.KINDS] |= at.IS_ARRAY
            self._array_fields(fields, value)
        if Kind.OBJECT in satisfiable:
            fields[at.KINDS] |= at.IS_OBJECT
            self._object_fields(fields, value)
        return fields

    def _string_fields(self, fields: Fields, strings: Strings) -> None:
        if isinstance(strings, Listed):
            values = sorted(value.encode() for value in strings.values)
            low = self._automaton.add_keys(values)
            fields[at.KINDS] |= at.IS_CHOICE
            fields[at.CHOICE_LO], fields[at.CHOICE_HI] = low, low + len(values)
            return
        fields[at.MIN_LENGTH] = _bounded(strings.minimum)
        fields[at.MAX_LENGTH] = _bounded(strings.maximum)
        if isinstance(strings, AnyStrings):
            fields[at.KINDS] |= at.IS_STRING
        elif isinstance(strings, Recognised):
            fields[at.KINDS] |= at.IS_TEXT
            fields[at.TEXT_ID] = self._automaton.add_text(strings.text, strings.minimum, strings.maximum, self._style)

    # --- containers

    def _array_fields(self, fields: Fields, value: int) -> None:
        language = self._language
        literals = language.plain.literals(value, Kind.ARRAY)
        plain = None if literals is None else array_of(language, literals)
        if plain is None:
            plain = plain_array(language, language.lower(value, Kind.ARRAY, 1))
        if plain is None or (plain.unique and self._listed((*plain.prefix, plain.rest))):
            self._state_array_fields(fields, run.open_container(language, value, Kind.ARRAY), ())
        else:
            self._plain_array_fields(fields, plain)

    def _state_array_fields(self, fields: Fields, opened: Residual, outer: tuple[int, ...]) -> None:
        """An array with a state; where items have to be unique, the state knows which of the few values have come."""
        atoms = run.innermost(self._language, opened)
        items = Items()
        if any(isinstance(atom, Unique) for _, atom in atoms):
            certain = self._language.formulas.conjuncts(opened.formula)
            tracked = self._listed(atom.value for _, atom in atoms if isinstance(atom, ItemAt | ItemsFrom))
            everywhere = [a.value for v, a in atoms if isinstance(a, ItemsFrom) and not a.index and v in certain]
            items = Items(tracked, any(self._few(value) is not None for value in everywhere))
            fields[at.UNIQUE] = not items.are_all
        fields[at.ARRAY_STATE] = self._state(State(opened, (*outer, self._items_number(items))))

    def _listed(self, values: Iterable[int]) -> tuple[int, ...]:
        """The constants that satisfy those of ``values`` that few constants satisfy."""
        return tuple(dict.fromkeys(constant for value in values for constant in self._few(value) or ()))

    def _few(self, value: int) -> list[int] | None:
        return self._satisfier.few_values(value, _FEW)

    def _items_number(self, items: Items) -> int:
        if items not in self._items:
            self._items.append(items)
        return self._items.index(items)

    def _plain_array_fields(self, fields: Fields, plain: PlainArray) -> None:
        prefix = [self._node(value) for value in plain.prefix]
        rest = self._node(plain.rest)
        if plain.unique:
            prefix, rest = [self._fresh(node) for node in prefix], self._fresh(rest)
        maximum = plain.maximum
        if at.NONE in prefix:
            maximum = min(prefix.index(at.NONE), len(prefix) if maximum is None else maximum)
        elif rest == at.NONE:
            maximum = len(prefix) if maximum is None else min(maximum, len(prefix))
        fields[at.PREFIX] = len(prefix)
        fields[at.PREFIX_AT] = self._automaton.add_item_nodes(prefix) if prefix else 0
        fields[at.ITEM] = rest
        fields[at.UNIQUE] = plain.unique
        fields[at.MIN_ITEMS] = _bounded(plain.minimum)
        fields[at.MAX_ITEMS] = _bounded(maximum)

    def _object_fields(self, fields: Fields, value: int) -> None:
        language = self._language
        literals = language.plain.literals(value, Kind.OBJECT)
        plain = None if literals is None else object_of(language, literals)
        if plain is None:
            plain = plain_object(language, language.lower(value, Kind.OBJECT, 1))
        if plain is None:
            self._state_object_fields(fields, run.open_container(language, value, Kind.OBJECT), ())
        else:
            self._plain_object_fields(fields, plain)

    def _state_object_fields(self, fields: Fields, opened: Residual, outer: tuple[int, ...]) -> None:
        number = self._key_set(opened)
        key_set = self._key_sets[number]
        self._key_fields(fields, key_set.names, [(at.NONE, key_set.ranks[name], False) for name in key_set.names])
        self._class_fields(fields, key_set.classes)
        fields[at.POLICY] = at.STATE_ORDERED if self._ordered else at.STATE_ANY_ORDER
        fields[at.OBJECT_STATE] = self._state(State(opened, (*outer, number), is_first=True))

    def _class_fields(self, fields: Fields, classes: KeyClasses) -> None:
        """The automaton that tells the classes of other keys apart, where there is more than one class."""
        count = len(classes.classes)
        if count < 2:
            return
        text = self._key_texts.get(id(classes))
        if text is None:
            assert classes.left is not None
            text = self._key_texts[id(classes)] = self._automaton.add_key_text(classes.text, classes.left)
        fields[at.CLASSES], fields[at.KEY_TEXT] = count, text

    def _plain_object_fields(self, fields: Fields, plain: PlainObject) -> None:
        node, required = self._node, plain.required
        nodes = {name: node(value) for name, value in plain.properties.items()}
        names = sorted(nodes)  # as their bytes are, since UTF-8 keeps the order of code points
        ranks = {name: rank for rank, name in enumerate(nodes)}
        self._key_fields(fields, names, [(nodes[name], ranks[name], name in required) for name in names])
        fields[at.OTHER] = self._node(plain.others)
        if plain.classes is not None:
            values = [self._node(value) for value in plain.class_values]
            self._class_fields(fields, plain.classes)
            fields[at.CLASS_AT] = self._automaton.add_item_nodes(values)
        fields[at.MIN_KEYS], fields[at.MAX_KEYS] = _bounded(plain.minimum), _bounded(plain.maximum)
        fields[at.REQUIRED] = len(required)
        if self._ordered:
            fields[at.POLICY] = at.ORDERED
            fields[at.ORDER_AT] = self._automaton.add_order(order_rows(names, nodes, required))
            if len(names) >= at.RANK_BLOCK:
                fields[at.RANKS_AT] = self._automaton.add_item_nodes(rank_blocks(names, nodes, ranks))
        elif at.NONE in nodes.values():
            words = [0] * fields[at.WORDS]
            for index, name in enumerate(names):
                words[index >> 5] |= (nodes[name] == at.NONE) << (index & 31)
            fields[at.DEAD_AT] = self._automaton.add_dead_keys(words)

    def _key_fields(self, fields: Fields, names: Sequence[str], facts: Sequence[tuple[int, int, bool]]) -> None:
        """The keys of an object, with (node, rank, whether required) of each."""
        low = self._automaton.add_keys([name.encode() for name in names], facts)
        fields[at.KEY_LO], fields[at.KEY_HI] = low, low + len(names)
        fields[at.WORDS] = 0 if self._ordered else (len(names) + 31) // 32  # the next rank tells which keys may come

    # --- joint values

    def _joint_fields(self, source: Pending) -> Fields:
        language, depth = self._language, len(source.kinds)
        fields: Fields = {at.KINDS: 0, at.JOINT: 1}
        if run.depends_on_items(language, source.formula, source.kinds):
            return {**fields, at.AFTER_ITEMS: at.AS_IT_BEGINS}

        def outcome(formula: int) -> int:
            return self._live_state(Residual(formula, source.kinds), source.key_sets)

        alternatives = tags.alternatives(language, source.formula)
        possible = tags.possible_kinds(language, alternatives)
        for kind, bit, field in _LITERALS:
            state = outcome(run.lower_scalar(language, source.formula, kind, depth)) if kind in possible else at.PLAIN
            if state != at.PLAIN:
                fields[at.KINDS] |= bit
                fields[field] = state
        if Kind.NUMBER in possible:
            formula = run.lower_scalar(language, source.formula, Kind.NUMBER, depth)
            about = self._about(formula, depth + 1)
            numbers = labelled_numbers(language.formulas, formula, about, outcome, self._budget)
            if not numbers.is_empty:
                fields[at.KINDS] |= at.IS_NUMBER
                fields[at.NUMBER_START] = self._automaton.add_number(numbers)
        if Kind.STRING in possible:
            self._joint_string_fields(fields, source, tags.strings(language, alternatives), outcome)
        self._joint_container_fields(fields, source, possible)
        return fields

    def _joint_string_fields(
        self, fields: Fields, source: Pending, listed: dict[str, int] | None, outcome: Callable[[int], int]
    ) -> None:
        if listed is not None:
            self._outcome_fields(fields, {text: outcome(rest) for text, rest in listed.items()})
            return
        formulas, depth = self._language.formulas, len(source.kinds)
        formula = run.lower_scalar(self._language, source.formula, Kind.STRING, depth)
        text = string_automaton(formulas, formula, self._about(formula, depth + 1), outcome, self._budget)
        if not text.dfa.is_empty:
            fields[at.KINDS] |= at.IS_TEXT
            fields[at.TEXT_ID] = self._automaton.add_text(text, style=self._style)

    def _joint_container_fields(self, fields: Fields, source: Pending, possible: Set[Kind]) -> None:
        for kind, bit, write in (
            (Kind.ARRAY, at.IS_ARRAY, self._state_array_fields),
            (Kind.OBJECT, at.IS_OBJECT, self._state_object_fields),
        ):
            opened = run.descend(self._language, source.formula, source.kinds, kind) if kind in possible else None
            if opened is not None and self._satisfier.residual(opened):
                fields[at.KINDS] |= bit
                write(fields, opened, source.key_sets)

    def _about(self, formula: int, depth: int) -> list[int]:
        formulas = self._language.formulas
        return [variable for variable in formulas.support(formula) if formulas.variable_of(variable).depth == depth]

    # --- states

    def _compile_array_state(self, source: State, state: int) -> None:
        items = self._items[source.key_sets[-1]]
        types = () if items.are_all else item_types(self._language, self._satisfier, source.residual)
        pending = run.item(self._language, source.residual, items.tracked, types)
        item = self._entry(pending, source, state)
        repeated = state if items.are_all else self._repeated(source, state)
        if repeated == at.PLAIN:
            item = self._fresh(item[0]), item[1]
        closing = self._closing(source, run.close(self._language, source.residual))
        self._automaton.write_array_state(state, closing, item, repeated)

    def _closing(self, source: State, formula: int) -> int:
        """What an object or array leads to that closes when ``formula`` is left about the containers around it."""
        if formula == FALSE:
            return at.MAY_NOT_CLOSE
        kinds = source.residual.kinds[:-1]
        if not kinds:
            return at.KEEP if formula == TRUE else at.MAY_NOT_CLOSE
        return self._live_state(Residual(formula, kinds), source.key_sets[:-1])

    def _repeated(self, source: State, state: int) -> int:
        """The state instead of ``state`` when the last item turns out to be equal to an earlier one."""
        residual = run.repeated(self._language, source.residual)
        return state if residual == source.residual else self._live_state(residual, source.key_sets)

    def _object_entries(self, source: State, state: int) -> list[tuple[int, int]]:
        """What may follow in an object: for each key of its key set, and for each class of other keys."""
        language, residual = self._language, source.residual
        key_set = self._key_sets[source.key_sets[-1]]
        mentions = KeyMentions(language, residual)
        found: dict[str, tuple[int, int]] = {}
        order = sorted(key_set.names, key=key_set.ranks.__getitem__) if self._ordered else key_set.names
        for name in order:
            found[name] = self._entry(mentions.key(name), source, state)
            if self._ordered:
                mentions.skip(name)
        if self._ordered:
            residual = run.absent(language, residual, order)
        others = [
            self._entry(run.key_of_class(language, residual, key_set.classes, number), source, state)
            for number in range(1, len(key_set.classes.classes) + 1)
        ]
        return [found[name] for name in key_set.names] + others

    def _entry(self, pending: int, source: State, state: int) -> tuple[int, int]:
        """The node of a pending value and the state of the container while it is written; (NONE, 0) if none can be."""
        kinds = source.residual.kinds
        if pending == FALSE:
            return at.NONE, at.PLAIN
        depends = run.depends_on_items(self._language, pending, kinds)
        split = None if depends else run.factor(self._language, pending)
        if split is not None:
            value, rest = split
            node = self._node(value)
            after = self._live_state(Residual(rest, kinds), source.key_sets) if node != at.NONE else at.PLAIN
            return (node, after) if after != at.PLAIN else (at.NONE, at.PLAIN)
        if not self._satisfier.pending(pending, kinds):
            return at.NONE, at.PLAIN
        return self._node(Pending(pending, kinds, source.key_sets)), state

    # --- numbering

    def _fresh(self, node: int) -> int:
        """The node for values of ``node`` that are different from the items before; ``node`` itself if these abound."""
        source = self._sources.get(node)
        if isinstance(source, int) and self._satisfier.is_scarce(source, _FEW):
            return self._node(Fresh(source))
        return node

    def _node(self, source: Source) -> int:
        """The node of a value formula, a pending value or a fresh item; NONE if no value satisfies a formula."""
        node = self._nodes.get(source)
        if node is None:
            if isinstance(source, int) and not self._satisfier.value(source):
                node = at.NONE
            else:
                node = self._automaton.new_node(self._style)
                self._sources[node] = source
            self._nodes[source] = node
        return node

    def _state(self, source: State) -> int:
        state = self._states.get(source)
        if state is None:
            state = self._states[source] = self._automaton.new_state()
            self._state_sources[state] = source
        return state

    def _live_state(self, residual: Residual, key_sets: tuple[int, ...]) -> int:
        """The state of ``residual``, or PLAIN (which is no state) if it cannot be completed."""
        if residual.formula == FALSE or not self._satisfier.residual(residual):
            return at.PLAIN
        return self._state(State(residual, key_sets))

    def _key_set(self, opened: Residual) -> int:
        """The number of the keys that an object's formula tells apart."""
        classes = key_classes(self._language, opened)
        number = self._key_set_numbers.get(id(classes))
        if number is None:
            number = self._key_set_numbers[id(classes)] = len(self._key_sets)
            names = tuple(sorted(classes.named))
            ranks = {name: rank for rank, name in enumerate(classes.named)}
            self._key_sets.append(KeySet(names, ranks, classes))
        return number


def _bounded(count: int | None) -> int:
    return at.UNBOUNDED if count is None else min(count, at.UNBOUNDED)
