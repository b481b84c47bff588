"""How the strings that a formula describes are recognised: by length, from a list, or by an automaton."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..grammar.dfa import REJECT, TextDfa
from ..grammar.limits import Limits
from ..grammar.text_dfa import accept_all, from_strings, is_universal, length_at_least, product
from .atoms import Atom, HasFormat, LengthAtLeast, Matches, StringAtom, StringIn
from .formula import FALSE, TRUE, Formulas, Operator
from .theory_strings import recogniser, string_satisfies


@dataclass(frozen=True)
class AnyStrings:
    """All strings of ``minimum`` to ``maximum`` code points."""

    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True)
class Listed:
    """The strings ``values``."""

    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Recognised:
    """The strings of ``minimum`` to ``maximum`` code points that ``text`` accepts."""

    text: TextDfa
    minimum: int = 0
    maximum: int | None = None


Strings = AnyStrings | Listed | Recognised


def strings_of(formulas: Formulas, formula: int, limits: Limits) -> Strings:
    """The strings of which ``formula``, over string atoms, is true; at least one, as the caller knows."""
    if formula == TRUE:
        return AnyStrings()
    listed = _listed(formulas, formula, limits)
    if listed is not None:
        return listed
    literals = _literals(formulas, formula)
    if literals is None:
        return _simplest(
            string_automaton(formulas, formula, formulas.support(formula), lambda truth: int(truth == TRUE), limits)
        )
    minimum = max(
        (atom.count for atom, positive in literals if isinstance(atom, LengthAtLeast) and positive), default=0
    )
    maximum = min(
        (atom.count - 1 for atom, positive in literals if isinstance(atom, LengthAtLeast) and not positive),
        default=None,
    )
    others = [(atom, positive) for atom, positive in literals if not isinstance(atom, LengthAtLeast)]
    if not others:
        return AnyStrings(minimum, maximum)
    parts = [_automaton(atom, limits) for atom, _ in others]
    wanted = tuple(positive for _, positive in others)
    if wanted == (True,):
        text = parts[0]
    else:
        text = product(parts, lambda labels: int(tuple(label != REJECT for label in labels) == wanted), limits)
    return _simplest(text, minimum, maximum)


def string_automaton(
    formulas: Formulas, formula: int, variables: Iterable[int], label_of: Callable[[int], int], limits: Limits
) -> TextDfa:
    """An automaton that decides the string atoms of ``formula`` at once.

    ``variables``: the variables about the string, in any order. A string is labelled ``label_of(rest)``, where
    ``rest`` is ``formula`` with their truth put in; ``REJECT`` refuses it.
    """
    variables = sorted(variables)
    if not variables:
        label = label_of(formula)
        return product([accept_all()], lambda _: label, limits)
    rests: dict[tuple[bool, ...], int] = {}

    def label(labels: tuple[int, ...]) -> int:
        truths = tuple(label != REJECT for label in labels)
        if truths not in rests:
            constants = {v: TRUE if truth else FALSE for v, truth in zip(variables, truths, strict=True)}
            rests[truths] = label_of(formulas.substitute(formula, constants))
        return rests[truths]

    return product([_automaton(formulas.variable_of(v).atom, limits) for v in variables], label, limits)


def _automaton(atom: Atom, limits: Limits) -> TextDfa:
    if isinstance(atom, Matches | HasFormat):
        return recogniser(atom, limits)
    if isinstance(atom, LengthAtLeast):
        return length_at_least(atom.count)
    assert isinstance(atom, StringIn)
    return from_strings(dict.fromkeys(atom.values, 1))


def _simplest(text: TextDfa, minimum: int = 0, maximum: int | None = None) -> Strings:
    return AnyStrings(minimum, maximum) if is_universal(text) else Recognised(text, minimum, maximum)


def _listed(formulas: Formulas, formula: int, limits: Limits) -> Listed | None:
    """The strings, where all of them are in lists that the formula names."""
    atoms: dict[int, StringIn] = {}
    for variable in formulas.support(formula):
        atom = formulas.variable_of(variable).atom
        if isinstance(atom, StringIn):
            atoms[variable] = atom
    if not atoms or formulas.substitute(formula, dict.fromkeys(atoms, FALSE)) != FALSE:
        return None
    candidates = frozenset[str]().union(*[atom.values for atom in atoms.values()])
    if formula in atoms:
        return Listed(tuple(candidates))

    def is_member(text: str) -> bool:
        return formulas.evaluate(formula, lambda variable: _satisfies(variable.atom, text, limits))

    return Listed(tuple(text for text in candidates if is_member(text)))


def _satisfies(atom: Atom, text: str, limits: Limits) -> bool:
    assert isinstance(atom, StringAtom)
    return string_satisfies(atom, text, limits)


def _literals(formulas: Formulas, formula: int) -> list[tuple[Atom, bool]] | None:
    """The literals of which ``formula`` is the conjunction, as (atom, whether positive); ``None`` if it is not one."""
    literals: list[tuple[Atom, bool]] = []
    for part in formulas.conjuncts(formula):
        positive = formulas.operator(part) is not Operator.NOT
        variable = part if positive else formulas.operands(part)[0]
        if formulas.operator(variable) is not Operator.VARIABLE:
            return None
        literals.append((formulas.variable_of(variable).atom, positive))
    return literals
