"""How the strings that a formula describes are recognised: by length, from a list, or by an automaton."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..grammar.dfa import REJECT, TextDfa
from ..grammar.limits import Budget
from ..grammar.text_dfa import accept_all, is_universal
from ..grammar.text_product import UNSETTLED, Judgement, judged_product, product
from .atoms import Atom, LengthAtLeast, StringAtom, StringIn
from .formula import FALSE, TRUE, Formulas, Operator
from .theory_strings import conjunction, recogniser, some_length, string_satisfies


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


def strings_of(formulas: Formulas, formula: int, budget: Budget) -> Strings:
    """The strings of which ``formula``, over string atoms, is true; at least one, as the caller knows."""
    if formula == TRUE:
        return AnyStrings()
    listed = _listed(formulas, formula, budget)
    if listed is not None:
        return listed
    literals = _literals(formulas, formula)
    if literals is None:
        return _of_any_form(formulas, formula, budget)
    minimum = max(
        (atom.count for atom, positive in literals if isinstance(atom, LengthAtLeast) and positive), default=0
    )
    maximum = min(
        (atom.count - 1 for atom, positive in literals if isinstance(atom, LengthAtLeast) and not positive),
        default=None,
    )
    parts: tuple[set[StringAtom], set[StringAtom]] = set(), set()
    for atom, positive in literals:
        if not isinstance(atom, LengthAtLeast):
            parts[not positive].add(atom)
    if not any(parts):
        return AnyStrings(minimum, maximum)
    return _simplest(conjunction(frozenset(parts[0]), frozenset(parts[1]), budget), minimum, maximum)


def _of_any_form(formulas: Formulas, formula: int, budget: Budget) -> Strings:
    """The strings of a formula that is no conjunction of literals.

    Its greatest length limit counts for all strings where those that are longer satisfy the formula in no other way:
    "a host name of at most 253 characters or an IP address" has small automata but for that limit.
    """
    lengths: dict[int, int] = {}
    for variable in formulas.support(formula):
        atom = formulas.variable_of(variable).atom
        if isinstance(atom, LengthAtLeast):
            lengths[atom.count] = variable
    if lengths:
        longest = max(lengths)
        long = _automaton_of(formulas, formulas.substitute(formula, {lengths[longest]: TRUE}), budget)
        if long.dfa.is_empty or not some_length(long, longest, None, budget):
            short = strings_of(formulas, formulas.substitute(formula, {lengths[longest]: FALSE}), budget)
            return _cut(short, longest - 1)
    return _simplest(_automaton_of(formulas, formula, budget))


def _automaton_of(formulas: Formulas, formula: int, budget: Budget) -> TextDfa:
    return string_automaton(formulas, formula, formulas.support(formula), lambda rest: int(rest == TRUE), budget)


def _cut(strings: Strings, maximum: int) -> Strings:
    """Those of ``strings`` that have at most ``maximum`` code points."""
    if isinstance(strings, Listed):
        return Listed(tuple(value for value in strings.values if len(value) <= maximum))
    limit = maximum if strings.maximum is None else min(maximum, strings.maximum)
    return replace(strings, maximum=limit)


def string_automaton(
    formulas: Formulas, formula: int, variables: Iterable[int], label_of: Callable[[int], int], budget: Budget
) -> TextDfa:
    """An automaton that decides the string atoms of ``formula`` at once.

    ``variables``: the variables about the string, in any order. A string is labelled ``label_of(rest)``, where
    ``rest`` is ``formula`` with their truth put in; ``REJECT`` refuses it.
    """
    variables = sorted(variables)
    if not variables:
        return product([accept_all()], lambda _: label_of(formula), budget)

    def advance(rest: int, labels: tuple[int, ...]) -> int:
        truths = zip(variables, labels, strict=True)
        known = {v: FALSE if label == REJECT else TRUE for v, label in truths if label != UNSETTLED}
        return formulas.substitute(rest, known)

    def relevant(rest: int) -> list[bool]:
        support = formulas.support(rest)
        return [v in support for v in variables]

    judgement = Judgement(formula, advance, relevant, lambda rest, labels: label_of(advance(rest, labels)))
    return judged_product([_recogniser(formulas.variable_of(v).atom, budget) for v in variables], judgement, budget)


def _recogniser(atom: Atom, budget: Budget) -> TextDfa:
    assert isinstance(atom, StringAtom)
    return recogniser(atom, budget)


def _simplest(text: TextDfa, minimum: int = 0, maximum: int | None = None) -> Strings:
    return AnyStrings(minimum, maximum) if is_universal(text) else Recognised(text, minimum, maximum)


def _listed(formulas: Formulas, formula: int, budget: Budget) -> Listed | None:
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
        return formulas.evaluate(formula, lambda variable: _satisfies(variable.atom, text, budget))

    return Listed(tuple(text for text in candidates if is_member(text)))


def _satisfies(atom: Atom, text: str, budget: Budget) -> bool:
    assert isinstance(atom, StringAtom)
    return string_satisfies(atom, text, budget)


def _literals(formulas: Formulas, formula: int) -> list[tuple[StringAtom, bool]] | None:
    """The literals of which ``formula`` is the conjunction, as (atom, whether positive); ``None`` if it is not one."""
    literals: list[tuple[StringAtom, bool]] = []
    for part in formulas.conjuncts(formula):
        positive = formulas.operator(part) is not Operator.NOT
        variable = part if positive else formulas.operands(part)[0]
        if formulas.operator(variable) is not Operator.VARIABLE:
            return None
        atom = formulas.variable_of(variable).atom
        assert isinstance(atom, StringAtom)
        literals.append((atom, positive))
    return literals
