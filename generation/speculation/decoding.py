"""Speculative decoding of constrained text: draft a tree, read it in one pass, keep what the target itself would write.

    decode = SpeculativeDecoding(constraint)
    model.generate(**inputs, custom_generate=decode, do_sample=True, top_p=0.9)

so that stopping criteria, streamers and logits processors of transformers keep working. Drafts are deterministic
given the text, and each token is drawn from its law as if there were none (``verification.SAMPLED``): the output is
what plain constrained decoding writes, at temperature 0 token by token, else in law, and with one seed the same
whatever is drafted (but for drafts that are drawn at random, see ``rule``).

Not supported: beams, encoder-decoder models, and models that ``tree_cache`` refuses.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.stopping_criteria import EosTokenCriteria, MaxLengthCriteria
from transformers.generation.utils import GenerateDecoderOnlyOutput

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint, Matcher
from ...logits.bitmask import apply_token_bitmask_, word_count
from ...logits.budget import unlimited, within_budget
from ...logits.verification import NO_TOKEN, DraftTree, Draws, SeededDraws, TreeBatch, walk
from ..seeding import DocumentDraws
from .acceptance import Acceptance
from .drafter import Drafter, Session
from .growth import GrownTree, Growth
from .laws import Law, Text
from .options import Speculation
from .pass_cost import FreeNodes, PassCost
from .recycling import BRANCHES, Recycling
from .rule import DrawnFirst
from .stats import SpeculationStats
from .tree_cache import TreeCache

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
    completed, or None.
    """

    def __init__(self, constraint: Constraint | Sequence[Constraint], speculation: Speculation | None = None) -> None:
        self._constraints = tuple(constraint) if isinstance(constraint, Sequence) else (constraint,)
        self._options = Speculation() if speculation is None else speculation
        self._drafters: Sequence[Drafter] = self._options.drafters_for(self._constraints[0].vocabulary)
        self._acceptance = Acceptance([each.prior for each in self._drafters])
        self._cost: PassCost | FreeNodes = PassCost() if self._options.adaptive else FreeNodes()
        self.stats = SpeculationStats()
        self.matchers: list[Matcher] = []
        self.seeds: Sequence[int] | None = None
        self.max_new_tokens: int | None = None

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
        run = _Run(self, model, input_ids, logits_processor, stopping_criteria, generation_config, streamer)
        sequences = run.decode(model_kwargs)
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
            found.append(_Sequence(row, ids, matcher, [each.session(prompt) for each in self._drafters]))
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
        self._input_ids = input_ids
        self._law = Law(processors, config.do_sample)
        self._criteria = criteria
        self._plain_criteria = all(isinstance(each, _PLAIN_CRITERIA) for each in criteria)
        self._config = config
        self._streamer = streamer
        self._ends = _end_tokens(config)
        self._seeds = decoding.seeds if config.do_sample else None
        self._shared_draws = SeededDraws(
            torch.Generator(model.device).manual_seed(_seed()) if config.do_sample else None
        )
        words = word_count(decoding._constraints[0].vocabulary.size)
        self._masks: NDArray[np.int32] = np.zeros((0, words), np.int32)
        self._stats = decoding.stats = SpeculationStats()

    def decode(self, model_kwargs: dict[str, Any]) -> torch.Tensor:
        attention_mask = model_kwargs.get("attention_mask")
        if attention_mask is None:
            attention_mask = torch.ones_like(self._input_ids)
        self._cache = TreeCache(self._model, model_kwargs.get("past_key_values"), attention_mask)
        held = self._cache.seen.shape[1]
        self._cache.read(self._input_ids[:, held:-1], attention_mask[:, held:-1])
        everything = self._decoding.new_sequences(self._input_ids, attention_mask)
        self._decoding.matchers = [unlimited(each.matcher) for each in everything]
        if self._streamer is not None:
            self._streamer.put(self._input_ids.cpu())
        live = everything
        while live:
            live = self._step(live)
        if self._streamer is not None:
            self._streamer.end()
        return self._padded([each.ids for each in everything])

    def _step(self, live: list[_Sequence]) -> list[_Sequence]:
        """One pass for all; the sequences that go on."""
        started = time.perf_counter()
        grown = self._draft(live)
        trees = [
            DraftTree([each.ids[-1], *tree.tokens[1:]], tree.parents) for each, tree in zip(live, grown, strict=True)
        ]
        batch = TreeBatch.of(trees, self._model.device)
        drafted = time.perf_counter()
        logits = self._cache.run(batch)
        if logits.is_cuda:
            torch.cuda.synchronize(logits.device)
        passed = time.perf_counter()
        going, paths = [], []
        first = 0
        for index, (sequence, tree) in enumerate(zip(live, trees, strict=True)):
            masks = torch.from_numpy(self._masks[first : first + len(tree)]).to(logits.device)
            first += len(tree)
            path, token = self._judge(sequence, tree, grown[index].drawn, logits[index], masks)
            paths.append(path)
            if self._write(sequence, tree, grown[index], path, token, logits[index]):
                going.append(index)
        self._cache.keep(paths)
        if len(going) < len(live) and going:
            self._cache.select(going)
        self._stats.forward_passes += 1
        self._stats.draft_seconds += drafted - started
        self._stats.forward_seconds += passed - drafted
        self._stats.verify_seconds += time.perf_counter() - passed
        self._decoding._cost.observe(batch.tokens.numel(), passed - started)
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
                self._decoding._acceptance,
                self._masks[first:],
                one_child=not self._options.branching,
            )
            tree = growth.grow(share, min(room, self._options.deepest), self._decoding._cost, len(live))
            grown.append(tree)
            first += len(tree)
        return grown

    def _judge(
        self,
        sequence: _Sequence,
        tree: DraftTree,
        drawn: dict[int, tuple[int, torch.Tensor]],
        logits: torch.Tensor,
        masks: torch.Tensor,
    ) -> tuple[list[int], int]:
        if self._law.is_plainly_greedy:
            return self._checked(sequence, *_follow_best(tree, logits, masks))

        def scores(node: int) -> torch.Tensor:
            text = None
            if self._law.needs_text:
                ids = sequence.ids + tree.tokens[tree.path(node)[1:]].tolist()
                text = Text(torch.tensor(ids, device=logits.device), sequence.row, len(self._input_ids))
            return self._law.scores(logits[node], masks[node], text)

        return self._checked(sequence, *walk(tree, scores, DrawnFirst(drawn), self._draws_of(sequence)))

    def _draws_of(self, sequence: _Sequence) -> Draws:
        if self._seeds is None:
            return self._shared_draws
        if sequence.draws is None:
            sequence.draws = DocumentDraws(self._seeds[sequence.row])
        return sequence.draws

    @staticmethod
    def _checked(sequence: _Sequence, path: list[int], token: int) -> tuple[list[int], int]:
        if token == NO_TOKEN:
            raise MaskwrightError(
                f"row {sequence.row}: the model gives no probability to any token that the constraint allows",
                remedy="look for NaN or minus infinity in its logits, and for processors that forbid tokens",
            )
        return path, token

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
        text = sequence.ids + written
        for count in range(1, len(written) + 1):
            length = len(sequence.ids) + count
            stops = text[length - 1] in self._ends or length >= self._config.max_length
            if not stops and not self._plain_criteria:
                rows = torch.tensor(text[:length], device=self._input_ids.device).expand(len(self._input_ids), -1)
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
        acceptance, names = self._decoding._acceptance, [each.name for each in self._decoding._drafters]
        on_path = set(path)
        for node in range(1, len(grown)):
            if grown.parents[node] in on_path:
                for key in grown.keys[node]:
                    acceptance.record(key, node in on_path)
        self._stats.tokens += len(written)
        accepted = path[1 : len(written)] if len(written) < len(path) else path[1:]
        self._stats.count(names, [keys[0][0] for keys in grown.keys[1:]], [grown.keys[node][0][0] for node in accepted])
        for session in sequence.sessions:
            session.extend(written)
        for drafter in self._decoding._drafters:
            if isinstance(drafter, Recycling):
                read = torch.tensor([sequence.ids[-len(written) - 1], *written[:-1]][: len(path)])
                best = logits[path[: len(read)]].topk(min(BRANCHES, logits.shape[-1])).indices
                drafter.learn(read.numpy(), best.cpu().numpy())

    def _padded(self, texts: list[list[int]]) -> torch.Tensor:
        padding = self._config._pad_token_tensor
        pad = int(padding) if padding is not None else next(iter(self._ends), 0)
        longest = max(map(len, texts))
        return torch.tensor([ids + [pad] * (longest - len(ids)) for ids in texts], device=self._input_ids.device)


def _follow_best(tree: DraftTree, logits: torch.Tensor, masks: torch.Tensor) -> tuple[list[int], int]:
    """The path of best tokens, and the one after it: what any rule does at temperature 0, for all nodes at once."""
    masked = logits[: len(tree)].clone()
    apply_token_bitmask_(masked, masks)
    best, tokens = masked.argmax(-1).tolist(), tree.tokens.tolist()
    path = [0]
    while True:
        token = best[path[-1]]
        child = next((node for node in tree.children[path[-1]] if tokens[node] == token), None)
        if child is None:
            return path, token if masked[path[-1], token] > -torch.inf else NO_TOKEN
        path.append(child)


def _end_tokens(config: Any) -> frozenset[int]:
    ends = getattr(config, "_eos_token_tensor", None)
    return frozenset() if ends is None else frozenset(ends.tolist())


def _seed() -> int:
    """A seed from the global random state, which is how transformers' own sampling is seeded."""
    return int(torch.randint(2**62, ()))
