"""Laws of verification, worked out exactly: every outcome of every random choice is followed, with its probability.

The language and the model are toys: logits and mask after a prefix are made from its tokens, so that siblings in a
tree have different masks. Token ``END`` ends a text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import torch

from maskwright.logits.verification import NO_TOKEN, DraftTree, Rule, Target, walk
from maskwright.logits.verification.target import law_of

END = 0
Outcome = TypeVar("Outcome", bound=Hashable)


class Branching:
    """Draws that follow a script, and note which other answers the first question beyond it has."""

    def __init__(self, script: Sequence[int]) -> None:
        self.script = list(script)
        self.asked = 0
        self.probability = 1.0
        self.others: list[list[int]] = []

    def accepts(self, node: int, probability: float) -> bool:
        return self.choose([1.0 - probability, probability]) == 1

    def token(self, node: int, scores: torch.Tensor) -> int:
        law = law_of(scores).tolist()
        return self.choose(law) if sum(law) > 0.0 else NO_TOKEN

    def choose(self, law: Sequence[float]) -> int:
        possible = [index for index, share in enumerate(law) if share > 1e-13]
        if self.asked == len(self.script):
            self.others += [[*self.script, index] for index in possible[1:]]
            self.script.append(possible[0])
        answer = self.script[self.asked]
        self.asked += 1
        self.probability *= law[answer]
        return answer


def law_by_enumeration(run: Callable[[Branching], Outcome]) -> dict[Outcome, float]:
    """The law of what ``run`` returns, over all answers to its questions."""
    law: dict[Outcome, float] = defaultdict(float)
    scripts: list[list[int]] = [[]]
    while scripts:
        draws = Branching(scripts.pop())
        outcome = run(draws)
        law[outcome] += draws.probability
        scripts += draws.others
    return dict(law)


@dataclass(frozen=True)
class Toy:
    """A model over ``width`` tokens under a grammar, and the target law of its texts of at most ``length`` tokens."""

    width: int
    length: int
    target: Target
    seed: int = 0

    def logits(self, prefix: tuple[int, ...], salt: int = 0) -> torch.Tensor:
        seed = [self.seed, salt, *prefix]
        return torch.from_numpy(np.random.default_rng(seed).normal(0.0, 1.5, self.width)).float()

    def mask(self, prefix: tuple[int, ...]) -> torch.Tensor:
        """Some three quarters of the tokens, never none; nothing after ``END``."""
        bits = np.random.default_rng([self.seed, 99, *prefix]).random(self.width) < 0.75
        bits[1 + sum(prefix) % (self.width - 1)] = True
        ended = END in prefix
        word = 0 if ended else int(sum(1 << index for index in np.flatnonzero(bits).tolist()))
        return torch.tensor([[word]], dtype=torch.int32)

    def scores(self, prefix: tuple[int, ...]) -> torch.Tensor:
        return _scores(self, prefix)

    def draft_law(self, prefix: tuple[int, ...]) -> torch.Tensor:
        """Another model's law under the same mask, or of all tokens after the end, where nothing matters."""
        return _draft_law(self, prefix)

    def plain(self) -> dict[tuple[int, ...], float]:
        """The law of texts drawn token by token."""
        return law_by_enumeration(lambda draws: self.continued((), draws))

    def continued(self, text: tuple[int, ...], draws: Branching) -> tuple[int, ...]:
        while len(text) < self.length and END not in text:
            text += (draws.token(0, self.scores(text)),)
        return text


@cache
def _scores(toy: Toy, prefix: tuple[int, ...]) -> torch.Tensor:
    return toy.target.scores(toy.logits(prefix)[None], toy.mask(prefix))[0]


@cache
def _draft_law(toy: Toy, prefix: tuple[int, ...]) -> torch.Tensor:
    mask = toy.mask(prefix)
    return law_of(Target().scores(toy.logits(prefix, salt=7)[None], mask if int(mask) else None)[0])


Drafter = Callable[[Toy, Branching], tuple[DraftTree, torch.Tensor | None]]


def verified(toy: Toy, drafter: Drafter, rule: Rule) -> dict[tuple[int, ...], float]:
    """The law of texts whose first tokens come from one verification, cut to length, and the others one by one."""

    def run(draws: Branching) -> tuple[int, ...]:
        tree, laws = drafter(toy, draws)
        prefixes = [tuple(tree.tokens[tree.path(node)[1:]].tolist()) for node in range(len(tree))]
        path, token = walk(tree, lambda node: toy.scores(prefixes[node]), rule, draws, laws)
        text = prefixes[path[-1]] + (() if token == NO_TOKEN else (token,))
        assert (token == NO_TOKEN) == (END in prefixes[path[-1]])
        return toy.continued(text[: toy.length], draws)

    return law_by_enumeration(run)


def distance(left: dict[tuple[int, ...], float], right: dict[tuple[int, ...], float]) -> float:
    """The total variation between two laws."""
    return sum(abs(left.get(key, 0.0) - right.get(key, 0.0)) for key in left.keys() | right.keys()) / 2


def drawn_tree(widths: Sequence[int], replacement: bool, best_first: bool = False) -> Drafter:
    """Trees with ``widths[d]`` children for each node of depth d, drawn from the toy's draft law.

    ``best_first``: all children but the last are the most probable ones, the last is drawn from the others.
    """

    def draft(toy: Toy, draws: Branching) -> tuple[DraftTree, torch.Tensor]:
        tokens, parents, prefixes, laws = [1], [-1], [()], []
        for node, depth in _breadth_first(widths):
            if node >= len(tokens):
                break
            law = toy.draft_law(prefixes[node])
            laws.append(law)
            left = law.clone()
            for place in range(widths[depth] if depth < len(widths) else 0):
                if not left.sum() > 0.0:
                    break
                fixed = best_first and place < widths[depth] - 1 and int((left > 0).sum()) > 1
                token = int(left.argmax()) if fixed else draws.choose((left / left.sum()).tolist())
                tokens.append(token)
                parents.append(node)
                prefixes.append((*prefixes[node], token))
                if not replacement:
                    left[token] = 0.0
        return DraftTree(tokens, parents), torch.stack(laws)

    return draft


def _breadth_first(widths: Sequence[int]) -> Iterator[tuple[int, int]]:
    node, count = 0, 1
    for depth in range(len(widths) + 1):
        for _ in range(count):
            yield node, depth
            node += 1
        count *= widths[depth] if depth < len(widths) else 0


def fixed_tree(tokens: Sequence[int], parents: Sequence[int]) -> Drafter:
    """Always the same drafts, whatever the target thinks of them."""
    return lambda toy, draws: (DraftTree(tokens, parents), None)
