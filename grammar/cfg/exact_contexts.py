"""The contexts and the scanner of a grammar that says how texts are cut (``exact_grammar``).

A state of the scanner is one of ``cuts``: it knows what must not come to match, so that nothing has to be waited for,
and no state is a blocker. Contexts are what places between terminals have in common that the next one asks for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import layout as at
from ..kernels import scanner_facts as facts
from .blocker_classes import Blocked
from .contexts import Contexts
from .cuts import Cuts
from .exact_grammar import ExactGrammar
from .lr_tables import LrTables
from .scanner import BYTE_ROLES, Scanner


class ExactContexts(Contexts):
    """Of the parser ``lr`` of ``exact.grammar``."""

    def __init__(self, exact: ExactGrammar, lr: LrTables, cuts: Cuts, scanner: Scanner) -> None:
        self._cuts = cuts
        numbers: dict[tuple[int, Blocked], int] = {}
        self.of_state = np.zeros(len(lr.actions), np.int32)
        for state in range(len(lr.actions)):
            rule, read = lr.items_of(state)[0]
            place = exact.places[rule][read] if rule < len(exact.places) else exact.first
            self.of_state[state] = numbers.setdefault((place.context, place.blocked), len(numbers))
        self._starts = [cuts.start(*key) for key in numbers]
        terminals = {cut: number for number, cut in enumerate(exact.terminals)}
        self.known = np.zeros((len(numbers), lr.end + 1), np.bool_)
        for number, key in enumerate(numbers):
            labels = [terminals[cut] for cut in cuts.leading_on(*key) if cut in terminals]
            self.known[number, labels] = True
        self.scanner = _ExactScanner(exact, cuts, scanner)

    def start(self, context: int) -> int:
        return self._starts[context]

    def first_bytes(self) -> NDArray[np.uint64]:
        leaving = self.scanner.transitions[self._starts][:, self.scanner.byte_class] != 0
        return np.ascontiguousarray(np.packbits(leaving, axis=1, bitorder="little")).view(np.uint64)


class _ExactScanner(Scanner):
    """All states of ``cuts``. ``scanner``: of the old grammar."""

    def __init__(self, exact: ExactGrammar, cuts: Cuts, scanner: Scanner) -> None:
        numbers = {cut: number for number, cut in enumerate(exact.terminals)}
        self.rows = scanner.rows
        self.byte_class, self.columns = cuts.classes.byte_class, len(cuts.classes.column_byte)
        self._roles = np.zeros(self.columns, np.int64)
        np.bitwise_or.at(self._roles, self.byte_class, BYTE_ROLES)
        self._retired = []
        self.states = len(cuts.rows)
        self.transitions = np.array(cuts.rows, np.int32)
        labels = [[numbers[cut] for cut in endings if cut in numbers] for endings in cuts.endings]
        counts = np.array([len(row) for row in labels], np.int32)
        self.where = np.stack([np.cumsum(counts, dtype=np.int32) - counts, counts], axis=1)
        self.endings = np.full((int(counts.sum()), at.ENDING_WIDTH), at.NONE, np.int32)
        self.endings[:, at.ENDING_PREFERRED] = 0
        self.endings[:, at.ENDING_TERMINAL] = [label for row in labels for label in row]
        self.decided, self.decided_at_end, self._complete, self.inevitable = (
            np.zeros(self.states, np.uint8) for _ in range(4)
        )
        self.loops = np.zeros(self.states, np.int32)
        self._reach = np.zeros((self.states, len(exact.terminals) // 64 + 1), np.uint64)
        self._reach_table = np.zeros(2 << self.states.bit_length(), np.int32)
        self._counters = np.array([1, 0, 0, 1, 1], np.int64)
        self.listed = np.full(self.states, facts.UNLISTED, np.int32)
        self.listed[0] = 0
        self.lists = np.zeros(4 * self.states + 128 * self._reach.shape[1], np.int32)
        self._note_facts(1)
