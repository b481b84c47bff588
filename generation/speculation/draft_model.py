"""Drafts from another, smaller model, a token at a time along one chain, with its likeliest other tokens beside it.

Its vocabulary need not be the target's: a token is mapped to the one with the same bytes; text that has no such token
is tokenised anew for the smaller model, and guesses that the target has no token for are left out.

With ``sample=True`` the chain is drawn from the smaller model's own law under the mask, and verification accepts a
token with probability min(1, p/q) or draws from what is left of p, so that more is accepted at higher temperatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from ...grammar.matcher import Matcher
from ...grammar.vocabulary import Vocabulary
from ...logits.bitmask import apply_token_bitmask_
from .drafter import Candidate, Mask, Session
from .model_support import last_logits

BRANCHES = 3
_SHARES = 10

_Path = tuple[int, ...] | None


class DraftModel:
    """``model``: a transformers causal language model; ``vocabulary``: its own, if it is not the target's ``of``.

    ``temperature``: of the law that is drawn from if ``sample``.
    """

    def __init__(
        self,
        model: Any,
        *,
        vocabulary: Vocabulary | None = None,
        of: Vocabulary | None = None,
        sample: bool = False,
        temperature: float = 1.0,
        prior: float = 0.6,
        name: str = "draft model",
    ) -> None:
        self.name = name
        self.prior = prior
        self.model = model
        self.sample = sample
        self.temperature = temperature
        self.maps = None if vocabulary is None or of is None else VocabularyMap(vocabulary, of)

    def session(self, prompt: Sequence[int]) -> DraftModelSession:
        return DraftModelSession(self, prompt)


class VocabularyMap:
    """``target[d]``: the target's token with the bytes of the draft's token ``d``, or -1."""

    def __init__(self, draft: Vocabulary, target: Vocabulary) -> None:
        known = {spelled: token for token, spelled in reversed(list(enumerate(target.tokens))) if spelled}
        self.target = np.array([known.get(spelled, -1) for spelled in draft.tokens], np.int64)
        self._draft = draft
        self._known = {spelled: token for token, spelled in enumerate(draft.tokens) if spelled}
        self._spelled = target.tokens

    def to_draft(self, token: int) -> list[int]:
        """The draft's tokens for one of the target's."""
        spelled = self._spelled[token]
        if not spelled:
            return []
        same = self._known.get(spelled)
        return self._draft.tokenize(spelled) if same is None else [same]


class DraftModelSession(Session):
    """A cursor is the path from the end of the text, as far as it lies on the chain that was drafted, else None."""

    def __init__(self, drafter: DraftModel, prompt: Sequence[int]) -> None:
        self._drafter = drafter
        self._cache = DynamicCache()
        self._chain: list[int] = []  # tokens after the text that the model has read
        self._unread: list[int] = list(prompt)
        self._lengths: list[int] = []  # for each token of the chain, how many of the model's own it took
        self._logits: torch.Tensor | None = None

    def root(self) -> _Path:
        return ()

    def candidates(self, cursor: _Path, matcher: Matcher, mask: Mask) -> Sequence[Candidate]:
        if cursor is None or len(cursor) < len(self._chain) or list(cursor[: len(self._chain)]) != self._chain:
            return ()
        for token in cursor[len(self._chain) :]:
            self._read([token])
            self._chain.append(token)
        if self._logits is None or self._unread:
            self._logits = self._forward(self._unread)
            self._unread = []
        if self._logits is None:  # nothing of the text has a token of its own
            return ()
        return self._guesses(self._target_logits(len(mask)), mask, matcher.constraint.vocabulary.eos_token_ids)

    def advance(self, cursor: _Path, token: int) -> _Path:
        if cursor is None or list(cursor) != self._chain[: len(cursor)]:
            return None
        return (*cursor, token)

    def extend(self, tokens: Sequence[int]) -> tuple[int, int]:
        """Keep what the model has read of ``tokens``, and take back the rest of its chain.

        How many tokens of the chain were right, and how many were judged.
        """
        same = 0
        while same < min(len(tokens), len(self._chain)) and tokens[same] == self._chain[same]:
            same += 1
        judged = same, min(same + 1, len(tokens), len(self._chain))
        if same == len(tokens) < len(self._chain):
            same -= 1  # the logits after the last token are gone: read it again
        surplus = sum(self._lengths[same:])
        if surplus:
            layers: list[Any] = self._cache.layers
            for layer in layers:
                if layer.is_initialized:
                    layer.keys, layer.values = layer.keys[:, :, :-surplus], layer.values[:, :, :-surplus]
        if surplus or same < len(tokens):
            self._logits = None
        self._chain, self._lengths = [], []
        self._unread += tokens[same:]
        return judged

    def _guesses(self, logits: torch.Tensor, mask: Mask, ends: Sequence[int]) -> Sequence[Candidate]:
        """What follows; an end token is no guess, and not in the law of a draw."""
        apply_token_bitmask_(logits[None], torch.from_numpy(mask)[None].to(logits.device))
        drafter = self._drafter
        logits[[end for end in ends if end < len(logits)]] = -torch.inf
        if drafter.sample:
            law = (logits / drafter.temperature).softmax(-1)
            if not bool(law.isfinite().all()):
                return ()
            share = int(_SHARES * float((law * law).sum()))
            return (Candidate(int(torch.multinomial(law, 1)), share, law),)
        law = logits.softmax(-1)
        best = law.topk(min(BRANCHES, len(law)))
        return [
            Candidate(token, min(int(_SHARES * share), _SHARES - 1))
            for token, share in zip(best.indices.tolist(), best.values.tolist(), strict=True)
            if share > 0.0
        ]

    def _read(self, tokens: Sequence[int]) -> None:
        before = self._cache.get_seq_length()
        self._logits = self._forward([*self._unread, *tokens])
        self._lengths.append(self._cache.get_seq_length() - before - self._own_length(self._unread))
        self._unread = []

    def _own_length(self, tokens: Sequence[int]) -> int:
        return len(self._own(tokens))

    def _own(self, tokens: Sequence[int]) -> list[int]:
        maps = self._drafter.maps
        return list(tokens) if maps is None else [own for token in tokens for own in maps.to_draft(token)]

    def _forward(self, tokens: Sequence[int]) -> torch.Tensor | None:
        """The logits after ``tokens``, float32[V of the draft]; those before, if there is nothing to read."""
        own = self._own(tokens)
        if not own:
            return self._logits
        ids = torch.tensor([own], device=self._drafter.model.device)
        with torch.inference_mode():
            output = self._drafter.model(
                input_ids=ids, past_key_values=self._cache, use_cache=True, **last_logits(self._drafter.model)
            )
        logits: torch.Tensor = output.logits[0, -1].float()
        return logits

    def _target_logits(self, words: int) -> torch.Tensor:
        """The last logits as ones over the target's vocabulary, a new tensor."""
        assert self._logits is not None
        maps = self._drafter.maps
        if maps is None:
            return self._logits.clone()
        index = torch.from_numpy(maps.target).to(self._logits.device)
        wide = torch.full((words * 32,), -torch.inf, device=self._logits.device)
        held = index >= 0
        wide[index[held]] = self._logits[: len(index)][held]
        return wide
