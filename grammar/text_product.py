"""Several automata of texts as one: products, run only while the parts make a difference.

A state of a product is what is left of the question that it answers and the states of its parts. A part that the
question does not depend on any more costs no states, which keeps conjunctions and alternatives of many patterns small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .dfa import DEAD, REJECT, Dfa, TextDfa
from .dfa_operations import states_exceeded
from .limits import Budget
from .row_numbers import RowNumbers
from .text_dfa import accept_all, finished, merged, refine, without_surrogates

UNSETTLED = -1
"""In place of the label of a part that may still end with another one."""

_CHUNK = 1 << 20
"""About so many part states are looked up at once: some 50 ms of work, and some 30 MB."""

_SUBJECT = "a combination of string conditions"


@dataclass(frozen=True)
class Judgement:
    """What a product is asked, as far as it is not decided yet; such a question is an integer.

    ``advance(question, labels)``: what is left of it when some parts have their final label and others are
    ``UNSETTLED``. ``relevant(question)``: which parts it depends on; ``None`` for all, those with a final label too.
    ``label(question, labels)``: the label of a string that ends here.
    """

    start: int
    advance: Callable[[int, tuple[int, ...]], int]
    relevant: Callable[[int], Sequence[bool] | None]
    label: Callable[[int, tuple[int, ...]], int]


def product(parts: Sequence[TextDfa], label_of: Callable[[tuple[int, ...]], int], budget: Budget) -> TextDfa:
    """The minimal automaton that runs all ``parts`` at once, labelled by ``label_of`` of their labels.

    Parts that died go on as ``DEAD`` with label ``REJECT``, so that ``label_of`` may state negations. Explored from the
    start only; raises ``LimitExceeded`` over any limit of ``budget``.
    """
    if not parts:
        return product([accept_all()], lambda _: label_of(()), budget)
    if len(parts) == 1:
        return relabelled(parts[0], label_of, budget, is_minimal=False)
    everything = Judgement(0, lambda *_: 0, lambda _: None, lambda _, labels: label_of(labels))
    return judged_product(parts, everything, budget)


def relabelled(
    part: TextDfa, label_of: Callable[[tuple[int, ...]], int], budget: Budget, is_minimal: bool = True
) -> TextDfa:
    """The product of one automaton: no state of it is another one but ``DEAD``, of which strings have a label, too.

    ``is_minimal``: whether ``part`` is trimmed and minimal. Then nothing has to be merged where labels stay different.
    """
    dfa = part.dfa
    dies = (dfa.transitions[1:, without_surrogates(part.alphabet)] == DEAD).any() or dfa.start == DEAD
    old, places = np.unique(dfa.labels if dies else dfa.labels[1:], return_inverse=True)
    known = [label_of((label,)) for label in old.tolist()]
    new = np.array(known, np.int32)[places.ravel()]
    labels = np.concatenate([[REJECT] if dies else [REJECT, REJECT], new]).astype(np.int32)
    transitions = np.zeros((len(labels), part.alphabet.size), np.int32)
    np.add(dfa.transitions, 1, out=transitions[1:])
    result = Dfa(transitions, labels, dfa.start + 1)
    if is_minimal and dies and REJECT not in known and len(set(known)) == len(known):
        return merged(part.alphabet, result)
    return finished(part.alphabet, result, budget)


def judged_product(parts: Sequence[TextDfa], judgement: Judgement, budget: Budget) -> TextDfa:
    """The minimal automaton that runs ``parts`` (at least one) only while they make a difference to the ``judgement``.

    Explored from the start only; raises ``LimitExceeded`` over any limit of ``budget``.
    """
    alphabet, origins = refine([part.alphabet for part in parts])
    usable = without_surrogates(alphabet)
    steps = [part.dfa.transitions[:, origin[usable]] for part, origin in zip(parts, origins, strict=True)]
    reduction = _Reduction(parts, steps, judgement)
    states = RowNumbers(len(parts) + 1)
    start = np.array([[reduction.number(judgement.start), *(part.dfa.start for part in parts)]], np.int32)
    states.add(reduction.reduced(start, budget))
    width = int(usable.sum())
    rows = [np.zeros((1, width), np.int32)]
    at_once = max(1, _CHUNK // (width * len(parts)))
    done = 0
    while done < len(states):
        chunk = states.rows[done : done + at_once]
        done += len(chunk)
        successors = np.empty((len(chunk), width, len(parts) + 1), np.int32)
        successors[:, :, 0] = chunk[:, 0, None]
        for i, step in enumerate(steps, 1):
            successors[:, :, i] = step[chunk[:, i]]
        numbers = states.add(reduction.reduced(successors.reshape(-1, len(parts) + 1), budget))
        rows.append(numbers.reshape(-1, width) + 1)
        if len(states) > budget.limits.states:
            raise states_exceeded(_SUBJECT, budget)
        budget.check_memory(4 * alphabet.size * len(states), _SUBJECT)
        budget.check()
    transitions = np.zeros((len(states) + 1, alphabet.size), np.int32)
    transitions[:, usable] = np.concatenate(rows)
    labels = np.concatenate([[REJECT], reduction.labels(states.rows, budget)]).astype(np.int32)
    return finished(alphabet, Dfa(transitions, labels, 1), budget)


class _Reduction:
    """Brings the questions of states up to date, and makes the parts ``DEAD`` that they do not depend on."""

    def __init__(self, parts: Sequence[TextDfa], steps: Sequence[NDArray[np.int32]], judgement: Judgement) -> None:
        self._judgement = judgement
        self._labels = [part.dfa.labels for part in parts]
        self._settled = [_settled(labels, step) for labels, step in zip(self._labels, steps, strict=True)]
        self._numbers: dict[int, int] = {}
        self._questions: list[int] = []
        self._outcomes = RowNumbers(len(parts) + 1)
        self._kept = np.empty((0, len(parts) + 1), np.int32)

    def number(self, question: int) -> int:
        """The number by which states name ``question``."""
        number = self._numbers.setdefault(question, len(self._questions))
        if number == len(self._questions):
            self._questions.append(question)
        return number

    def reduced(self, states: NDArray[np.int32], budget: Budget) -> NDArray[np.int32]:
        """``states``, rows of a question's number and the states of the parts, as they are told apart."""
        known = len(self._outcomes)
        places = self._outcomes.add(_outcomes(states, self._settled))
        fresh = []
        for outcome in self._outcomes.rows[known:].tolist():
            budget.check()
            fresh.append(self._reduce(outcome[0], tuple(outcome[1:])))
        if fresh:
            self._kept = np.concatenate([self._kept, np.array(fresh, np.int32)])
        kept = self._kept[places]
        kept[:, 1:] *= states[:, 1:]
        return kept

    def _reduce(self, number: int, labels: tuple[int, ...]) -> tuple[int, ...]:
        question = self._judgement.advance(self._questions[number], labels)
        relevant = self._judgement.relevant(question)
        return self.number(question), *([True] * len(labels) if relevant is None else relevant)

    def labels(self, states: NDArray[np.int32], budget: Budget) -> NDArray[np.int32]:
        """The label of each of ``states``; int32[states]."""
        outcomes = RowNumbers(len(self._labels) + 1)
        places = outcomes.add(_outcomes(states, self._labels))
        found = []
        for number, *labels in outcomes.rows.tolist():
            budget.check()
            found.append(self._judgement.label(self._questions[number], tuple(labels)))
        return np.array(found, np.int32)[places]


def _settled(labels: NDArray[np.int32], step: NDArray[np.int32]) -> NDArray[np.int32]:
    """The label of each state that nothing leads out of, ``UNSETTLED`` for the others."""
    alone = (step == np.arange(len(step), dtype=np.int32)[:, None]).all(axis=1)
    return np.where(alone, labels, UNSETTLED).astype(np.int32)


def _outcomes(states: NDArray[np.int32], labels: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """``states`` with the label of each part in place of its state."""
    outcomes = states.copy()
    for i, label in enumerate(labels, 1):
        outcomes[:, i] = label[states[:, i]]
    return outcomes
