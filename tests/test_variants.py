"""What is done piecewise to large formulas, against what is done at once: variants, keys by name, guesses."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from maskwright.schemas.atoms import Has, Kind
from maskwright.schemas.formula import FALSE, TRUE, Formulas, Variable
from maskwright.schemas.implicants import guess, propagated, refinements
from maskwright.schemas.mentions import KeyMentions
from maskwright.schemas.residual import absent, key, named_keys, open_container
from maskwright.schemas.satisfiability import Satisfier
from maskwright.schemas.variants import Variants

from .formula_oracle import UNHURRIED, language_of
from .strategies import core_schemas

STORE = Formulas()
ATOMS = [STORE.variable(1, Has(name)) for name in "abcde"]


def formulas() -> st.SearchStrategy[int]:
    """Formulas over ``ATOMS``, built from the inside."""
    leaves = st.sampled_from([*ATOMS, *map(STORE.negation, ATOMS)])
    operators = st.sampled_from([STORE.conjunction, STORE.disjunction, STORE.exactly_one])

    def joined(parts: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
        return st.builds(lambda join, some: join(some), operators, st.lists(parts, min_size=2, max_size=4))

    return st.recursive(leaves, lambda parts: joined(parts) | parts.map(STORE.negation), max_leaves=12)


MAPPINGS = st.dictionaries(st.sampled_from(ATOMS), st.sampled_from([FALSE, TRUE, *ATOMS]))


def models(formula: int) -> set[tuple[bool, ...]]:
    """The assignments of ``ATOMS`` that make ``formula`` true."""

    def is_true(truths: tuple[bool, ...]) -> bool:
        truth_of = dict(zip(map(STORE.variable_of, ATOMS), truths, strict=True))
        return STORE.evaluate(formula, lambda variable: truth_of[Variable(*variable)])

    return {truths for truths in itertools.product((False, True), repeat=len(ATOMS)) if is_true(truths)}


@UNHURRIED
@given(formulas(), MAPPINGS, st.lists(st.tuples(MAPPINGS, st.booleans()), max_size=4))
def test_variants_are_what_substituting_gives(
    formula: int, base: dict[int, int], steps: list[tuple[dict[int, int], bool]]
) -> None:
    variants = Variants(STORE, formula, base)
    for changes, stays in steps:
        assert variants.with_changes(changes) == STORE.substitute(formula, {**base, **changes})
        if stays:
            variants.change(changes)
            base = {**base, **changes}
        assert variants.with_changes({}) == STORE.substitute(formula, base)


@UNHURRIED
@given(formulas(), st.sets(st.sampled_from(ATOMS)))
def test_a_guess_implies_the_formula(formula: int, preferred: set[int]) -> None:
    literals = guess(STORE, formula, preferred)
    if literals is not None:
        assert models(STORE.conjunction(literals)) <= models(formula)


@UNHURRIED
@given(formulas())
def test_propagating_and_refining_keep_the_models(formula: int) -> None:
    literals, clauses = propagated(STORE, formula)
    assert models(STORE.conjunction([*literals, *clauses])) == models(formula)
    if clauses and FALSE not in clauses:
        cases = list(refinements(STORE, literals, clauses))
        assert set[tuple[bool, ...]]().union(*map(models, cases)) == models(formula)


@UNHURRIED
@given(core_schemas(), st.sampled_from(["schema", "any"]))
def test_keys_by_name_are_what_one_key_gives(schema: Any, order: str) -> None:
    language = language_of(schema, property_order=order)
    residual = open_container(language, language.root, Kind.OBJECT)
    mentions = KeyMentions(language, residual)
    names = named_keys(language, residual)
    assert [mentions.key(name) for name in names] == [key(language, residual, name) for name in names]
    satisfier = Satisfier(language)
    for name in names:
        mentions.skip(name)
        residual = absent(language, residual, [name])
        for other in names[names.index(name) + 1 :]:
            pending = key(language, residual, other)
            assert satisfier.pending(mentions.key(other), (Kind.OBJECT,)) == satisfier.pending(pending, (Kind.OBJECT,))
