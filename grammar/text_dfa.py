"""Automata that read strings of code points: building, combining and asking about them.

No text holds a surrogate, so classes of nothing but surrogates never occur: results have no transitions on them, and
when classes are merged such a class joins a neighbour. Automata given to ``viability`` should come from here, or be
trimmed in the same sense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .columns import distinct_columns
from .dfa import DEAD, REJECT, Alphabet, Dfa, TextDfa
from .dfa_operations import UNREACHABLE, distances, minimize, reachable
from .limits import Budget

FIRST_SURROGATE, LAST_SURROGATE, LAST_CODE_POINT = 0xD800, 0xDFFF, 0x10FFFF

_AT_ONCE = 1 << 22
"""So many entries of a table are written between two looks at the time."""

_PREFERRED = "etaoinshrdlucmfwypvbgkjqxzETAOINSHRDLUCMFWYPVBGKJQXZ0123456789 _-.,:;!?'()/@+*=#$%&<>[]^`{|}~\"\\"
"""Printable ASCII, what reads best first."""


# --- alphabets


def without_surrogates(alphabet: Alphabet) -> NDArray[np.bool_]:
    """Which classes have a member that is no surrogate; bool[classes]."""
    ends = np.append(alphabet.starts[1:], LAST_CODE_POINT + 1)
    usable = np.zeros(alphabet.size, np.bool_)
    usable[alphabet.classes[(alphabet.starts < FIRST_SURROGATE) | (ends > LAST_SURROGATE + 1)]] = True
    return usable


def refine(alphabets: Sequence[Alphabet]) -> tuple[Alphabet, NDArray[np.int32]]:
    """The coarsest common refinement, and for each class of it that of each alphabet; int32[alphabets, classes]."""
    starts = np.unique(np.concatenate([[0], *(alphabet.starts for alphabet in alphabets)])).astype(np.int32)
    columns = [alphabet.classes[np.searchsorted(alphabet.starts, starts, "right") - 1] for alphabet in alphabets]
    classes = np.zeros(len(starts), np.int64)
    for column, alphabet in zip(columns, alphabets, strict=True):
        classes = np.unique(classes * alphabet.size + column, return_inverse=True)[1]
    size = int(classes.max()) + 1
    origins = np.zeros((len(alphabets), size), np.int32)
    for origin, column in zip(origins, columns, strict=True):
        origin[classes] = column
    return _joined(starts, classes.astype(np.int32), size), origins


def _joined(starts: NDArray[np.int32], classes: NDArray[np.int32], size: int) -> Alphabet:
    """The alphabet with neighbouring intervals of one class made one."""
    first = np.append(True, classes[1:] != classes[:-1])
    return Alphabet(starts[first], classes[first], size)


def _merge_classes(text_dfa: TextDfa) -> TextDfa:
    """Makes one class of those that no state tells apart; classes of surrogates join the class before them."""
    alphabet, transitions = text_dfa.alphabet, text_dfa.dfa.transitions
    usable = without_surrogates(alphabet)
    columns, merged = distinct_columns(transitions[:, usable])
    number = np.full(alphabet.size, -1, np.int32)
    number[usable] = merged
    starts, classes = alphabet.starts, number[alphabet.classes]
    known = classes >= 0
    alphabet = _joined(starts[known], classes[known], columns.shape[1])
    return TextDfa(alphabet, Dfa(np.ascontiguousarray(columns), text_dfa.dfa.labels, text_dfa.dfa.start))


def finished(alphabet: Alphabet, dfa: Dfa, budget: Budget) -> TextDfa:
    """Trimmed and minimised, surrogates left out."""
    transitions = np.where(without_surrogates(alphabet), dfa.transitions, DEAD).astype(np.int32)
    return _merge_classes(TextDfa(alphabet, minimize(Dfa(transitions, dfa.labels, dfa.start), budget)))


def merged(alphabet: Alphabet, dfa: Dfa) -> TextDfa:
    """``finished`` for what is trimmed and minimal."""
    return _merge_classes(TextDfa(alphabet, dfa))


# --- building

_ANYTHING = Alphabet(np.zeros(1, np.int32), np.zeros(1, np.int32), 1)


def accept_all() -> TextDfa:
    """Every string, label 1."""
    return length_at_least(0)


def length_at_least(count: int) -> TextDfa:
    """Every string of at least ``count`` code points, label 1."""
    states = np.arange(count + 2, dtype=np.int32)
    transitions = np.minimum(states + 1, count + 1)[:, None].astype(np.int32)
    transitions[DEAD] = DEAD
    return TextDfa(_ANYTHING, Dfa(transitions, (states == count + 1).astype(np.int32), 1))


def from_strings(values: Mapping[str, int]) -> TextDfa:
    """The finite language of ``values``, each with its label (at least 1); strings with a surrogate are in no text.

    Equal suffixes are shared while building, last branch first, after Daciuk, Mihov, Watson and Watson, "Incremental
    construction of minimal acyclic finite-state automata" (2000).
    """
    words = sorted(word for word in values if not any("\ud800" <= character <= "\udfff" for character in word))
    if not words:
        return TextDfa(_ANYTHING, Dfa(np.zeros((1, 1), np.int32), np.zeros(1, np.int32), DEAD))
    register: dict[tuple[int, tuple[tuple[str, int], ...]], int] = {}
    path: list[tuple[int, list[tuple[str, int]]]] = [(REJECT, [])]
    spelled = ""

    def close(depth: int) -> None:
        while len(path) - 1 > depth:
            label, edges = path.pop()
            state = register.setdefault((label, tuple(edges)), len(register) + 1)
            path[-1][1].append((spelled[len(path) - 1], state))

    for word in words:
        shared = next(
            (i for i, pair in enumerate(zip(spelled, word, strict=False)) if pair[0] != pair[1]), len(spelled)
        )
        close(shared)
        path.extend((REJECT, []) for _ in range(len(word) - shared))
        path[-1] = values[word], path[-1][1]
        spelled = word
    close(0)
    label, edges = path[0]
    start = register.setdefault((label, tuple(edges)), len(register) + 1)
    return _from_nodes(list(register), start)


def _from_nodes(nodes: Sequence[tuple[int, tuple[tuple[str, int], ...]]], start: int) -> TextDfa:
    """The automaton whose state ``i + 1`` is node ``i``: a label and edges."""
    characters = sorted({character for _, edges in nodes for character, _ in edges})
    number = {character: index + 1 for index, character in enumerate(characters)}
    transitions = np.zeros((len(nodes) + 1, len(characters) + 1), np.int32)
    for state, (_, edges) in enumerate(nodes, 1):
        for character, successor in edges:
            transitions[state, number[character]] = successor
    labels = np.array([REJECT, *(label for label, _ in nodes)], np.int32)
    return _merge_classes(TextDfa(_alphabet_of(characters), Dfa(transitions, labels, start)))


def _alphabet_of(characters: Sequence[str]) -> Alphabet:
    """Class ``i + 1`` for the ``i``-th of the ascending ``characters``, 0 for all others."""
    points = np.array([ord(character) for character in characters], np.int32)
    starts = np.concatenate([[0], points, points + 1]).astype(np.int32)
    classes = np.concatenate([[0], np.arange(1, len(points) + 1), np.zeros(len(points), np.int64)]).astype(np.int32)
    order = np.lexsort([classes > 0, starts])
    starts, classes = starts[order], classes[order]
    last = np.append(starts[1:] != starts[:-1], True) & (starts <= LAST_CODE_POINT)
    return _joined(starts[last], classes[last], len(points) + 1)


# --- asking


def label_of(automaton: TextDfa, text: str) -> int:
    """The label with which ``automaton`` accepts ``text``, or ``REJECT``."""
    alphabet, dfa = automaton.alphabet, automaton.dfa
    points = np.fromiter(map(ord, text), np.int32, len(text))
    symbols: list[int] = alphabet.classes[np.searchsorted(alphabet.starts, points, side="right") - 1].tolist()
    state, successor = dfa.start, dfa.transitions.item
    for symbol in symbols:
        state = successor(state, symbol)
        if state == DEAD:
            return REJECT
    return int(dfa.labels[state])


def is_universal(text_dfa: TextDfa) -> bool:
    """Whether every string is accepted with label 1."""
    dfa, usable = text_dfa.dfa, without_surrogates(text_dfa.alphabet)
    transitions = np.where(usable, dfa.transitions, dfa.start).astype(np.int32)
    return bool((dfa.labels[reachable(Dfa(transitions, dfa.labels, dfa.start))] == 1).all())


def shortest(text_dfa: TextDfa) -> str | None:
    """A shortest accepted string, in letters where they will do; ``None`` if there is no string."""
    dfa = text_dfa.dfa
    if dfa.is_empty:
        return None
    characters = representatives(text_dfa.alphabet)
    arrived: dict[int, tuple[int, str]] = {dfa.start: (DEAD, "")}
    queue = [dfa.start]
    for state in queue:
        if dfa.labels[state] != REJECT:
            return _spelled(arrived, state)
        row = dfa.transitions[state].tolist()
        for number, character in characters:
            if row[number] != DEAD and row[number] not in arrived:
                arrived[row[number]] = state, character
                queue.append(row[number])
    return None


def _spelled(arrived: Mapping[int, tuple[int, str]], state: int) -> str:
    characters = []
    while state != DEAD:
        state, character = arrived[state]
        characters.append(character)
    return "".join(reversed(characters))


def representatives(alphabet: Alphabet) -> list[tuple[int, str]]:
    """Classes with a character of each, those with the most readable ones first."""
    points = np.array([ord(character) for character in _PREFERRED], np.int32)
    found: dict[int, str] = {}
    preferred = alphabet.classes[np.searchsorted(alphabet.starts, points, "right") - 1]
    for number, character in zip(preferred.tolist(), _PREFERRED, strict=True):
        found.setdefault(number, character)
    ends = [*alphabet.starts[1:].tolist(), LAST_CODE_POINT + 1]
    for number, start, end in zip(alphabet.classes.tolist(), alphabet.starts.tolist(), ends, strict=True):
        point = LAST_SURROGATE + 1 if FIRST_SURROGATE <= start <= LAST_SURROGATE else start
        if number not in found and point < end:
            found[number] = chr(point)
    return list(found.items())


def open_states(text_dfa: TextDfa, live: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From which states all that can be read leads to ``live`` states only; bool[states, kinds].

    ``live``: the same shape, for each kind by itself.
    """
    transitions = text_dfa.dfa.transitions[:, without_surrogates(text_dfa.alphabet)]
    may_be: NDArray[np.bool_] = live & np.logical_and.reduce(live[transitions], axis=1)
    if not may_be.any():
        return may_be
    return np.ascontiguousarray((distances(transitions, ~may_be.T) == UNREACHABLE).T)


def viability(dfa: Dfa, minimum: int, maximum: int | None, budget: Budget) -> NDArray[np.bool_]:
    """Where acceptance within the allowed lengths is still possible; bool[states, columns].

    Entry ``[q, c]`` says whether from state ``q``, after ``c`` symbols, some ``n >= 0`` further symbols lead to
    acceptance with ``minimum <= c + n <= maximum``. Columns are ``0 .. maximum``, or without a maximum
    ``0 .. minimum``, the last one standing for every ``c >= minimum``.
    """
    accepts = dfa.labels != REJECT
    if minimum == 0 and maximum is not None:
        return _viability_below(distances(dfa.transitions, accepts[None])[0], maximum, budget)
    sources, targets = _edges(dfa.transitions)
    if maximum is None:
        count, column = minimum, distances(dfa.transitions, accepts[None])[0] != UNREACHABLE
    else:
        count, column = maximum, accepts & (maximum >= minimum)
    result = np.zeros((len(accepts), count + 1), np.bool_)
    result[:, count] = column
    while count > 0:
        budget.check()
        count -= 1
        before = np.zeros_like(column)
        before[sources[column[targets]]] = True
        if count >= minimum:
            before |= accepts
        result[:, count] = before
        if np.array_equal(before, column):
            stop = minimum if count >= minimum else 0
            for row, viable in zip(result, before, strict=True):
                budget.check()
                row[stop:count] = viable
            count = stop
        column = before
    return result


def _viability_below(distance: NDArray[np.int32], maximum: int, budget: Budget) -> NDArray[np.bool_]:
    """``viability`` without a minimum, from the ``distance`` of each state to acceptance."""
    left = np.arange(maximum, -1, -1, dtype=np.int32)
    needed = np.where(distance == UNREACHABLE, maximum + 1, distance).astype(np.int32)
    result = np.zeros((len(needed), maximum + 1), np.bool_)
    at_once = max(1, _AT_ONCE // (maximum + 1))
    for start in range(0, len(needed), at_once):
        budget.check()
        np.less_equal(needed[start : start + at_once, None], left, out=result[start : start + at_once])
    return result


def _edges(transitions: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct (source, target) pairs between live states."""
    rows = np.sort(transitions, axis=1)
    fresh = rows != DEAD
    fresh[:, 1:] &= rows[:, 1:] != rows[:, :-1]
    return np.nonzero(fresh)[0], rows[fresh].astype(np.int64)
