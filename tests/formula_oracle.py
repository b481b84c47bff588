"""A slow run of documents through residuals, one event at a time: the judge of what schemas mean as formulas."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
from hypothesis import HealthCheck, assume, settings

from maskwright.grammar.errors import InvalidSchema
from maskwright.grammar.limits import Budget
from maskwright.schemas.atoms import ConsistsOf, HasFormat, Kind, LengthAtLeast, Matches, StringIn
from maskwright.schemas.formula import FALSE, TRUE
from maskwright.schemas.lowering import Language
from maskwright.schemas.options import JsonOptions
from maskwright.schemas.residual import (
    Residual,
    close,
    descend,
    item,
    key,
    key_classes,
    key_of_class,
    lower_scalar,
)
from maskwright.schemas.theory_numbers import number_satisfies
from maskwright.schemas.theory_strings import string_satisfies
from maskwright.schemas.values import exact, kind_of

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def language_of(schema: Any, **options: Any) -> Language:
    """The language, where the schema does not refer to itself without end."""
    try:
        return Language(schema, JsonOptions(**options))
    except InvalidSchema as error:
        assume("refers back" not in error.problem and "leads back" not in error.problem)
        raise


def atom_is_true(atom: Any, value: Any) -> bool:
    """A slow judge of scalar atoms, with Python's own regular expressions."""
    if isinstance(atom, Matches):
        return re.search(atom.pattern, value) is not None
    if isinstance(atom, StringIn):
        return value in atom.values
    if isinstance(atom, HasFormat):
        return string_satisfies(atom, value, Budget())
    if isinstance(atom, ConsistsOf):
        return all(any(low <= ord(character) <= high for low, high in atom.chars) for character in value)
    if isinstance(atom, LengthAtLeast):
        return len(value) >= atom.count
    number = exact(value)
    assert number is not None
    return number_satisfies(atom, number, written_as_integer=isinstance(value, int))


def run(language: Language, pending: int, kinds: tuple[Kind, ...], document: Any) -> int:
    """The formula after ``document`` stood at the pending place; containers always join the group."""
    kind = kind_of(document)
    assert kind is not None
    if kind not in (Kind.OBJECT, Kind.ARRAY):
        formula = lower_scalar(language, pending, kind, len(kinds))
        truth = {
            variable: TRUE if atom_is_true(atom, document) else FALSE
            for variable in language.formulas.support(formula)
            for depth, atom in [language.formulas.variable_of(variable)]
            if depth == len(kinds) + 1
        }
        return language.formulas.substitute(formula, truth)
    state = descend(language, pending, kinds, kind)
    if kind is Kind.ARRAY:
        tracked = [language.constant(value) for value in document]
        for value in document:
            state = Residual(run(language, item(language, state, tracked), state.kinds, value), state.kinds)
    else:
        for name, value in document.items():
            state = Residual(run(language, after_key(language, state, name), state.kinds, value), state.kinds)
    return close(language, state)


def after_key(language: Language, state: Residual, name: str) -> int:
    """The pending formula after ``name``, which is the same by name and by class where the class is infinite."""
    pending = key(language, state, name)
    classes = key_classes(language, state)
    number = classes.number_of(name)
    if number and classes[number].size is None:
        assert pending == key_of_class(language, state, classes, number)
    return pending


def accepts(language: Language, document: Any) -> bool:
    return run(language, language.root, (), document) == TRUE


def jsonschema_accepts(schema: Any, document: Any) -> bool:
    validator = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    return bool(validator(schema).is_valid(document))
