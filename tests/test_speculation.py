"""Speculative decoding writes what plain constrained decoding writes, whatever is drafted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

import maskwright as mw
from maskwright.generation.speculation import rule
from maskwright.generation.speculation.decoding import SpeculativeDecoding
from maskwright.generation.speculation.draft_model import DraftModel
from maskwright.generation.speculation.drafter import Drafter
from maskwright.generation.speculation.forced import Forced
from maskwright.generation.speculation.layer_skip import LayerSkip
from maskwright.generation.speculation.lookup import Lookup
from maskwright.generation.speculation.ngram import NGram
from maskwright.generation.speculation.options import Speculation
from maskwright.generation.speculation.recycling import Recycling
from maskwright.logits.verification import Children, Draws, Noise, Target, verify
from maskwright.logits.verification.target import law_of

from .sampler_laws import chi_squared
from .speculation_cases import (
    END,
    MOST_TOKENS,
    PROMPT,
    TOKENS,
    Guessing,
    Ids,
    constraint,
    law_of_texts,
    small_model,
    vocabulary,
)

FREE = "(a|b|c){1,5}"
SPELLED = "(abc|cab){1,2}"  # forced texts, each with several tokenisations
PATTERNS = (FREE, SPELLED)

DRAFTERS: dict[str, Callable[[], tuple[Drafter, ...]]] = {
    "forced": lambda: (Forced(vocabulary()),),
    "lookup": lambda: (Lookup(),),
    "ngram": lambda: (NGram(),),
    "recycling": lambda: (Recycling(),),
    "draft model": lambda: (DraftModel(small_model(1)),),
    "drawn from a draft model": lambda: (DraftModel(small_model(1), sample=True),),
    "layer skip": lambda: (LayerSkip(small_model(layers=3)),),
    "adversarial": lambda: (Guessing(lambda text: [len(text) % 6, (len(text) + 3) % 6, 5]),),
    "invalid": lambda: (Guessing(lambda text: [END, END]),),
    "all": lambda: (
        Forced(vocabulary()),
        DraftModel(small_model(1), sample=True),
        Lookup(),
        NGram(),
        Recycling(),
        Guessing(lambda text: [1, 4]),
    ),
}


def model_for(name: str) -> Any:
    return small_model(layers=3) if name == "layer skip" else small_model()


def decoding_of(name: str, pattern: str, *, branching: bool = True) -> SpeculativeDecoding:
    options = Speculation(drafters=DRAFTERS[name](), budget=1 << 10, deepest=6, branching=branching, adaptive=False)
    return SpeculativeDecoding(constraint(pattern), options)


def texts(model: Any, rows: int, **arguments: Any) -> list[Ids]:
    """What ``rows`` runs of the model write after the prompt, up to the first end token."""
    ids = torch.tensor([PROMPT])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=MOST_TOKENS, num_return_sequences=rows, **arguments
    )
    rows_after = output[:, len(PROMPT) :].tolist()
    return [tuple(row[: row.index(END) + 1] if END in row else row) for row in rows_after]


@pytest.mark.parametrize("branching", [False, True], ids=["chain", "tree"])
@pytest.mark.parametrize("name", DRAFTERS)
def test_greedy_texts_are_the_same(name: str, branching: bool) -> None:
    for pattern in PATTERNS:
        model = model_for(name)
        plain = texts(model, 1, logits_processor=[mw.LogitsProcessor(constraint(pattern))], do_sample=False)
        decoding = decoding_of(name, pattern, branching=branching)
        for _ in range(3):
            assert texts(model, 1, custom_generate=decoding, do_sample=False) == plain


@pytest.mark.parametrize("top_p", [1.0, 0.8])
@pytest.mark.parametrize("branching", [False, True], ids=["chain", "tree"])
@pytest.mark.parametrize("name", DRAFTERS)
def test_the_law_of_texts_is_that_of_plain_decoding(name: str, branching: bool, top_p: float) -> None:
    torch.manual_seed(5)
    pattern = SPELLED if name == "forced" else FREE
    model = model_for(name)
    law = law_of_texts(model, pattern, Target(top_p=top_p))
    decoding = decoding_of(name, pattern, branching=branching)
    drawn = [
        text
        for _ in range(6)
        for text in texts(model, 60, custom_generate=decoding, do_sample=True, top_p=top_p, top_k=0)
    ]
    assert chi_squared(drawn, law) > 1e-3
    if name != "invalid":
        assert sum(decoding.stats.drafted.values()) > 0


def test_all_rows_at_once_as_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """With random numbers given, verification takes the way of CUDA, in plain torch: a draw at every node."""

    def verify_all(batch: Any, logits: torch.Tensor, masks: Any, target: Target, generator: Any) -> Any:
        noise = Noise.generate(*logits.shape, logits.device, generator)
        return verify(batch, logits, masks, target, noise)

    torch.manual_seed(8)
    monkeypatch.setattr("maskwright.generation.speculation.decoding.verify", verify_all)
    model, law = small_model(), law_of_texts(small_model(), FREE, Target(top_p=0.9))
    options = Speculation(drafters=(Forced(vocabulary()), NGram(), Recycling()), budget=200, adaptive=False)
    decoding = SpeculativeDecoding(constraint(FREE), options)
    arguments: dict[str, Any] = {"custom_generate": decoding, "do_sample": True, "top_k": 0, "top_p": 0.9}
    assert chi_squared([text for _ in range(6) for text in texts(model, 60, **arguments)], law) > 1e-3
    assert sum(decoding.stats.accepted.values()) > 0


class _FullLawAfterMismatch:
    """Wrong: after a rejection it draws from the whole law, not from what is left of it."""

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        wanted = law_of(scores)
        for child, token in zip(children.nodes, children.tokens, strict=True):
            if draws.accepts(child, float(wanted[token])):
                return token, child
        return children.after(draws.token(children.node, scores))


class _FullLawAfterRejection(rule.DrawnFirst):
    """The same mistake with drafts that are drawn."""

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        if children.node in self.drawn:
            child, law = self.drawn[children.node]
            token = children.tokens[children.nodes.index(child)]
            if draws.accepts(child, float(law_of(scores)[token] / law[token])):
                return token, child
        return children.after(draws.token(children.node, scores))


@pytest.mark.parametrize(
    ("drafts", "replaced", "wrong"),
    [
        ("adversarial", "verify", partial(verify, rule=_FullLawAfterMismatch())),
        ("drawn from a draft model", "DrawnFirst", _FullLawAfterRejection),
    ],
)
def test_a_wrong_rule_is_caught(drafts: str, replaced: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(6)
    monkeypatch.setattr(f"maskwright.generation.speculation.decoding.{replaced}", wrong)
    model, law = small_model(), law_of_texts(small_model(), FREE, Target())
    decoding = decoding_of(drafts, FREE)
    drawn = [text for _ in range(8) for text in texts(model, 60, custom_generate=decoding, do_sample=True, top_k=0)]
    assert chi_squared(drawn, law) < 1e-3


def test_a_drawn_draft_judged_as_a_chosen_one_would_be_seen() -> None:
    """The law of drawn drafts is not that of the target: the test above has something to find."""
    torch.manual_seed(7)
    own, other = law_of_texts(small_model(), FREE, Target()), law_of_texts(small_model(1), FREE, Target())
    assert sum(abs(own.get(text, 0.0) - other.get(text, 0.0)) for text in {*own, *other}) > 0.5


def test_rows_of_a_batch_are_what_they_are_alone() -> None:
    model = small_model()
    rows = torch.tensor([[END, END, 0, 1], [2, 1, 0, 0], [END, 1, 1, 5]])
    mask = (rows != END).long()
    patterns = [FREE, SPELLED, FREE]
    decoding = SpeculativeDecoding([constraint(pattern) for pattern in patterns], Speculation(budget=60))
    together = model.generate(rows, attention_mask=mask, custom_generate=decoding, max_new_tokens=6, do_sample=False)
    for index, pattern in enumerate(patterns):
        ids = rows[index][mask[index].bool()][None]
        processor = mw.LogitsProcessor(constraint(pattern))
        alone = model.generate(
            ids, attention_mask=torch.ones_like(ids), logits_processor=[processor], max_new_tokens=6, do_sample=False
        )[0, ids.shape[1] :].tolist()
        assert together[index, 4:].tolist()[: len(alone)] == alone
        assert set(together[index, 4 + len(alone) :].tolist()) <= {END}


def test_processors_and_stopping_criteria_keep_working() -> None:
    from transformers import StoppingCriteria

    class After(StoppingCriteria):
        def __call__(self, input_ids: torch.Tensor, scores: object, **kwargs: object) -> torch.Tensor:
            return (input_ids[:, len(PROMPT) :] == 1).any(-1)

    model, decoding = small_model(), decoding_of("all", FREE)
    plain = mw.LogitsProcessor(constraint(FREE))
    for arguments in ({"repetition_penalty": 3.0}, {"stopping_criteria": [After()]}, {"no_repeat_ngram_size": 1}):
        expected = texts(model, 1, logits_processor=[plain], do_sample=False, **arguments)
        assert texts(model, 1, custom_generate=decoding, do_sample=False, **arguments) == expected


def test_few_passes_where_all_is_forced() -> None:
    decoding = decoding_of("forced", "abcabcab")
    texts(small_model(), 1, custom_generate=decoding, do_sample=False)
    stats = decoding.stats
    assert stats.tokens == MOST_TOKENS or stats.forward_passes < stats.tokens
    assert stats.accepted["forced"] >= 1


def test_models_that_cannot_verify_are_refused() -> None:
    model = small_model()
    decoding = decoding_of("lookup", FREE)
    with pytest.raises(mw.MaskwrightError, match="beams"):
        texts(model, 1, custom_generate=decoding, num_beams=2, do_sample=False)
    with pytest.raises(mw.MaskwrightError, match="at least 1"):
        Speculation(budget=0)
    assert len(TOKENS) == vocabulary().size


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 10},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 3},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("sampling", [{}, {"do_sample": True, "seed": 3, "top_p": 0.9}], ids=["greedy", "sampled"])
@pytest.mark.parametrize("speculation", ["auto", Speculation(branching=False), Speculation(drafters=(NGram(),))])
def test_generate_writes_the_same_documents(speculation: Any, sampling: dict[str, Any]) -> None:
    prompts = ["Write a person.", "Write Bob."]
    plain = mw.generate(None, prompts, schema=PERSON, max_new_tokens=60, **sampling)
    ours = mw.generate(None, prompts, schema=PERSON, max_new_tokens=60, speculation=speculation, **sampling)
    assert [each.token_ids for each in ours] == [each.token_ids for each in plain]
    stats = ours[0].stats.speculation
    assert stats is not None
    assert stats.forward_passes < max(len(each.token_ids) for each in plain)
    assert stats.tokens == sum(len(each.token_ids) for each in plain)


def test_speculation_that_cannot_be_is_said_or_left_out() -> None:
    arguments: dict[str, Any] = {"schema": PERSON, "max_new_tokens": 20, "num_beams": 2}
    assert mw.generate(None, "Write a person.", speculation="auto", **arguments).stats.speculation is None
    with pytest.raises(mw.MaskwrightError, match="beams"):
        mw.generate(None, "Write a person.", speculation=Speculation(), **arguments)
    ids = torch.zeros((1, 30), dtype=torch.long)
    with pytest.raises(mw.MaskwrightError, match=r"not token_type_ids \(leave token_type_ids or speculation= out\)"):
        mw.generate(None, "Write a person.", schema=PERSON, speculation=Speculation(), token_type_ids=ids)
    with pytest.raises(ValueError, match="not used by the model"):  # the bundled model has none: plain decoding's words
        mw.generate(None, "Write a person.", schema=PERSON, speculation="auto", token_type_ids=ids)
    with pytest.raises(mw.MaskwrightError, match="speculation is 'yes'"):
        mw.generate(None, "Write a person.", schema=PERSON, speculation="yes")  # type: ignore[arg-type]
