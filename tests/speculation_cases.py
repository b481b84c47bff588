"""Small models, languages and drafters for tests of speculation, with the laws of what they write, enumerated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import maskwright as mw
from maskwright.generation.speculation.drafter import Candidate, Session
from maskwright.logits.verification import Target

from .enumeration import Ids, every_text

TOKENS = (b"a", b"b", b"c", b"ab", b"bc", b"abc", b"")
END = len(TOKENS) - 1
PROMPT = (0, 2, 1, 0)
MOST_TOKENS = 4


@cache
def vocabulary() -> mw.Vocabulary:
    return mw.Vocabulary.from_tokens(TOKENS, eos_token_ids=[END], special_token_ids=[END])


@cache
def constraint(pattern: str) -> mw.Constraint:
    return mw.compile(mw.Regex(pattern), vocabulary())


@cache
def small_model(seed: int = 0, layers: int = 1) -> LlamaForCausalLM:
    """A random model whose laws are far from uniform."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(TOKENS),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=END,
    )
    return LlamaForCausalLM(config).eval()


def law_of_texts(model: LlamaForCausalLM, pattern: str, target: Target) -> dict[Ids, float]:
    """What plain constrained decoding writes, with its probability: up to an end token or ``MOST_TOKENS``."""
    matcher = constraint(pattern).matcher()
    bitmask = np.zeros((1, 1), np.int32)

    def is_whole(text: Ids) -> bool:
        return len(text) == MOST_TOKENS or text[-1:] == (END,)

    def after(text: Ids, probability: float) -> Iterator[tuple[int, float]]:
        if is_whole(text):
            return
        matcher.reset()
        assert matcher.accept_tokens(text) == len(text)
        matcher.fill_next_token_bitmask(bitmask)
        with torch.inference_mode():
            logits = model(torch.tensor([[*PROMPT, *text]])).logits[0, -1:]
        scores = target.scores(logits, torch.from_numpy(bitmask))[0].double()
        for token, share in enumerate(scores.softmax(-1).tolist()):
            if share > 0.0:
                yield token, probability * share

    return {text: probability for text, probability in every_text(1.0, after) if is_whole(text)}


@dataclass
class Guessing:
    """A drafter that guesses what a function of the tokens since the prompt says."""

    guess: Callable[[Ids], Sequence[int]]
    prior: float = 0.9
    name: str = "guessing"

    def session(self, prompt: Sequence[int]) -> GuessingSession:
        return GuessingSession(self.guess)


class GuessingSession(Session):
    def __init__(self, guess: Callable[[Ids], Sequence[int]]) -> None:
        self._guess = guess
        self._written: Ids = ()

    def root(self) -> Ids:
        return self._written

    def candidates(self, cursor: Ids, matcher: object, mask: object) -> Sequence[Candidate]:
        return [Candidate(token, 0) for token in self._guess(cursor)]

    def advance(self, cursor: Ids, token: int) -> Ids:
        return (*cursor, token)

    def extend(self, tokens: Sequence[int]) -> None:
        self._written = (*self._written, *tokens)
