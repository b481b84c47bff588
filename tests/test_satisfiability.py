"""Whether schemas can be satisfied: against documents that are found, and against enumeration of small domains."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.grammar.errors import LimitExceeded
from maskwright.grammar.limits import Budget, Limits
from maskwright.schemas.atoms import (
    AtLeast,
    Kind,
    LengthAtLeast,
    Matches,
    MoreThan,
    MultipleOf,
    NumberIn,
    StringIn,
    WrittenAsInteger,
)
from maskwright.schemas.lowering import Language
from maskwright.schemas.options import JsonOptions
from maskwright.schemas.residual import Residual, descend, item, key
from maskwright.schemas.satisfiability import Satisfier
from maskwright.schemas.theory_numbers import some_number
from maskwright.schemas.theory_strings import some_string

from .formula_oracle import UNHURRIED, accepts, language_of, run
from .strategies import NAMES, core_schemas, documents_for

BUDGET = Budget(Limits(compile_seconds=inf))


# --- deep schemas


def test_depth_is_no_limit() -> None:
    required: Any = {"type": "integer"}
    alternating: Any = {"type": "integer"}
    constant: Any = 1
    for level in range(3000):
        required = {"type": "object", "properties": {"a": required}, "required": ["a"]}
        alternating = {"anyOf" if level % 2 else "allOf": [alternating]}
        constant = [constant]
    for schema in (required, alternating, {"const": constant}):
        language = Language(schema)
        assert Satisfier(language).value(language.root)
    assert not satisfiable({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})


def test_a_satisfier_gives_up_at_its_limit() -> None:
    tangle = [{"properties": {name: {"enum": [1, 2]}}, "required": [name]} for name in NAMES]
    clauses = [{"anyOf": [tangle[i], {"properties": {NAMES[i - 1]: {"const": 3}}, "required": [NAMES[i - 1]]}]}
               for i in range(4)]  # fmt: skip
    schema = {"type": "object", "allOf": clauses, "additionalProperties": False}
    language = Language(schema, JsonOptions(limits=Limits(states=2)))
    with pytest.raises(LimitExceeded):
        Satisfier(language).value(language.root)


# --- satisfiability


def satisfiable(schema: Any) -> bool:
    language = language_of(schema)
    return Satisfier(language).value(language.root)


SCALARS = [
    None,
    True,
    False,
    0,
    1,
    2,
    3,
    -1,
    0.5,
    1.5,
    0.25,
    1.25,
    -0.5,
    6,
    60,
    "",
    "a",
    "b",
    "c",
    "ab",
    "ba",
    "aa",
    "aab",
]
SMALL: list[Any] = [
    *SCALARS,
    [],
    [0],
    ["a"],
    [None],
    [None, None],
    [[]],
    [[], []],
    [0, 0],
    [0, 0, 0],
    ["a", "a", "a"],
    {},
    {"a": 0},
]


@UNHURRIED
@given(st.data(), core_schemas(2))
def test_satisfiable_where_a_document_is_found(data: st.DataObject, schema: Any) -> None:
    language = language_of(schema)
    found = [document for document in SMALL if accepts(language, document)]
    found += [
        document for document in data.draw(st.lists(documents_for(schema), max_size=9)) if accepts(language, document)
    ]
    satisfier = Satisfier(language)
    if found:
        assert satisfier.value(language.root)
    for document in found:
        for pending, kinds in prefixes(language, document):
            assert satisfier.pending(pending, kinds)


def prefixes(language: Language, document: Any) -> Iterator[tuple[int, tuple[Kind, ...]]]:
    """The pending states on the way through ``document``, down its last branch."""
    pending = language.root
    kinds: tuple[Kind, ...] = ()
    yield pending, kinds
    while isinstance(document, dict | list) and document:
        state = descend(language, pending, kinds, Kind.OBJECT if isinstance(document, dict) else Kind.ARRAY)
        members = list(document.items()) if isinstance(document, dict) else [(None, value) for value in document]
        for name, value in members[:-1]:
            pending = item(language, state) if name is None else key(language, state, name)
            state = Residual(run(language, pending, state.kinds, value), state.kinds)
        name, document = members[-1]
        pending, kinds = (item(language, state) if name is None else key(language, state, name)), state.kinds
        yield pending, kinds


def scalar_schemas() -> st.SearchStrategy[Any]:
    bounds = st.sampled_from([-1, 0, 0.5, 1, 1.5, 2])
    counts = st.integers(0, 2)
    keywords = {
        "type": st.sampled_from(["string", "integer", "number", ["integer", "string"]]),
        "minimum": bounds, "maximum": bounds, "exclusiveMinimum": bounds, "exclusiveMaximum": bounds,
        "multipleOf": st.sampled_from([0.5, 1, 1.5]), "minLength": counts, "maxLength": counts,
        "pattern": st.sampled_from(["^a", "b$", "^[ab]*$", "^$", "^.b?$"]), "enum": st.just([0, 1, "a", "ab"]),
    }  # fmt: skip
    simple = st.fixed_dictionaries({}, optional=keywords)
    return st.recursive(simple, lambda inner: st.builds(dict, anyOf=st.lists(inner, min_size=1, max_size=3))
                        | st.builds(dict, allOf=st.lists(inner, min_size=1, max_size=3)), max_leaves=5)  # fmt: skip


SCALAR_DOMAIN = (
    [Fraction(n, 4) for n in range(-8, 17)]
    + [6, 12]
    + ["".join(t) for n in range(4) for t in itertools.product("abc", repeat=n)]
)


@UNHURRIED
@given(scalar_schemas())
def test_scalar_satisfiability_is_exact(schema: Any) -> None:
    """On these keywords a satisfiable schema has a value in the domain."""
    schema = {"type": ["string", "number"], "allOf": [schema]}
    language = language_of(schema)
    domain = [float(value) if isinstance(value, Fraction) else value for value in SCALAR_DOMAIN]
    assert Satisfier(language).value(language.root) == any(accepts(language, value) for value in domain)


VALUES = (None, 0, 1, "a")
OBJECTS = [
    {name: value for name, value in zip("abc", values, strict=True) if value != "absent"}
    for values in itertools.product([*VALUES, "absent"], repeat=3)
]
ARRAYS = [list(values) for length in range(3) for values in itertools.product(VALUES, repeat=length)]


def shallow_schemas() -> st.SearchStrategy[Any]:
    """Containers of scalars; if some document satisfies one of these, then one of ``OBJECTS`` and ``ARRAYS`` does."""
    leaf = st.sampled_from([True, True, False, {"const": 0}, {"enum": [0, 1]}, {"type": "null"}, {"const": "a"}])
    names = st.sampled_from("ab")
    keywords = {
        "properties": st.dictionaries(names, leaf, min_size=1), "additionalProperties": leaf,
        "required": st.lists(names | st.just("c"), max_size=2, unique=True),
        "prefixItems": st.lists(leaf, min_size=1, max_size=2), "items": leaf,
        "minItems": st.integers(0, 2), "maxItems": st.integers(0, 2),
    }  # fmt: skip
    simple = st.fixed_dictionaries({}, optional=keywords)
    alternatives = st.lists(simple, min_size=1, max_size=3).map(lambda schemas: {"anyOf": schemas})
    return st.lists(simple | alternatives, min_size=1, max_size=3).map(
        lambda schemas: {"allOf": schemas, "type": ["object", "array"]}
    )


@settings(UNHURRIED, max_examples=60)
@given(shallow_schemas())
def test_container_satisfiability_is_exact(schema: Any) -> None:
    language = language_of(schema)
    satisfier = Satisfier(language)
    objects = [document for document in OBJECTS if accepts(language, document)]
    arrays = [document for document in ARRAYS if accepts(language, document)]
    assert satisfier.value_of_kind(language.root, Kind.OBJECT) == bool(objects)
    assert satisfier.value_of_kind(language.root, Kind.ARRAY) == bool(arrays)
    assert satisfier.value(language.root) == bool(objects or arrays)
    start = descend(language, language.root, (), Kind.OBJECT)
    for name, value in itertools.product("abc", VALUES):
        state = Residual(run(language, key(language, start, name), start.kinds, value), start.kinds)
        way = any(name in document and document[name] == value for document in objects)
        assert satisfier.residual(state) == way
    start = descend(language, language.root, (), Kind.ARRAY)
    for value in VALUES:
        state = Residual(run(language, item(language, start), start.kinds, value), start.kinds)
        assert satisfier.residual(state) == any(document[:1] == [value] for document in arrays)


UNSATISFIABLE = [
    {"allOf": [{"const": 1}, {"const": 2}]},
    {"enum": []},
    {"type": "object", "required": ["a"], "additionalProperties": False},
    {"type": "array", "minItems": 3, "prefixItems": [True, True, False]},
    {"type": "array", "minItems": 3, "maxItems": 2},
    {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
    {"type": "integer", "minimum": 1, "maximum": 5, "multipleOf": 6},
    {"type": "string", "pattern": "^a{3,5}$", "maxLength": 2},
    {"type": "string", "pattern": "^(aa)*$", "minLength": 3, "maxLength": 3},
    {"type": "string", "pattern": "^(a|b){2}$", "minLength": 100000},
    {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "^b"}]},
    {"allOf": [{"enum": [[1], {"a": 1}]}, {"enum": [[2], {"a": 2}]}]},
    {"$ref": "#/$defs/a", "$defs": {
        "a": {"type": "object", "properties": {"n": {"$ref": "#/$defs/b"}}, "required": ["n"]},
        "b": {"type": "array", "items": {"$ref": "#/$defs/a"}, "minItems": 1}}},
]  # fmt: skip

SATISFIABLE = [
    {"type": "string", "pattern": "^(aa)*$", "minLength": 99999, "maxLength": 100000},
    {"type": "integer", "minimum": 10**30, "maximum": 10**30 + 7, "multipleOf": 8},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-300},
    {"type": "array", "minItems": 10**9, "items": {"type": "null"}},
    {"$ref": "#/$defs/a", "$defs": {
        "a": {"type": "object", "properties": {"n": {"$ref": "#/$defs/b"}}, "required": ["n"]},
        "b": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/a"}, "minItems": 1}, {"type": "null"}]}}},
]  # fmt: skip


@pytest.mark.parametrize("schema", UNSATISFIABLE)
def test_unsatisfiable(schema: Any) -> None:
    assert not satisfiable(schema)


@pytest.mark.parametrize("schema", SATISFIABLE)
def test_satisfiable(schema: Any) -> None:
    assert satisfiable(schema)


def test_negated_scalar_atoms() -> None:
    one, integer = Fraction(1), MultipleOf(Fraction(1))
    assert some_number(
        [integer, AtLeast(one)], [MoreThan(Fraction(4)), MultipleOf(Fraction(2)), NumberIn(frozenset([one]))], BUDGET
    )
    assert not some_number(
        [integer, AtLeast(one)], [MoreThan(Fraction(2)), MultipleOf(Fraction(2)), NumberIn(frozenset([one]))], BUDGET
    )
    assert not some_number([integer], [MultipleOf(Fraction(1, 2))], BUDGET)
    assert some_number([integer], [WrittenAsInteger()], BUDGET)
    assert not some_number([WrittenAsInteger()], [integer], BUDGET)
    assert not some_string([], [LengthAtLeast(1), StringIn(frozenset([""]))], BUDGET)
    assert some_string([], [LengthAtLeast(2), Matches("^a?$")], BUDGET)
    assert not some_string([Matches("^a?$")], [StringIn(frozenset(["", "a"]))], BUDGET)
