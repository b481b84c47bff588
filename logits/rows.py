"""Which text each row of a batch has written, worked out from the token ids that a decoding loop shows.

A loop of transformers shows nothing but prefixes: rows that grew by a token, rows that were exchanged (beam search),
prefixes that are tried and thrown away (assisted decoding), groups of rows in turn (group beam search). So state is
found by the prefix, never by the row's number: a batch is continued when every row without its last token is the
beginning of a row of that batch, at least as long as the prompt. The last few batches are kept, since a model and
its assistant, or groups of beams, may take turns.

Prefixes are compared in full, by one compiled loop: some 0.3 microseconds a row for 500 tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..grammar.kernels.disk_cache import compiled_as_called

Ids = NDArray[np.int64]

KEPT_BATCHES = 16
_ROOM = 64


class Vocabulary(Protocol):
    """What the processor asks of a vocabulary."""

    @property
    def size(self) -> int: ...

    @property
    def tokens(self) -> Sequence[bytes]: ...

    @property
    def eos_token_ids(self) -> Iterable[int]: ...


class Matcher(Protocol):
    """What the processor asks of a matcher."""

    def fill_next_token_bitmask(self, bitmask: NDArray[np.int32], row: int = 0) -> object: ...

    def accept_token(self, token_id: int) -> bool: ...

    def rollback(self, count: int) -> object: ...

    def fork(self) -> Matcher: ...

    def is_accepting(self) -> bool: ...

    def is_terminated(self) -> bool: ...


class Constraint(Protocol):
    """What the processor asks of a constraint."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def matcher(self) -> Matcher: ...


@dataclass(slots=True)
class Row:
    """One sequence: its matcher, how many tokens it wrote, and how many of these the matcher has accepted.

    Tokens that follow an end of sequence, or that stop the row from outside, are written but not accepted.
    """

    constraint: Constraint
    matcher: Matcher
    written: int = 0
    accepted: int = 0

    @property
    def is_finished(self) -> bool:
        return self.accepted < self.written or self.matcher.is_terminated()

    def step(self, token_id: int) -> bool:
        """Write a token; False when the matcher refuses it, which finishes the row."""
        ignored = self.is_finished
        self.written += 1
        if ignored:
            return True
        allowed = self.matcher.accept_token(token_id)
        self.accepted += allowed
        return allowed

    def fork(self) -> Row:
        return Row(self.constraint, self.matcher.fork(), self.written, self.accepted)

    def go_back(self, length: int) -> None:
        """Be as it was after ``length`` tokens."""
        if self.accepted > length:
            self.matcher.rollback(self.accepted - length)
            self.accepted = length
        self.written = length


class Batch:
    """The rows of one decoding loop, and the ids they were shown last: int64[rows, start of the text + written]."""

    def __init__(self, rows: list[Row], ids: Ids) -> None:
        self.rows = rows
        self.start: int = ids.shape[1]
        self.length = self.start
        self.were_exchanged = False
        self._seen = np.empty((len(rows), self.length + _ROOM), np.int64)
        self._seen[:, : self.length] = ids

    def grows_to(self, ids: Ids) -> bool:
        """Whether ``ids`` are the rows in their order, with a token more."""
        return ids.shape == (len(self.rows), self.length + 1) and bool(_same(ids, self._seen, self.length))

    def continued(self, ids: Ids, *, keep: bool) -> Batch | None:
        """The rows that those of ``ids`` without their last tokens are, which are still to be written; or None.

        What has to be taken back is taken back. ``keep``: leave this batch as it is, which is of no use otherwise.
        """
        parents = self._parents(ids)
        if parents is None:
            return None
        length, users, rows = ids.shape[1] - 1, Counter(parents), []
        for parent in parents:
            users[parent] -= 1
            row = self.rows[parent]
            rows.append(row.fork() if keep or users[parent] else row)  # the last child takes the matcher over
        for row in rows:
            row.go_back(length - self.start)
        other = Batch(rows, ids[:, :length])
        other.start = self.start
        other.were_exchanged = self.were_exchanged or parents != list(range(len(parents)))
        return other

    def show(self, token_ids: Ids) -> None:
        """Note the last tokens, int64[rows], of what rows grew to."""
        if self.length == self._seen.shape[1]:
            self._seen = np.concatenate([self._seen, np.empty_like(self._seen)], axis=1)
        self._seen[:, self.length] = token_ids
        self.length += 1

    def copy(self) -> Batch:
        other = Batch([row.fork() for row in self.rows], self._seen[:, : self.length])
        other.start, other.were_exchanged = self.start, self.were_exchanged
        return other

    def _parents(self, ids: Ids) -> list[int] | None:
        rows, end = len(self.rows), ids.shape[1] - 1
        if len(ids) != rows or not self.start <= end <= self.length or not _same(ids, self._seen, self.start):
            return None
        known: dict[tuple[int, bytes], int] = {}
        keys = [(id(row.constraint), self._seen[i, self.start : end].tobytes()) for i, row in enumerate(self.rows)]
        for index, key in enumerate(keys):
            known.setdefault(key, index)
        parents = []
        for index, (constraint, own) in enumerate(keys):
            wanted = ids[index, self.start : end].tobytes()
            parent = index if wanted == own else known.get((constraint, wanted))
            if parent is None:
                return None
            parents.append(parent)
        return parents


def fresh_rows(constraints: Sequence[Constraint], count: int) -> list[Row]:
    """Rows at the beginning of their texts; the first ``count / len(constraints)`` of them obey the first one."""
    share = count // len(constraints)
    chosen = [constraints[index // share] for index in range(count)]
    return [Row(constraint, constraint.matcher()) for constraint in chosen]


@compiled_as_called
def _same(ids: Any, seen: Any, length: int) -> bool:
    """Whether the first ``length`` columns are equal."""
    for row in range(ids.shape[0]):
        for column in range(length):
            if ids[row, column] != seen[row, column]:
                return False
    return True
