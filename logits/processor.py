"""A logits processor for transformers' ``generate``: one matcher per row of the batch.

The processor sees nothing but the token ids so far, and works out from them what happened since its last call: every
row grew by one token; rows were exchanged (beam search); rows went back some tokens (assisted decoding); or a new
generation began. The rule is: when every row without its last token is the beginning of a row of the last call, at
least as long as the prompt, the generation goes on; otherwise a new one begins, and the whole input is its prompt. So
one object serves call after call, and a continued generation (output fed back as input) goes on where it stopped.
A new prompt that happens to look like a continuation needs ``reset()`` before it.

Not supported: batches that lose or gain rows in mid-generation, and use from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.logits_process import LogitsProcessor as TransformersLogitsProcessor

from ..grammar.batch import fill_next_token_bitmasks
from ..grammar.errors import MaskwrightError
from ..grammar.matcher import Matcher as CompiledMatcher
from . import budget
from .bitmask import BITS, allocate_token_bitmask, apply_token_bitmask_, word_count


class Vocabulary(Protocol):
    """What the processor asks of a vocabulary."""

    @property
    def size(self) -> int: ...

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


@dataclass
class _Row:
    """One sequence: its matcher, the tokens after the prompt, and how many of these the matcher has accepted.

    Tokens that follow an end of sequence, or that stop the row from outside, are in ``ids`` but not accepted.
    """

    constraint: Constraint
    matcher: Matcher
    ids: list[int] = field(default_factory=list)
    accepted: int = 0

    @property
    def is_finished(self) -> bool:
        return self.accepted < len(self.ids) or self.matcher.is_terminated()

    def step(self, token_id: int) -> bool:
        """Append a token; False when the matcher refuses it, which finishes the row."""
        ignored = self.is_finished
        self.ids.append(token_id)
        if ignored:
            return True
        allowed = self.matcher.accept_token(token_id)
        self.accepted += allowed
        return allowed

    def branch(self, length: int) -> _Row:
        """A copy of the row as it was after ``length`` tokens."""
        accepted = min(self.accepted, length)
        matcher = self.matcher.fork()
        if accepted < self.accepted:
            matcher.rollback(self.accepted - accepted)
        return _Row(self.constraint, matcher, self.ids[:length], accepted)


class LogitsProcessor(TransformersLogitsProcessor):
    """Keeps ``model.generate(..., logits_processor=[LogitsProcessor(constraint)])`` inside the constraint's language.

    ``constraint`` is one for all rows, or a sequence of one per prompt: with k beams or returned sequences for each
    prompt, row ``r`` obeys ``constraints[r // k]``. A finished row is offered end-of-sequence tokens only, and whatever
    it is padded with is ignored. ``pad_token_id`` is needed only if rows are stopped by other means than the
    vocabulary's end of sequence (stop strings, say) and then padded with another token than that.

    ``max_new_tokens``: how many tokens may be written after the prompt, the end token included. Masks then steer so
    that every text can always still be completed; where none can, ``BudgetTooSmall`` names the least that would do.

    Raises ``MaskwrightError`` when a row continues with a token that its constraint forbids.
    """

    supports_continuous_batching = False

    def __init__(
        self,
        constraint: Constraint | Sequence[Constraint],
        *,
        pad_token_id: int | None = None,
        max_new_tokens: int | None = None,
    ) -> None:
        constraints = tuple(constraint) if isinstance(constraint, Sequence) else (constraint,)
        constraints = budget.within_budget(constraints, max_new_tokens)
        if not constraints:
            raise MaskwrightError("a logits processor needs at least one constraint")
        if len({each.vocabulary.size for each in constraints}) > 1:
            raise MaskwrightError("the constraints of one batch must share their vocabulary")
        self._constraints = constraints
        self._vocabulary_size = constraints[0].vocabulary.size
        self._padding = {id(each): _padding(each.vocabulary, pad_token_id) for each in constraints}
        self._end_masks = {id(each): _end_mask(each.vocabulary) for each in constraints}
        self._bitmask = allocate_token_bitmask(0, self._vocabulary_size)
        self.reset()

    @property
    def matchers(self) -> list[Matcher]:
        """The matcher of each row, as of the last call: the token chosen after that call has not been seen yet."""
        return [row.matcher for row in self._rows]

    def reset(self) -> None:
        """Forget everything: the next call begins a new generation."""
        self._rows: list[_Row] = []
        self._prompt: torch.Tensor | None = None
        self._previous: torch.Tensor | None = None

    def finish(self, sequences: torch.Tensor) -> list[Matcher]:
        """Matchers that have seen all of ``sequences``, int64[rows, prompt + new], the output of ``generate``.

        The number of rows may differ from that of the last call, as it does after a beam search.
        """
        if self._prompt is None:
            raise MaskwrightError("there is no generation to finish")
        rows = self._fresh_rows(len(sequences))
        for row in rows:
            row.matcher = budget.unlimited(row.matcher)
        for index, (row, ids) in enumerate(zip(rows, sequences[:, self._prompt.shape[1] :].tolist(), strict=True)):
            for token_id in ids:
                if not self._step(row, token_id):
                    raise _refusal(index, row)
        return [row.matcher for row in rows]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """``input_ids``: int64[rows, length]; ``scores``: float[rows, width]; the masked scores are a new tensor."""
        self._follow(input_ids, scores)
        self._previous = input_ids.clone()
        if len(self._bitmask) != len(self._rows):
            self._bitmask = allocate_token_bitmask(len(self._rows), self._vocabulary_size)
        words: NDArray[np.int32] = self._bitmask.numpy()
        _fill([row.matcher for row in self._rows], words)
        for index, row in enumerate(self._rows):
            if row.is_finished:
                words[index] = self._end_masks[id(row.constraint)]
        masked = scores.clone()
        apply_token_bitmask_(masked, self._bitmask)
        masked[:, self._vocabulary_size :] = -torch.inf
        return masked

    def _follow(self, input_ids: torch.Tensor, scores: torch.Tensor) -> None:
        """Bring the rows to ``input_ids``."""
        if self._grew_by_one(input_ids):
            self._advance(input_ids, scores)
            return
        parents = self._parents(input_ids)
        if parents is None:
            self._start(input_ids)
            return
        self._rows = parents
        if self._previous is not None and input_ids.shape[1] > self._previous.shape[1]:
            self._advance(input_ids, scores)
        elif not all(self._step(*pair) for pair in zip(parents, input_ids[:, -1].tolist(), strict=True)):
            self._start(input_ids)  # it only looked as if rows had gone back

    def _start(self, input_ids: torch.Tensor) -> None:
        self._rows = self._fresh_rows(len(input_ids))
        self._prompt = input_ids.clone()

    def _fresh_rows(self, count: int) -> list[_Row]:
        share, rest = divmod(count, len(self._constraints))
        if rest:
            raise MaskwrightError(
                f"{count} rows cannot be shared out evenly among {len(self._constraints)} constraints"
            )
        constraints = [self._constraints[index // share] for index in range(count)]
        return [_Row(constraint, constraint.matcher()) for constraint in constraints]

    def _grew_by_one(self, input_ids: torch.Tensor) -> bool:
        previous = self._previous
        return (
            previous is not None
            and input_ids.shape == (previous.shape[0], previous.shape[1] + 1)
            and torch.equal(input_ids[:, :-1], previous)
        )

    def _parents(self, input_ids: torch.Tensor) -> list[_Row] | None:
        """Copies of the rows that those of ``input_ids`` continue by one token, or None for a new generation."""
        prompt, previous = self._prompt, self._previous
        if prompt is None or previous is None or len(input_ids) != len(prompt):
            return None
        start, length = prompt.shape[1], input_ids.shape[1]
        if not start < length <= previous.shape[1] + 1 or not torch.equal(input_ids[:, :start], prompt):
            return None
        parents = []
        for index, ids in enumerate(input_ids[:, start:-1].tolist()):
            parent = self._row_beginning_with(ids, index)
            if parent is None:
                return None
            parents.append(parent.branch(len(ids)))
        return parents

    def _row_beginning_with(self, ids: list[int], index: int) -> _Row | None:
        own = self._rows[index]
        for row in (own, *self._rows):
            if row.constraint is own.constraint and row.ids[: len(ids)] == ids:
                return row
        return None

    def _advance(self, input_ids: torch.Tensor, scores: torch.Tensor) -> None:
        """Step every row by its last token; a refusal is an error, except in a beam that had probability zero."""
        for index, token_id in enumerate(input_ids[:, -1].tolist()):
            if not self._step(self._rows[index], token_id) and not self._is_beam(scores[index]):
                row = self._rows[index]
                self.reset()
                raise _refusal(index, row)

    def _step(self, row: _Row, token_id: int) -> bool:
        return row.step(token_id) or token_id in self._padding[id(row.constraint)]

    def _is_beam(self, scores: torch.Tensor) -> bool:
        """Beam search hands over log-probabilities, and when it samples, it fills up with impossible beams."""
        several = len(self._rows) > len(self._constraints)
        return several and abs(float(torch.logsumexp(scores.float(), 0))) < 1e-3


def _fill(matchers: Sequence[Matcher], words: NDArray[np.int32]) -> None:
    """The mask of each matcher in its row: in parallel where all are of our own kind."""
    own = [matcher for matcher in map(budget.unlimited, matchers) if isinstance(matcher, CompiledMatcher)]
    if len(own) == len(matchers):
        fill_next_token_bitmasks(own, words)
        budget.restrict(matchers, words)
        return
    for index, matcher in enumerate(matchers):
        matcher.fill_next_token_bitmask(words, index)


def _padding(vocabulary: Vocabulary, pad_token_id: int | None) -> frozenset[int]:
    """Tokens that no mask let pass can only be padding: of these, a refusal means that the row was stopped."""
    ends = frozenset(vocabulary.eos_token_ids)
    return ends if pad_token_id is None else ends | {pad_token_id}


def _end_mask(vocabulary: Vocabulary) -> NDArray[np.int32]:
    """One row of a bitmask that allows the end-of-sequence tokens only."""
    mask = np.zeros(word_count(vocabulary.size), dtype=np.uint32)
    for token_id in vocabulary.eos_token_ids:
        mask[token_id // BITS] |= np.uint32(1 << (token_id % BITS))
    if not mask.any():
        raise MaskwrightError(
            "the vocabulary has no end-of-sequence token, so that no row could ever finish",
            remedy="give the vocabulary its eos_token_ids",
        )
    return mask.view(np.int32)


def _refusal(index: int, row: _Row) -> MaskwrightError:
    return MaskwrightError(
        f"row {index}: token {row.ids[-1]}, number {len(row.ids)} after the prompt, is forbidden by the constraint",
        remedy="draw from the scores that the processor returns and let nothing raise them afterwards; for rows that "
        "are stopped early and padded, pass pad_token_id; for a new prompt, call reset() first",
    )
