"""A logits processor for transformers' ``generate``: one matcher per row of the batch.

The processor sees nothing but the token ids so far, and works out from them what each row has written (``rows.py``):
in greedy search and sampling, beam search and beam sampling, groups of beams, assisted and prompt-lookup decoding, with
prompts padded on the left, as embeddings or read by an encoder. So one object serves call after call, and a continued
generation (output fed back as input) goes on where it stopped. A new prompt that happens to look like a continuation
(one of the last few batches of ids, and at most one token more) needs ``reset()`` before it.

Not supported: batches that lose or gain rows in mid-generation; several tokens at once that were never shown one by
one; use from several threads at once; assistants with a tokenizer of their own. Continuous batching has a processor of
its own (``continuous_batching.py``); there this one raises, but ``model.generate(cache_implementation="paged")`` drops
all processors before any of them is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.logits_process import LogitsProcessor as TransformersLogitsProcessor

from ..grammar.argument_checks import wrong_argument
from ..grammar.batch import fill_next_token_bitmasks
from ..grammar.errors import MaskwrightError, VocabularyMismatch
from ..grammar.matcher import Matcher as CompiledMatcher
from . import budget
from .bitmask import BITS, allocate_token_bitmask, apply_and_look_, word_count
from .checks import DeferredCheck, check_width, dead_logits
from .copies import Copies
from .rows import KEPT_BATCHES, Batch, Constraint, Ids, Matcher, Row, Vocabulary, fresh_rows

_CONSTRAINTS = "maskwright.compile(schema, vocabulary), or a list of such constraints, one for each prompt"


class LogitsProcessor(TransformersLogitsProcessor):
    """Keeps ``model.generate(..., logits_processor=[LogitsProcessor(constraint)])`` inside the constraint's language.

    ``constraint`` is one for all rows, or a sequence of one per prompt: with k beams or returned sequences for each
    prompt, row ``r`` obeys ``constraints[r // k]``. A finished row is offered end-of-sequence tokens only, and whatever
    it is padded with is ignored. ``pad_token_id`` is needed only if rows are stopped by other means than the
    vocabulary's end of sequence (stop strings, say) and then padded with another token than that.

    ``max_new_tokens``: how many tokens may be written after the prompt, the end token included. Masks then steer so
    that every text can always still be completed; ``BudgetTooSmall`` is raised, with the least that would do, where
    none can.

    ``in_place``: write into the scores instead of a copy, which saves passes over memory; not for
    ``output_logits=True`` and prompt lookup, which need the scores afterwards.

    Raises ``MaskwrightError`` when a row continues with a token that its constraint forbids, ``VocabularyMismatch`` for
    scores that cannot be of the constraint's vocabulary, and ``DeadLogits`` when a model gives nothing to choose from;
    on an accelerator the latter comes one step late, so that nothing waits for it.
    """

    def __init__(
        self,
        constraint: Constraint | Sequence[Constraint],
        *,
        pad_token_id: int | None = None,
        max_new_tokens: int | None = None,
        in_place: bool = False,
    ) -> None:
        constraints = tuple(constraint) if isinstance(constraint, Sequence) else (constraint,)
        self._vocabulary = _shared_vocabulary(constraints)
        self._constraints = budget.within_budget(constraints, max_new_tokens)
        self._padding = _padding(self._vocabulary, pad_token_id)
        self._end_mask = end_mask(self._vocabulary)
        self._in_place = in_place
        self._width = 0
        self._bitmask = allocate_token_bitmask(0, self._vocabulary.size)
        self._device_bitmask: torch.Tensor | None = None
        self._copies = Copies()
        self.reset()

    @property
    def supports_continuous_batching(self) -> bool:  # type: ignore[override, unused-ignore]
        """Asked by transformers' continuous batching, which would drop a processor that says no, and go on."""
        raise MaskwrightError(
            "a LogitsProcessor cannot take part in continuous batching",
            remedy="use maskwright.ContinuousBatchingLogitsProcessor",
        )

    @property
    def matchers(self) -> list[Matcher]:
        """The matcher of each row, as of the last call: the token chosen after that call has not been seen yet."""
        return [row.matcher for row in self._batches[0].rows] if self._batches else []

    @property
    def prompt_length(self) -> int:
        """How many of the ids of the last call were there when the generation began."""
        return self._latest().start

    def reset(self) -> None:
        """Forget everything: the next call begins a new generation."""
        self._batches: list[Batch] = []
        self._check = DeferredCheck()

    def finish(self, sequences: torch.Tensor) -> list[Matcher]:
        """Matchers that have seen all of ``sequences``, int64[rows, prompt + new], the output of ``generate``.

        The number of rows may differ from that of the last call, as it does after a beam search.
        """
        start = self.prompt_length
        rows = self._fresh_rows(len(sequences))
        for row in rows:
            row.matcher = budget.unlimited(row.matcher)
        written = sequences[:, start:].tolist()
        self._check.end()
        for index, (row, ids) in enumerate(zip(rows, written, strict=True)):
            for token_id in ids:
                if not self._step(row, token_id):
                    raise _refusal(index, row, token_id)
        return [row.matcher for row in rows]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """``input_ids``: int64[rows, length]; ``scores``: float[rows, width]; the masked scores."""
        if scores.shape[1] != self._width:
            check_width(self._vocabulary, scores.shape[1])
            self._width = scores.shape[1]
        ids: Ids = input_ids.cpu().numpy()  # what the device had to do is done now
        self._check.end()
        batch = self._follow(ids, scores)
        if len(self._bitmask) != len(batch.rows):
            self._bitmask = allocate_token_bitmask(len(batch.rows), self._vocabulary.size)
        self._fill(batch.rows, self._bitmask.numpy())
        return self._apply(scores)

    def __deepcopy__(self, memo: dict[int, Any]) -> LogitsProcessor:
        """An independent processor in the same state; constraints are shared."""
        other = copy.copy(self)
        other._batches = [batch.copy() for batch in self._batches]
        other._check, other._copies = DeferredCheck(), Copies()
        other._bitmask, other._device_bitmask = self._bitmask.clone(), None
        return other

    def _fill(self, rows: Sequence[Row], words: NDArray[np.int32]) -> None:
        """The mask of each row, int32[rows, words]. To be extended by what allows less."""
        fill([row.matcher for row in rows], words)
        for index, row in enumerate(rows):
            if row.is_finished:
                words[index] = self._end_mask
        if self._vocabulary.size % BITS:
            words[:, -1] &= (1 << self._vocabulary.size % BITS) - 1

    def _apply(self, scores: torch.Tensor) -> torch.Tensor:
        masked = scores if self._in_place else self._copies.of(scores)
        dead = apply_and_look_(masked, self._on_device(masked.device))
        if dead is None:
            self._check.begin(masked)
        elif dead >= 0:
            self.reset()
            raise dead_logits(dead)
        return masked

    def _on_device(self, device: torch.device) -> torch.Tensor:
        """The packed masks; the copy is over before they are written again, since reading ids waits for it."""
        if device.type == "cpu":
            return self._bitmask
        if self._device_bitmask is None or self._device_bitmask.shape != self._bitmask.shape:
            self._device_bitmask = torch.empty_like(self._bitmask, device=device)
        return self._device_bitmask.copy_(self._bitmask, non_blocking=True)

    # --- what rows have written

    def _follow(self, ids: Ids, scores: torch.Tensor) -> Batch:
        """The batch that ``ids`` continue, or a new one, brought to ``ids`` and put first."""
        batch = self._grown(ids)
        if batch is not None:
            self._excuse(self._advance(batch, ids), batch, ids, scores)
        else:
            batch = self._gone_back(ids)
            if batch is None or self._advance(batch, ids):  # if refused, it only looked as if rows had gone back
                batch = Batch(self._fresh_rows(len(ids)), ids)
        self._batches = [batch, *self._batches[: KEPT_BATCHES - 1]]
        return batch

    def _grown(self, ids: Ids) -> Batch | None:
        """A batch that ``ids`` are a token longer than, taken away unless others of its length may still need it."""
        same_length = [batch for batch in self._batches if batch.length == ids.shape[1] - 1]
        for batch in same_length:
            keep = len(same_length) > 1
            found = batch if not keep and batch.grows_to(ids) else batch.continued(ids, keep=keep)
            if found is not None:
                if not keep:
                    self._batches.remove(batch)
                return found
        return None

    def _gone_back(self, ids: Ids) -> Batch | None:
        """What a batch was when it was as long as ``ids`` without their last tokens."""
        candidates = (batch.continued(ids, keep=True) for batch in self._batches if batch.length >= ids.shape[1])
        return next((batch for batch in candidates if batch is not None), None)

    def _advance(self, batch: Batch, ids: Ids) -> list[int]:
        """Step every row by its last token; the rows that were refused it."""
        last = ids[:, -1]
        batch.show(last)
        return [index for index, token_id in enumerate(last.tolist()) if not self._step(batch.rows[index], token_id)]

    def _excuse(self, refused: list[int], batch: Batch, ids: Ids, scores: torch.Tensor) -> None:
        """A refusal is an error, except in a beam that had probability zero."""
        for index in refused:
            if not self._is_beam(batch, scores[index]):
                self.reset()
                raise _refusal(index, batch.rows[index], int(ids[index, -1]))

    def _step(self, row: Row, token_id: int) -> bool:
        return row.step(token_id) or token_id in self._padding

    def _is_beam(self, batch: Batch, scores: torch.Tensor) -> bool:
        """Beam search exchanges rows and hands over log-probabilities; for want of others it keeps impossible beams."""
        several = len(batch.rows) > len(self._constraints)
        return several and (batch.were_exchanged or abs(float(torch.logsumexp(scores.float(), 0))) < 1e-3)

    def _fresh_rows(self, count: int) -> list[Row]:
        if count % len(self._constraints):
            raise MaskwrightError(
                f"{count} rows cannot be shared out evenly among {len(self._constraints)} constraints",
                remedy="give one constraint, or one for each prompt of the batch",
            )
        return fresh_rows(self._constraints, count)

    def _latest(self) -> Batch:
        if not self._batches:
            raise MaskwrightError(
                "there is no generation to finish: the processor was never called",
                remedy='pass it as logits_processor=[...]; with cache_implementation="paged", transformers drops it',
            )
        return self._batches[0]


def fill(matchers: Sequence[Matcher], words: NDArray[np.int32]) -> None:
    """The mask of each matcher in its row: in parallel where all are of our own kind."""
    own = [matcher for matcher in map(budget.unlimited, matchers) if isinstance(matcher, CompiledMatcher)]
    if len(own) == len(matchers):
        fill_next_token_bitmasks(own, words)
        budget.restrict(matchers, words)
        return
    for index, matcher in enumerate(matchers):
        matcher.fill_next_token_bitmask(words, index)


def end_mask(vocabulary: Vocabulary) -> NDArray[np.int32]:
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


def check_constraint(constraint: object) -> None:
    """Raise ``InvalidArgument`` for what cannot give matchers, such as a schema that was not compiled."""
    if not hasattr(constraint, "vocabulary") or not callable(getattr(constraint, "matcher", None)):
        raise wrong_argument("constraint", constraint, _CONSTRAINTS)


def _shared_vocabulary(constraints: Sequence[Constraint]) -> Vocabulary:
    if not constraints:
        raise MaskwrightError("a logits processor needs at least one constraint", remedy=f"pass {_CONSTRAINTS}")
    for each in constraints:
        check_constraint(each)
    first = constraints[0].vocabulary
    if not all(_are_equal(first, each.vocabulary) for each in constraints):
        raise VocabularyMismatch(
            "the constraints of one batch must share their vocabulary",
            remedy="compile all of them for the tokenizer of the model",
        )
    return first


def _are_equal(one: Vocabulary, other: Vocabulary) -> bool:
    return one is other or (one.eos_token_ids == other.eos_token_ids and one.tokens == other.tokens)


def _padding(vocabulary: Vocabulary, pad_token_id: int | None) -> frozenset[int]:
    """Tokens that no mask let pass can only be padding: of these, a refusal means that the row was stopped."""
    ends = frozenset(vocabulary.eos_token_ids)
    return ends if pad_token_id is None else ends | {pad_token_id}


def _refusal(index: int, row: Row, token_id: int) -> MaskwrightError:
    return MaskwrightError(
        f"row {index}: token {token_id}, number {row.written} after the prompt, is forbidden by the constraint",
        remedy="draw from the scores that the processor returns and let nothing raise them afterwards; for rows that "
        "are stopped early and padded, pass pad_token_id; for a new prompt, call reset() first; an assistant with a "
        "tokenizer of its own cannot be used",
    )
