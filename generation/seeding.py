"""Sampling that a seed repeats, whatever else is in the batch.

torch's generator deals random numbers to all rows of a batch, so that a row's fate hangs on its neighbours. Here each
document has a generator of its own, seeded by the caller's seed, the prompt's token ids, and whether it is the first,
second, ... document of that prompt. It deals one number a token, and the token is where the cumulated probabilities
pass it: inverse transform sampling, from the same probabilities that transformers would draw from. Decoding that draws
in other ways (beams, assistants) is done prompt by prompt instead.

What remains: a batch changes the last bits of a model's logits, by its padding and by the sizes of its products. A
number within some 1e-6 of a boundary can then choose another token; in float64 that does not happen in practice.
"""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessorList
from transformers.generation.logits_process import LogitsProcessor as TransformersLogitsProcessor

from ..grammar.errors import MaskwrightError
from ..logits.verification import NO_TOKEN

_LARGEST = 1 - 2.0**-32
_OTHER_WAYS = (
    "assistant_model",
    "assistant_early_exit",
    "custom_generate",
    "dola_layers",
    "penalty_alpha",
    "prompt_lookup_num_tokens",
    "stop_strings",
    "use_mtp",
)


def check_seed(seed: object) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise MaskwrightError(f"the seed is {seed!r}", remedy="a seed is an integer from 0 to 2**63 - 1")


def document_seeds(seed: int, prompts: Sequence[Sequence[int]], count: int) -> list[int]:
    """A seed for each of ``count`` documents of each prompt, given by its token ids; below 2**63."""
    written: Counter[tuple[int, ...]] = Counter()
    seeds = []
    for prompt in map(tuple, prompts):
        digest = hashlib.blake2b(np.array([seed, *prompt], np.int64).tobytes()).digest()
        for _ in range(count):
            name = digest + written[prompt].to_bytes(8, "little")
            seeds.append(int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little") >> 1)
            written[prompt] += 1
    return seeds


def is_plain_sampling(setting: Callable[[str], Any]) -> bool:
    """Whether rows are sampled each by itself; ``setting``: what holds for an argument of ``generate``."""
    return (setting("num_beams") or 1) == 1 and not any(setting(name) for name in _OTHER_WAYS)


def seeded_sampling(seeds: Sequence[int], streamer: Any = None) -> Callable[..., Any]:
    """For ``custom_generate`` of transformers' ``generate``: its sampling, with a row for each of ``seeds``."""

    def sample(
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: LogitsProcessorList,
        stopping_criteria: Any,
        generation_config: Any,
        **arguments: Any,
    ) -> Any:
        config = copy.copy(generation_config)
        config.do_sample = False  # SeededChoice, after all other processors, leaves but one token
        processors = LogitsProcessorList([*logits_processor, SeededChoice(seeds)])
        return model._sample(input_ids, processors, stopping_criteria, config, streamer=streamer, **arguments)

    return sample


class SeededChoice(TransformersLogitsProcessor):
    """Draws each row's token from its own generator; all other scores become minus infinity."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._draws = [DocumentDraws(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        chosen = _inverse(scores, [each.number() for each in self._draws])
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)


class DocumentDraws:
    """The random numbers of one document: one for each token, so that whatever was drafted for it changes nothing.

    ``Draws`` of ``logits.verification``. Whether a drawn draft is accepted is asked of a second generator.
    """

    def __init__(self, seed: int) -> None:
        self._tokens, self._accepted = (np.random.Generator(np.random.Philox([seed, part])) for part in range(2))

    def number(self) -> float:
        return min(self._tokens.random(), _LARGEST)

    def accepts(self, node: int, probability: float) -> bool:
        return self._accepted.random() < probability

    def token(self, node: int, scores: torch.Tensor) -> int:
        number = self.number()
        if not bool((scores > -torch.inf).any()):
            return NO_TOKEN
        return int(_inverse(scores[None], [number]))


def _inverse(scores: torch.Tensor, numbers: Sequence[float]) -> torch.Tensor:
    """The tokens int64[rows, 1] where the cumulated probabilities of ``scores`` [rows, V] pass the numbers."""
    cumulated = torch.softmax(scores, -1, dtype=torch.float64).cumsum(-1)
    share = torch.tensor(numbers, dtype=torch.float64).to(scores.device, non_blocking=True)
    wanted = share.unsqueeze(1) * cumulated[:, -1:]
    return torch.searchsorted(cumulated, wanted, right=True).clamp(max=scores.shape[1] - 1)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """torch's random numbers from ``seed``, without disturbing those that come afterwards."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        for each in devices:
            with torch.cuda.device(each):
                torch.cuda.manual_seed(seed)
        yield


def setting_of(model: Any, given: Mapping[str, Any]) -> Callable[[str], Any]:
    """What holds for an argument: as given, in the configuration given, or in the model's own."""
    configs = [given.get("generation_config"), model.generation_config]

    def setting(name: str) -> Any:
        values = [given.get(name), *(getattr(config, name, None) for config in configs)]
        return next((value for value in values if value is not None), None)

    return setting
