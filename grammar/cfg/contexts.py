"""Which terminals are looked for where: the contexts of a grammar's parser, and the scanner that serves them.

A *context* is the set of terminals that a state of the parser knows, and those that are ignored beside them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .byte_dfa import DEAD
from .lr_tables import LrTables
from .model import Embedded, Grammar, Region
from .scanner import Scanner

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


class Contexts:
    """``of_state`` int32[states of the parser]; ``known`` bool[contexts, symbols], which may come."""

    def __init__(self, grammar: Grammar, lr: LrTables, scanner: Scanner) -> None:
        self._grammar = grammar
        self.scanner = scanner
        known = lr.actions != 0
        known[:, -1] = False
        of_rules = known.copy()
        for region in grammar.regions or [Region(frozenset(), grammar.beside(frozenset()))]:
            members, beside = (np.array(sorted(numbers), np.int64) for numbers in (region.members, region.beside))
            states = of_rules[:, members].any(axis=1) if grammar.regions else np.ones(len(known), np.bool_)
            known[np.ix_(states, beside)] = True
        numbers: dict[bytes, int] = {}
        rows = np.packbits(known, axis=1)
        rows = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}")[:, 0]
        self.of_state = np.array([numbers.setdefault(row, len(numbers)) for row in rows.tolist()], np.int32)
        self.known = known[np.unique(self.of_state, return_index=True)[1]]

    def start(self, context: int) -> int:
        """The scanner's state before a terminal of ``context``; explores what it leads to."""
        return self.scanner.start(frozenset(np.flatnonzero(self.known[context]).tolist()))

    def first_bytes(self) -> NDArray[np.uint64]:
        """The bytes that may come in each context, as bits: uint64[contexts, 4]. All where a value may come."""
        rows = self.scanner.rows
        first = np.zeros((self.known.shape[1], 4), np.uint64)
        first[[t for t, terminal in enumerate(self._grammar.terminals) if isinstance(terminal.content, Embedded)]] = (
            _ALL
        )
        leaving = rows.next_row[list(rows.first_row.values())][:, rows.byte_class] != DEAD
        bits = np.packbits(leaving, axis=1, bitorder="little")
        first[list(rows.first_row)] = np.ascontiguousarray(bits).view(np.uint64)
        of_context = np.zeros((len(self.known), 4), np.uint64)
        contexts, known = np.nonzero(self.known)
        np.bitwise_or.at(of_context, contexts, first[known])
        return of_context


def followers(
    grammar: Grammar, lr: LrTables, of_state: NDArray[np.int32], of_context: NDArray[np.uint64]
) -> NDArray[np.uint8]:
    """For each terminal, the bytes that what comes next can begin with; uint8[symbols, 256].

    ``of_context``: as of ``first_bytes``; ``of_state``: the parser's contexts.
    """
    found = np.zeros((lr.end + 1, 4), np.uint64)
    shifted, states = lr.shifts.T
    np.bitwise_or.at(found, shifted, of_context[of_state[states]])
    found[list(grammar.ignored)] = _ALL
    if grammar.indentation is not None:
        found[grammar.indentation.newline] = _ALL
    return np.unpackbits(found.view(np.uint8), axis=1, bitorder="little")
