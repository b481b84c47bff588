"""How texts may be cut into terminals: the scanner of all contexts, run side by side with what must not match.

A *place* is where a terminal has ended: the context of the next one, what is blocked, and whether the text may end. A
*cut* is a terminal with what is blocked behind it. Which cuts lead on from a place is found by exploring both automata
as one, in which nothing has to be waited for: what would come to match leads nowhere.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import LimitExceeded
from ..limits import Budget
from .blocker_classes import NOTHING, Blocked, BlockerClasses
from .byte_dfa import DEAD
from .contexts import Contexts
from .model import Lexing

MOST_STATES = 1_500
_ORDER = [*range(0x21, 0x7F), 0x20, 0x0A, *range(0x20), *range(0x7F, 256)]


class Cut(NamedTuple):
    """``terminal`` has ended; ``ends``: may the text end here."""

    terminal: int
    blocked: Blocked
    ends: bool


class Place(NamedTuple):
    """``ends``: may the text end here."""

    context: int
    blocked: Blocked
    ends: bool
    is_first: bool = False


class Cuts:
    """``contexts``: those that texts come to, all of which are explored.

    ``rows``: of each state, the one after a byte of each class (of ``classes``), 0 for none; ``endings``: the cuts
    there. ``texts``: of each cut, a shortest text.
    """

    def __init__(self, contexts: Contexts, reached: list[int], lexing: Lexing, budget: Budget) -> None:
        self._starts = {context: contexts.start(context) for context in reached}
        self._scanner = contexts.scanner
        self._budget = budget
        self._is_longest = lexing is Lexing.LONGEST
        self.classes = BlockerClasses(self._scanner)
        columns = self._scanner.byte_class[self.classes.column_byte]
        self._next = self._scanner.transitions[: self._scanner.states, columns]
        self._numbers: dict[tuple[int, Blocked], int] = {(DEAD, NOTHING): 0}
        self._states: list[tuple[int, Blocked]] = [(DEAD, NOTHING)]
        self.rows: list[list[int]] = [[0] * len(columns)]
        self.endings: list[list[Cut]] = [[]]
        self.texts: dict[Cut, bytes] = {}
        self._from: dict[tuple[int, Blocked], dict[Cut, None]] = {}
        by_class = {int(self.classes.byte_class[byte]): byte for byte in reversed(_ORDER)}
        self._columns = sorted(by_class, key=lambda column: _ORDER.index(by_class[column]))
        self._bytes = {column: bytes([byte]) for column, byte in by_class.items()}

    def start(self, context: int, blocked: Blocked) -> int:
        """The state before a terminal."""
        return self._number(self._starts[context], blocked)

    def leading_on(self, context: int, blocked: Blocked) -> dict[Cut, None]:
        """The cuts that may come next."""
        key = context, blocked
        if key not in self._from:
            self._from[key] = self._search(self.start(context, blocked))
        return self._from[key]

    def _search(self, start: int) -> dict[Cut, None]:
        self._explore()
        found: dict[Cut, None] = {}
        met = set()
        queue = [(start, b"")]
        for state, text in queue:
            if text:
                for cut in self.endings[state]:
                    found[cut] = None
                    self.texts.setdefault(cut, text)
            row = self.rows[state]
            for column in self._columns:
                if row[column] and row[column] not in met:
                    met.add(row[column])
                    queue.append((row[column], text + self._bytes[column]))
        return found

    def _number(self, state: int, blocked: Blocked) -> int:
        number = self._numbers.setdefault((state, blocked), len(self._states))
        if number == len(self._states):
            self._states.append((state, blocked))
        return number

    def _explore(self) -> None:
        """Write the rows of all states that were met, and of those that they lead to."""
        while len(self.rows) < len(self._states):
            self._budget.check()
            if len(self._states) > MOST_STATES:
                raise LimitExceeded("the ways to cut texts need too many states", remedy="use fewer terminals")
            state, blocked = self._states[len(self.rows)]
            following = self._next[state].tolist()
            pairs = zip(following, self.classes.row(blocked), strict=True)
            row = [self._number(s, b) if s != DEAD and b is not None else 0 for s, b in pairs]
            self.rows.append(row)
            self.endings.append(self._endings_of(state, blocked))

    def _endings_of(self, state: int, blocked: Blocked) -> list[Cut]:
        scanner = self._scanner
        first, count = scanner.where[state].tolist()
        found: dict[Cut, None] = {}
        may_end = self.classes.let_end(blocked)
        for preferred, guard, terminal in scanner.endings[first : first + count].tolist():
            fresh = self.classes.fresh(preferred, guard)
            holds = self.classes.let_end(fresh)
            found[Cut(terminal, blocked | fresh, may_end and holds)] = None
            may_end = may_end and not (holds and self._is_longest)
        return list(found)
