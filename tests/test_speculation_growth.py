"""Draft trees: which guesses become nodes, what is left behind, and that no draw is kept or dropped for what it is."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import maskwright as mw
from maskwright.generation.speculation.acceptance import Acceptance
from maskwright.generation.speculation.draft_model import DraftModel, VocabularyMap
from maskwright.generation.speculation.drafter import Candidate, Session
from maskwright.generation.speculation.growth import GrownTree, Growth
from maskwright.generation.speculation.ngram import NGram
from maskwright.generation.speculation.options import Speculation
from maskwright.generation.speculation.pass_cost import FreeNodes
from maskwright.generation.speculation.pool import lent
from maskwright.generation.speculation.recycling import Recycling
from maskwright.generation.speculation.rule import DrawnFirst
from maskwright.logits.verification import Children
from maskwright.logits.verification.draws import BestDraws

from .speculation_cases import END, PROMPT, TOKENS, Guessing, constraint, small_model, vocabulary

FREE = "(a|b|c){1,5}"


@dataclass
class Saying(Session):
    """Candidates after as many tokens, whatever they are."""

    says: Sequence[Sequence[Candidate]]

    def root(self) -> int:
        return 0

    def candidates(self, cursor: int, matcher: object, mask: object) -> Sequence[Candidate]:
        return self.says[cursor] if cursor < len(self.says) else ()

    def advance(self, cursor: int, token: int) -> int:
        return cursor + 1

    def extend(self, tokens: Sequence[int]) -> None:
        pass


def grown(sessions: Sequence[Session], budget: int, priors: Sequence[float], one_child: bool = False) -> GrownTree:
    matcher = constraint(FREE).matcher()
    masks = np.zeros((budget + 1, 1), np.int32)
    growth = Growth(matcher, sessions, Acceptance(list(priors)), masks, one_child=one_child)
    return growth.grow(budget, 6, FreeNodes())


@pytest.mark.parametrize("one_child", [False, True], ids=["tree", "chain"])
@pytest.mark.parametrize("budget", [1, 2, 3])
@pytest.mark.parametrize("priors", [(0.5, 0.5), (0.5, 0.4), (0.4, 0.5)])
def test_a_draw_is_kept_whatever_it_is(one_child: bool, budget: int, priors: tuple[float, float]) -> None:
    law = torch.full((len(TOKENS),), 1.0 / len(TOKENS))
    kept = set()
    for token in (0, 1, 2):
        drawn = Saying([[Candidate(token, 0, law)]])
        kept.add(bool(grown([drawn, Saying([[Candidate(1, 0)]])], budget, priors, one_child).drawn))
    assert len(kept) == 1


def test_guesses_beyond_the_mask_are_dropped() -> None:
    """Logits are often wider than the vocabulary, and prompts have tokens that it does not."""
    tree = grown([Saying([[Candidate(4000, 0), Candidate(END, 0), Candidate(0, 0)]])], 8, [0.5])
    assert tree.tokens == [-1, 0]


def test_an_error_in_mid_tree_leaves_the_matcher_where_it_was() -> None:
    class Failing(Saying):
        def candidates(self, cursor: int, matcher: object, mask: object) -> Sequence[Candidate]:
            if cursor == 2:
                raise RuntimeError("on purpose")
            return super().candidates(cursor, matcher, mask)

    matcher = constraint(FREE).matcher()
    matcher.accept_tokens([0])
    growth = Growth(matcher, [Failing([[Candidate(0, 0)]] * 3)], Acceptance([0.5]), np.zeros((9, 1), np.int32))
    with pytest.raises(RuntimeError, match="on purpose"):
        growth.grow(8, 8, FreeNodes())
    matcher.rollback(1)
    with pytest.raises(ValueError, match="cannot take back"):
        matcher.rollback(1)


@pytest.mark.parametrize("width", [3, 9])
def test_laws_of_other_widths_are_judged(width: int) -> None:
    """A smaller model's logits may be narrower or wider than the target's."""
    scores = torch.tensor([0.0, 1.0, 2.0, -torch.inf, 0.5, 0.0])
    law = torch.zeros(width)
    law[1] = 1.0
    chosen = DrawnFirst({0: (1, law)}).choose(scores, Children(0, [1], [1]), BestDraws())
    assert chosen == (2, None)


def test_a_draft_model_that_cannot_read_the_text_says_nothing() -> None:
    """Special tokens have no bytes, so that the smaller model's own vocabulary may have nothing for them."""
    other = mw.Vocabulary.from_tokens((b"c", b"b", b"a", b""), eos_token_ids=[3], special_token_ids=[3])
    drafter = DraftModel(small_model(), vocabulary=other, of=vocabulary())
    assert VocabularyMap(other, vocabulary()).to_draft(END) == []
    for prompt in ([], [END]):
        session = drafter.session(prompt)
        assert grown([session], 4, [0.5]).tokens == [-1]
        session.extend([0, 4])
        assert len(grown([session], 4, [0.5])) > 1


def test_what_recycling_read_beyond_the_vocabulary_is_dropped() -> None:
    drafter = Recycling()
    drafter.learn(np.array([0]), np.array([[500, 1, 70_000]]))
    assert grown([drafter.session(PROMPT)], 4, [0.5]).tokens[1:2] == [1]


def test_tables_of_successors_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.generation.speculation.ngram._MOST_KNOWN", 100)
    drafter = NGram()
    for token in range(1000):
        drafter.count((0, 0), token)
    assert sum(map(len, drafter._successors.values())) <= 102


def test_what_is_kept_for_a_constraint_goes_with_it() -> None:
    language = mw.compile(mw.Regex("(ab|c)+"), vocabulary())
    with lent("auto", language) as first:
        pass
    with lent("auto", language) as second:
        assert second is first
        with lent("auto", language) as third:
            assert third is not first
    gone = weakref.ref(language)
    del language
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("speculation", ["auto", Speculation()])
def test_what_an_error_has_touched_is_not_kept(speculation: Any) -> None:
    language = mw.compile(mw.Regex("(ab|c)+"), vocabulary())
    with pytest.raises(RuntimeError, match="on purpose"), lent(speculation, language) as first:
        raise RuntimeError("on purpose")
    with lent(speculation, language) as second:
        assert second is not first


def test_the_guesses_of_the_test_are_heard() -> None:
    guess: Callable[[Any], list[int]] = lambda text: [0]  # noqa: E731 - a drafter in a line
    assert grown([Guessing(guess).session(PROMPT)], 3, [0.5]).tokens == [-1, 0, 0, 0]
