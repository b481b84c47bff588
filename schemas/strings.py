"""How the strings that a formula describes are recognised: by length, from a list, or by an automaton."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..grammar.dfa import REJECT, TextDfa
from ..grammar.limits import Budget
from ..grammar.text_dfa import accept_all, from_strings, is_universal
from ..grammar.text_product import UNSETTLED, Judgement, judged_product, product, relabelled
from .atoms import Atom, LengthAtLeast, StringAtom, StringIn
from .formula import FALSE, TRUE, Formulas, Operator
from .theory_strings import conjunction, recogniser, some_length, string_satisfies
from .variants import Variants


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
    atoms = {variable: formulas.variable_of(variable).atom for variable in sorted(variables)}
    if not atoms:
        return product([accept_all()], lambda _: label_of(formula), budget)
    judge = _Judge(formulas, formula, atoms)
    if len(atoms) == 1 and not judge.has_lists:
        [part] = judge.recognisers(budget)[1:]
        return relabelled(part, lambda labels: label_of(judge.ended(formula, (REJECT, *labels))), budget)
    judgement = Judgement(
        formula, judge.advance, judge.relevant, lambda rest, labels: label_of(judge.ended(rest, labels))
    )
    return judged_product(judge.recognisers(budget), judgement, budget)


class _Judge:
    """What is left of a formula over string ``atoms`` when automata tell of them; one tells of all lists at once."""

    def __init__(self, formulas: Formulas, formula: int, atoms: Mapping[int, Atom]) -> None:
        self._formulas = formulas
        self._atoms = atoms
        lists = {variable: atom.values for variable, atom in atoms.items() if isinstance(atom, StringIn)}
        self._lists = list(lists)
        self._others = [variable for variable in atoms if variable not in lists]
        self._signatures, self._numbers = _signatures(lists)
        self._variants: dict[int, Variants] = {}

    @property
    def has_lists(self) -> bool:
        return bool(self._lists)

    def recognisers(self, budget: Budget) -> list[TextDfa]:
        """That of the lists, then the other ones."""
        return [from_strings(self._numbers), *(_recogniser(self._atoms[variable], budget) for variable in self._others)]

    def advance(self, rest: int, labels: tuple[int, ...]) -> int:
        listed, *found = labels
        pairs = zip(self._others, found, strict=True)
        truths = {v: FALSE if label == REJECT else TRUE for v, label in pairs if label != UNSETTLED}
        if listed != UNSETTLED:
            truths.update(dict.fromkeys(self._lists, FALSE))
            truths.update(dict.fromkeys(self._signatures[listed], TRUE))
        return self._formulas.substitute(rest, truths)

    def relevant(self, rest: int) -> list[bool]:
        support = self._formulas.support(rest)
        return [not support.isdisjoint(self._lists), *(variable in support for variable in self._others)]

    def ended(self, rest: int, labels: tuple[int, ...]) -> int:
        """What is left of ``rest`` where the string ends: all atoms are decided then."""
        listed, *found = labels
        if rest not in self._variants:
            self._variants[rest] = Variants(self._formulas, rest, dict.fromkeys(self._atoms, FALSE))
        truths = [variable for variable, label in zip(self._others, found, strict=True) if label != REJECT]
        return self._variants[rest].with_changes(dict.fromkeys((*truths, *self._signatures[listed]), TRUE))


def _signatures(lists: Mapping[int, frozenset[str]]) -> tuple[list[tuple[int, ...]], dict[str, int]]:
    """Which of ``lists`` hold a string together, none of them first; and for each string listed the number of these."""
    holding: dict[str, list[int]] = {}
    for variable, values in lists.items():
        for text in sorted(values):
            holding.setdefault(text, []).append(variable)
    signatures: dict[tuple[int, ...], int] = {(): REJECT}
    numbers = {text: signatures.setdefault(tuple(held), len(signatures)) for text, held in holding.items()}
    return list(signatures), numbers


def _recogniser(atom: Atom, budget: Budget) -> TextDfa:
    assert isinstance(atom, StringAtom)
    return recogniser(atom, budget)


def _simplest(text: TextDfa, minimum: int = 0, maximum: int | None = None) -> Strings:
    return AnyStrings(minimum, maximum) if is_universal(text) else Recognised(text, minimum, maximum)


def _listed(formulas: Formulas, formula: int, budget: Budget) -> Listed | None:
    """The strings, where all of them are in lists that the formula names."""
    lists: dict[int, frozenset[str]] = {}
    for variable in formulas.support(formula):
        atom = formulas.variable_of(variable).atom
        if isinstance(atom, StringIn):
            lists[variable] = atom.values
    if formula in lists:
        return Listed(tuple(lists[formula]))
    if not lists:
        return None
    variants = Variants(formulas, formula, dict.fromkeys(lists, FALSE))
    if variants.with_changes({}) != FALSE:
        return None
    signatures, numbers = _signatures(lists)
    rests = [variants.with_changes(dict.fromkeys(signature, TRUE)) for signature in signatures]

    def is_member(text: str, rest: int) -> bool:
        return formulas.evaluate(rest, lambda variable: _satisfies(variable.atom, text, budget))

    return Listed(tuple(text for text, number in numbers.items() if is_member(text, rests[number])))


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
