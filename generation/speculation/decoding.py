"""Speculative decoding of constrained text: draft a tree, read it in one pass, keep what the target itself would write.

    decode = SpeculativeDecoding(constraint)
    model.generate(**inputs, custom_generate=decode, do_sample=True, top_p=0.9)

so that stopping criteria, streamers and logits processors of transformers keep working. Drafts are deterministic
given the text, and each token is drawn from its law as if there were none (``verification.SAMPLED``): the output is
what plain constrained decoding writes, at temperature 0 token by token, else in law, and with one seed the same
whatever is drafted (but for drafts that are drawn at random, see ``rule``).

Not supported: beams, encoder-decoder models, and models that ``model_support`` refuses.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.stopping_criteria import EosTokenCriteria, MaxLengthCriteria
from transformers.generation.utils import GenerateDecoderOnlyOutput

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint, Matcher
from ...logits.bitmask import word_count
from ...logits.budget import unlimited, within_budget
from ...logits.verification import NO_TOKEN, DraftTree, Draws, SeededDraws, TreeBatch, verify, walk
from ..seeding import DocumentDraws, seeded
from .drafter import Session
from .growth import GrownTree, Growth
from .laws import Law, Text
from .learned import Learned
from .model_support import check_inputs
from .options import Speculation
from .rule import DrawnFirst
from .stats import SpeculationStats
from .tree_cache import cache_for

_PLAIN_CRITERIA = (EosTokenCriteria, MaxLengthCriteria)


@dataclass
class _Sequence:
    """One text being written: ``ids`` begins with the prompt, its padding included."""

    row: int
    ids: list[int]
    matcher: Matcher
    sessions: list[Session]
    draws: DocumentDraws | None = None


class SpeculativeDecoding:
    """A decoding method for ``model.generate(custom_generate=...)``, kept from call to call with what it has learned.

    ``constraint``: one for all rows, or one for each prompt. ``matchers`` holds those of the last call, at the end of
    their texts; ``stats`` what it did in the last call. ``seeds``: one for each row of the next call, or None to
    sample by the global random state. ``max_new_tokens``: a budget of tokens in which every text of the next call is
    completed, or None. ``streamer``: takes the tokens of the next call; transformers' ``generate`` gives its own the
    prompt only, and does not hand it on.
    """

    def __init__(
        self,
        constraint: Constraint | Sequence[Constraint],
        speculation: Speculation | None = None,
        *,
        learned: Learned | None = None,
    ) -> None:
        self._constraints = tuple(constraint) if isinstance(constraint, Sequence) else (constraint,)
        self._options = Speculation() if speculation is None else speculation
        self._learned = learned or Learned.of(self._options, self._constraints[0].vocabulary)
        self.stats = SpeculationStats()
        self.matchers: list[Matcher] = []
        self.seeds: Sequence[int] | None = None
        self.max_new_tokens: int | None = None
        self.streamer: Any = None

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        synced_gpus: bool = False,
        streamer: Any = None,
        **model_kwargs: Any,
    ) -> Any:
        """As transformers calls a decoding method; int64[rows, length], or a ``GenerateDecoderOnlyOutput``."""
        streamer = self.streamer if streamer is None else streamer
        run = _Run(self, model, input_ids, logits_processor, stopping_criteria, generation_config, streamer)
        drawing = nullcontext() if self.seeds is None else seeded(self.seeds[0], model.device)  # of drafts
        with drawing, torch.inference_mode():  # a tenth of a small model's pass less than without gradients only
            texts = run.decode(model_kwargs)
        sequences = run.padded(texts)
        if generation_config.return_dict_in_generate:
            return GenerateDecoderOnlyOutput(sequences=sequences.long())  # type: ignore[arg-type]  # int64 it is
        return sequences

    def new_sequences(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> list[_Sequence]:
        """A sequence for each row, with a matcher and sessions at its beginning."""
        share, rest = divmod(len(input_ids), len(self._constraints))
        if rest:
            raise MaskwrightError(
                f"{len(input_ids)} rows cannot be shared out among {len(self._constraints)} constraints"
            )
        found = []
        constraints = within_budget(self._constraints, self.max_new_tokens)
        for row, ids in enumerate(input_ids.tolist()):
            prompt = [token for token, seen in zip(ids, attention_mask[row].tolist(), strict=True) if seen]
            matcher = constraints[row // share].matcher()
            found.append(_Sequence(row, ids, matcher, [each.session(prompt) for each in self._learned.drafters]))
        return found


class _Run:
    """One call: the texts in flight, their cache, and the law that they are drawn from."""

    def __init__(
        self,
        decoding: SpeculativeDecoding,
        model: Any,
        input_ids: torch.Tensor,
        processors: Any,
        criteria: Any,
        config: Any,
        streamer: Any,
    ) -> None:
        if config.num_beams > 1:
            raise MaskwrightError("speculation does not work with beams", remedy="leave num_beams or speculation= out")
        self._decoding = decoding
        self._options = decoding._options
        self._model = model
        self._device = model.device
        self._input_ids = input_ids
        self._learned = decoding._learned
        self._law = Law(processors, config.do_sample)
        self._criteria = criteria
        self._plain_criteria = all(isinstance(each, _PLAIN_CRITERIA) for each in criteria)
        self._config = config
        self._streamer = streamer
        self._ends = _end_tokens(config)
        self._seeds = decoding.seeds if config.do_sample else None
        unseeded = config.do_sample and self._seeds is None
        self._generator = torch.Generator(model.device).manual_seed(_seed()) if unseeded else None
        words = word_count(decoding._constraints[0].vocabulary.size)
        self._masks: NDArray[np.int32] = np.zeros((0, words), np.int32)
        self._stats = decoding.stats = SpeculationStats()

    def decode(self, model_kwargs: dict[str, Any]) -> list[list[int]]:
        """The texts, their prompts included."""
        check_inputs(name for name, value in model_kwargs.items() if value is not None)
        attention_mask = model_kwargs.get("attention_mask")
        if attention_mask is None:
            attention_mask = torch.ones_like(self._input_ids)
        self._cache = cache_for(self._model, model_kwargs.get("past_key_values"), attention_mask)
        held = self._cache.held
        self._cache.read(self._input_ids[:, held:-1], attention_mask[:, held:-1])
        everything = self._decoding.new_sequences(self._input_ids, attention_mask)
        self._decoding.matchers = [unlimited(each.matcher) for each in everything]
        live = everything
        while live:
            live = self._step(live)
        if self._streamer is not None:
            self._streamer.end()
        return [each.ids for each in everything]

    def _step(self, live: list[_Sequence]) -> list[_Sequence]:
        """One pass for all; the sequences that go on."""
        started = time.perf_counter()
        grown = self._draft(live)
        trees = [
            DraftTree.known([each.ids[-1], *tree.tokens[1:]], tree.parents, tree.depths)
            for each, tree in zip(live, grown, strict=True)
        ]
        batch = TreeBatch.of(trees, self._device)
        drafted = time.perf_counter()
        logits = self._cache.run(batch)
        if logits.is_cuda:
            torch.cuda.synchronize(logits.device)
        passed = time.perf_counter()
        verdicts = self._judge(live, grown, batch, logits)
        going = []
        for index, (path, token) in enumerate(verdicts):
            if token == NO_TOKEN:
                raise _impossible(live[index].row)
            if self._write(live[index], trees[index], grown[index], path, token, logits[index]):
                going.append(index)
        self._cache.keep([path for path, _ in verdicts])
        if len(going) < len(live) and going:
            self._cache.select(going)
        self._stats.forward_passes += 1
        self._stats.draft_seconds += drafted - started
        self._stats.forward_seconds += passed - drafted
        ended = time.perf_counter()
        self._stats.verify_seconds += ended - passed
        self._learned.cost.observe(batch.tokens.numel(), ended - started)
        return [live[index] for index in going]

    def _draft(self, live: list[_Sequence]) -> list[GrownTree]:
        """A tree for each sequence; their nodes' masks lie in ``_masks``, one tree's after the other's."""
        share = max(self._options.budget // len(live), 1)
        needed = len(live) * (share + 1)
        if len(self._masks) < needed:
            self._masks = np.zeros((needed, self._masks.shape[1]), np.int32)
        grown, first = [], 0
        for sequence in live:
            room = self._config.max_length - len(sequence.ids) - 1
            growth = Growth(
                sequence.matcher,
                sequence.sessions,
                self._learned.acceptance,
                self._masks[first:],
                one_child=not self._options.branching,
            )
            tree = growth.grow(share, min(room, self._options.deepest), self._learned.cost, len(live))
            grown.append(tree)
            first += len(tree)
        return grown

    def _judge(
        self, live: list[_Sequence], grown: list[GrownTree], batch: TreeBatch, logits: torch.Tensor
    ) -> list[tuple[list[int], int]]:
        """For each tree the nodes that are kept, and the token after them.

        All trees at once, on the device, where nothing has to be asked about one of them alone.
        """
        target = self._law.plain_target
        alone = self._seeds is not None or any(tree.drawn for tree in grown)
        if target is not None and (target.is_greedy or not alone):
            verdict = verify(batch, logits, self._padded_masks(batch), target, self._generator)
            return list(zip(verdict.paths, verdict.tokens, strict=True))
        verdicts, first = [], 0
        for index, tree in enumerate(batch.trees):
            masks = torch.from_numpy(self._masks[first : first + len(tree)]).to(logits.device)
            first += len(tree)
            verdicts.append(self._judge_alone(live[index], tree, grown[index].drawn, logits[index], masks))
        return verdicts

    def _judge_alone(
        self,
        sequence: _Sequence,
        tree: DraftTree,
        drawn: dict[int, tuple[int, torch.Tensor]],
        logits: torch.Tensor,
        masks: torch.Tensor,
    ) -> tuple[list[int], int]:
        def scores(node: int) -> torch.Tensor:
            text = None
            if self._law.needs_text:
                ids = sequence.ids + tree.tokens[tree.path(node)[1:]].tolist()
                text = Text(torch.tensor(ids, device=logits.device), sequence.row, len(self._input_ids))
            return self._law.scores(logits[node], masks[node], text)

        return walk(tree, scores, DrawnFirst(drawn), self._draws_of(sequence))

    def _padded_masks(self, batch: TreeBatch) -> torch.Tensor:
        """int32[B, N, words]: the masks of all nodes, zeros for those that pad."""
        count, nodes = batch.tokens.shape
        if count == 1:
            return torch.from_numpy(self._masks[None, :nodes])
        padded = np.zeros((count, nodes, self._masks.shape[1]), np.int32)
        first = 0
        for row, tree in enumerate(batch.trees):
            padded[row, : len(tree)] = self._masks[first : first + len(tree)]
            first += len(tree)
        return torch.from_numpy(padded)

    def _draws_of(self, sequence: _Sequence) -> Draws:
        if self._seeds is None:
            return SeededDraws(self._generator)
        if sequence.draws is None:
            sequence.draws = DocumentDraws(self._seeds[sequence.row])
        return sequence.draws

    def _write(
        self,
        sequence: _Sequence,
        tree: DraftTree,
        grown: GrownTree,
        path: list[int],
        token: int,
        logits: torch.Tensor,
    ) -> bool:
        """Append what was verified, up to where the text stops; does it go on?"""
        written = [*tree.tokens[path[1:]].tolist(), token]
        count, goes_on = self._until_stopped(sequence, written)
        written = written[:count]
        if sequence.matcher.accept_tokens(written) < count:
            raise AssertionError("what was drawn was in the mask")
        goes_on = goes_on and not sequence.matcher.is_terminated()
        sequence.ids += written
        self._learn(sequence, grown, path, token, written, logits)
        if self._streamer is not None:
            self._streamer.put(torch.tensor(written))
        if not goes_on:
            for session in sequence.sessions:
                session.finish(sequence.ids[self._input_ids.shape[1] :])
        return goes_on

    def _until_stopped(self, sequence: _Sequence, written: list[int]) -> tuple[int, bool]:
        """How many of ``written`` are kept, and whether the text goes on after them."""
        for count, token in enumerate(written, 1):
            length = len(sequence.ids) + count
            stops = token in self._ends or length >= self._config.max_length
            if not stops and not self._plain_criteria:
                text = sequence.ids + written[:count]
                rows = torch.tensor(text, device=self._input_ids.device).expand(len(self._input_ids), -1)
                stops = bool(self._criteria(rows, None)[sequence.row])
            if stops:
                return count, False
        return len(written), True

    def _learn(
        self,
        sequence: _Sequence,
        grown: GrownTree,
        path: list[int],
        token: int,
        written: list[int],
        logits: torch.Tensor,
    ) -> None:
        """Tell the drafters what was verified, and count who was right."""
        acceptance = self._learned.acceptance
        on_path = set(path)
        for node in range(1, len(grown)):
            if grown.parents[node] in on_path:
                for key in grown.keys[node]:
                    acceptance.record(key, node in on_path)
        self._stats.tokens += len(written)
        sources, accepted = [keys[0][0] for keys in grown.keys[1:]], path[1 : len(written) + 1]
        self._stats.count(self._learned.names, sources, [sources[node - 1] for node in accepted])
        for session in sequence.sessions:
            session.extend(written)
        read = [sequence.ids[-len(written) - 1], *written[:-1]]
        self._learned.read(np.array(read, np.int64), logits, path[: len(read)])

    def padded(self, texts: list[list[int]]) -> torch.Tensor:
        padding = self._config._pad_token_tensor
        pad = int(padding) if padding is not None else next(iter(self._ends), 0)
        longest = max(map(len, texts))
        return torch.tensor([ids + [pad] * (longest - len(ids)) for ids in texts], device=self._input_ids.device)


def _impossible(row: int) -> MaskwrightError:
    return MaskwrightError(
        f"row {row}: the model gives no probability to any token that the constraint allows",
        remedy="look for NaN or minus infinity in its logits, and for processors that forbid tokens",
    )


def _end_tokens(config: Any) -> frozenset[int]:
    ends = getattr(config, "_eos_token_tensor", None)
    return frozenset() if ends is None else frozenset(ends.tolist())


def _seed() -> int:
    """A seed from the global random state, which is how transformers' own sampling is seeded."""
    return int(torch.randint(2**62, ()))
