"""Verification keeps the target's law: exactly, by enumeration, and for the random numbers that are really used."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from transformers.generation.logits_process import (
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from maskwright import MaskwrightError
from maskwright.logits.verification import (
    GREEDY_DRAFTS,
    K_SEQUENTIAL,
    NO_TOKEN,
    RECURSIVE,
    SAMPLED,
    TRANSPORT,
    TRANSPORT_WITHOUT_REPLACEMENT,
    WITHOUT_REPLACEMENT,
    BySource,
    Children,
    DraftTree,
    Draws,
    GivenDraws,
    Noise,
    Rule,
    SeededDraws,
    Target,
    TreeBatch,
    verify,
)
from maskwright.logits.verification.recursive_rejection import draft_law
from maskwright.logits.verification.target import law_of
from maskwright.logits.verification.transport import Plan, Transport, law_of_tuples, optimal_acceptance

from .verification_laws import Drafter, Toy, distance, drawn_tree, fixed_tree, law_by_enumeration, verified

TARGETS = {
    "greedy": Target(temperature=0.0),
    "plain": Target(),
    "warm, top-p": Target(temperature=1.3, top_p=0.8),
    "top-k": Target(temperature=0.7, top_k=2),
}
SHAPES = {"chain": [1, 1], "tree": [2, 1], "wide": [3]}
DRAWN: dict[str, tuple[Rule, bool, bool]] = {  # the rule, drawn with replacement, all but the last the best ones
    "recursive": (RECURSIVE, True, False),
    "without replacement": (WITHOUT_REPLACEMENT, False, False),
    "k-sequential": (K_SEQUENTIAL, True, False),
    "greedy drafts": (GREEDY_DRAFTS, False, True),
    "transport": (Transport(replacement=True, rounds=4), True, False),  # exact after any number of rounds
    "transport without replacement": (Transport(replacement=False, rounds=4), False, False),
    "transport of too many tuples": (Transport(replacement=True, most_tuples=1), True, False),
}
FIXED = {
    "chain": fixed_tree([1, 2, 1, 2], [-1, 0, 1, 2]),
    "tree with siblings under other masks": fixed_tree([1, 1, 2, 3, 1, 2, 1, 3, 2], [-1, 0, 0, 0, 1, 1, 2, 2, 4]),
    "end of text inside": fixed_tree([1, 0, 2, 0, 1], [-1, 0, 0, 2, 1]),
    "the same sibling twice": fixed_tree([1, 2, 2, 1], [-1, 0, 0, 2]),
    "nothing": fixed_tree([1], [-1]),
    "longer than the text may be": fixed_tree([1, 2, 1, 2, 1, 2], [-1, 0, 1, 2, 3, 4]),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("drafter", FIXED.values(), ids=FIXED)
def test_deterministic_drafts_keep_the_law(drafter: Drafter, target: Target) -> None:
    toy = Toy(width=4, length=3, target=target)
    assert distance(verified(toy, drafter, SAMPLED), toy.plain()) < 1e-9


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("widths", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("rule", "replacement", "best_first"), DRAWN.values(), ids=DRAWN)
def test_drawn_drafts_keep_the_law(
    rule: Rule, replacement: bool, best_first: bool, widths: list[int], target: Target
) -> None:
    toy = Toy(width=3 if len(widths) > 1 else 4, length=len(widths) + 1, target=target, seed=5)
    drafter = drawn_tree(widths, replacement, best_first)
    assert distance(verified(toy, drafter, rule), toy.plain()) < 1e-9


def test_greedy_decoding_gives_the_very_same_tokens() -> None:
    toy = Toy(width=4, length=3, target=Target(temperature=0.0))
    assert len(toy.plain()) == 1
    for drafter in (*FIXED.values(), drawn_tree([2, 1], replacement=True)):
        assert verified(toy, drafter, SAMPLED).keys() == toy.plain().keys()


class Forgetful:
    """Wrong on purpose: after a rejection it draws from the whole target instead of what is left of it."""

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        target, proposed = law_of(scores), draft_law(children)
        for node, token in zip(children.nodes, children.tokens, strict=True):
            if draws.accepts(node, min(1.0, float(target[token] / proposed[token]))):
                return token, node
        return draws.token(children.node, scores), None


class Resampling:
    """Wrong on purpose: descends when the draft is likely enough, and draws anew only if it is not."""

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        if float(law_of(scores)[children.tokens[0]]) > 0.2:
            return children.tokens[0], children.nodes[0]
        return children.after(draws.token(children.node, scores))


@pytest.mark.parametrize("widths", SHAPES.values(), ids=SHAPES)
def test_a_wrong_rule_is_caught(widths: list[int]) -> None:
    toy = Toy(width=3 if len(widths) > 1 else 4, length=len(widths) + 1, target=Target(), seed=5)
    drafter = drawn_tree(widths, replacement=True)
    assert distance(verified(toy, drafter, Forgetful()), toy.plain()) > 0.01
    assert distance(verified(toy, drafter, Resampling()), toy.plain()) > 0.01


def test_a_flat_mask_over_a_tree_is_caught() -> None:
    class Flat(Toy):
        def mask(self, prefix: tuple[int, ...]) -> torch.Tensor:
            return super().mask(() if 0 not in prefix else prefix)

    toy = Toy(width=4, length=3, target=Target())
    flat = Flat(width=4, length=3, target=Target())
    drafter = FIXED["tree with siblings under other masks"]
    assert distance(verified(flat, drafter, SAMPLED), toy.plain()) > 0.01


def test_different_drafters_in_one_tree() -> None:
    """Forced tokens at the root, drawn ones behind them."""
    toy = Toy(width=3, length=3, target=Target(), seed=3)

    def draft(toy: Toy, draws: object) -> tuple[DraftTree, torch.Tensor]:
        law = toy.draft_law((1,))
        drawn = draws.choose(law.tolist())  # type: ignore[attr-defined]
        tree = DraftTree([1, 1, 2, drawn], [-1, 0, 0, 1], sources=[0, 0, 0, 1])
        return tree, law.expand(4, 3)

    class Mixed:
        def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
            tree = DraftTree([1, 1, 2, 0], [-1, 0, 0, 1], sources=[0, 0, 0, 1])
            return BySource(tree, {0: SAMPLED, 1: RECURSIVE}).choose(scores, children, draws)

    assert distance(verified(toy, draft, Mixed()), toy.plain()) < 1e-9


# --- how often drafts are accepted


def acceptance(rule: Rule, target: torch.Tensor, proposed: torch.Tensor, count: int, replacement: bool) -> float:
    """The probability that the token is one of ``count`` drafts from ``proposed``."""

    def run(draws: object) -> bool:
        tokens, left = [], proposed.clone()
        for _ in range(count):
            tokens.append(draws.choose((left / left.sum()).tolist()))  # type: ignore[attr-defined]
            if not replacement:
                left[tokens[-1]] = 0.0
        children = Children(0, list(range(1, count + 1)), tokens, proposed)
        return rule.choose(target.log(), children, draws)[1] is not None  # type: ignore[arg-type]

    return law_by_enumeration(run).get(True, 0.0)


def most_by_brute_force(target: torch.Tensor, proposed: torch.Tensor, count: int, replacement: bool) -> float:
    """1 + min over all sets H of p(H) - P(all drafts lie in H): the least cut."""
    tuples = law_of_tuples(proposed, count, replacement)
    best = 0.0
    for size in range(1, len(target) + 1):
        for chosen in itertools.combinations(range(len(target)), size):
            inside = tuples[np.ix_(*[chosen] * count)]
            best = min(best, float(target[list(chosen)].sum() - inside.sum()))
    return 1.0 + best


def two_laws(size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target, proposed = torch.rand((2, size), generator=generator, dtype=torch.float64).pow(3)
    return target / target.sum(), proposed / proposed.sum()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_optimum_is_an_optimum_and_is_reached(count: int, seed: int) -> None:
    target, proposed = two_laws(5, seed)
    most = most_by_brute_force(target, proposed, count, replacement=True)
    assert optimal_acceptance(target, proposed, count) == pytest.approx(most, abs=1e-12)
    fitted = Plan.fit(target, proposed, count, replacement=True, rounds=3000)
    assert float(fitted.taken.sum()) == pytest.approx(most, abs=1e-4)
    apart = Plan.fit(target, proposed, count, replacement=False, rounds=3000)
    without = most_by_brute_force(target, proposed, count, replacement=False)
    assert float(apart.taken.sum()) == pytest.approx(without, abs=1e-4)
    assert without >= most - 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_rules_accept_in_their_order(seed: int) -> None:
    target, proposed = two_laws(4, seed)
    most = optimal_acceptance(target, proposed, 2)
    transport = acceptance(TRANSPORT, target, proposed, 2, replacement=True)
    assert transport == pytest.approx(most, abs=2e-3)
    assert acceptance(RECURSIVE, target, proposed, 2, replacement=True) <= most + 1e-9
    assert (1 - 1 / np.e) * most <= acceptance(K_SEQUENTIAL, target, proposed, 2, replacement=True) <= most + 1e-9
    without = most_by_brute_force(target, proposed, 2, replacement=False)
    assert acceptance(WITHOUT_REPLACEMENT, target, proposed, 2, replacement=False) <= without + 1e-9
    assert acceptance(TRANSPORT_WITHOUT_REPLACEMENT, target, proposed, 2, False) == pytest.approx(without, abs=2e-3)


# --- the random numbers that are really used


def chi_squared(counts: torch.Tensor, law: torch.Tensor) -> float:
    """Pearson's statistic, as a normal deviate (Wilson and Hilferty)."""
    expected = law * counts.sum()
    possible = expected > 0
    assert int(counts[~possible].sum()) == 0
    freedom = int(possible.sum()) - 1
    statistic = float(((counts[possible] - expected[possible]) ** 2 / expected[possible]).sum())
    return float(((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5)


@pytest.mark.parametrize("given", [False, True], ids=["lazy", "given"])
@pytest.mark.parametrize("name", ["sampled", *DRAWN])
def test_drawn_tokens_follow_the_law(name: str, given: bool) -> None:
    rule, replacement = (SAMPLED, True) if name == "sampled" else DRAWN[name][:2]
    target, proposed = two_laws(7, 5)
    target[2] = 0.0
    target /= target.sum()
    scores, count = target.log().float(), 1000 if "transport" in name else 3000
    generator = torch.Generator().manual_seed(11)
    noise = Noise.generate(count, 3, 7, "cpu", generator)
    drafts = torch.multinomial(proposed.expand(count, 7), 2, replacement=replacement, generator=generator)
    if name == "greedy drafts":
        drafts[:, 0] = proposed.argmax()
        rest = proposed.clone()
        rest[drafts[0, 0]] = 0.0
        drafts[:, 1] = torch.multinomial(rest, count, replacement=True, generator=generator)
    counts = torch.zeros(7)
    for row, tokens in enumerate(drafts.tolist()):
        draws = GivenDraws(noise.uniforms[row], noise.gumbel[row]) if given else SeededDraws(generator)
        token, node = rule.choose(scores, Children(0, [1, 2], tokens, proposed), draws)
        assert node is None or tokens[node - 1] == token
        counts[token] += 1
    assert chi_squared(counts, law_of(scores)) < 4.5  # by chance once in 300,000 times


def test_wrong_tokens_fail_the_chi_squared_test() -> None:
    target, proposed = two_laws(7, 5)
    generator = torch.Generator().manual_seed(11)
    counts = torch.zeros(7)
    draws = SeededDraws(generator)
    for token in torch.multinomial(proposed, 6000, replacement=True, generator=generator).tolist():
        counts[Forgetful().choose(target.log(), Children(0, [1], [token], proposed), draws)[0]] += 1
    assert chi_squared(counts, target) > 6


# --- the target, trees, and whole verifications


@pytest.mark.parametrize("temperature", [1.0, 0.6, 1.7])
@pytest.mark.parametrize("top_k", [None, 1, 5, 500])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.05])
def test_the_target_is_what_transformers_samples_from(temperature: float, top_k: int | None, top_p: float) -> None:
    logits = torch.randn((6, 100), generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    masks = torch.randint(-(2**31), 2**31, (6, 4), generator=torch.Generator().manual_seed(2)).to(torch.int32)
    allowed = ((masks[..., None] >> torch.arange(32)) & 1).bool().flatten(1)[:, :100]
    expected = logits.float().masked_fill(~allowed, -torch.inf)
    warpers = [TemperatureLogitsWarper(temperature)]
    warpers += [] if top_k is None else [TopKLogitsWarper(top_k)]
    warpers += [] if top_p == 1.0 else [TopPLogitsWarper(top_p)]
    for warper in warpers:
        expected = warper(None, expected)
    before = logits.clone()
    assert torch.equal(Target(temperature, top_k, top_p).scores(logits, masks), expected)
    assert torch.equal(logits, before)


def test_greedy_takes_the_first_of_equals_and_nothing_from_nothing() -> None:
    scores = Target(temperature=0.0).scores(torch.tensor([[1.0, 3.0, 3.0], [5.0, 4.0, 3.0]]))
    assert scores.argmax(-1).tolist() == [1, 0]
    assert (scores > -torch.inf).sum() == 2
    for target in TARGETS.values():
        empty = target.scores(torch.zeros((1, 40)), torch.zeros((1, 2), dtype=torch.int32))
        assert (empty == -torch.inf).all()
        assert SeededDraws().token(0, empty[0]) == NO_TOKEN


def test_a_batch_of_trees() -> None:
    tree, chain = DraftTree([9, 1, 2, 3, 4], [-1, 0, 0, 1, 3]), DraftTree.chain(8, [5])
    batch = TreeBatch.of([tree, chain])
    assert batch.tokens.tolist() == [[9, 1, 2, 3, 4], [8, 5, 0, 0, 0]]
    assert batch.position_ids(torch.tensor([10, 20])).tolist() == [[10, 11, 11, 12, 13], [20, 21, 20, 20, 20]]
    seen = batch.attention_mask(torch.tensor([[0, 1], [1, 1]]), torch.bool)[:, 0].int()
    assert seen[0].tolist() == [
        [0, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0, 0],
        [0, 1, 1, 0, 1, 0, 0],
        [0, 1, 1, 1, 0, 1, 0],
        [0, 1, 1, 1, 0, 1, 1],
    ]
    assert seen[1, :2].tolist() == [[1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0]]
    added = batch.attention_mask(2, torch.bfloat16)
    assert added.shape == (2, 1, 5, 7)
    assert torch.equal(added == 0, batch.attention_mask(2, torch.bool))
    assert tree.path(4) == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("tokens", "parents", "message"),
    [
        ([], [], "shapes"),
        ([1, 2], [-1], "shapes"),
        ([1, 2], [0, 0], "root"),
        ([1, 2, 3], [-1, 2, 0], "before its parent"),
        ([1, 2], [-1, -1], "before its parent"),
    ],
)
def test_wrong_trees_are_refused(tokens: list[int], parents: list[int], message: str) -> None:
    with pytest.raises(MaskwrightError, match=message):
        DraftTree(tokens, parents)


@pytest.mark.parametrize(
    "arguments", [{"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": 0}, {"top_p": 0}]
)
def test_wrong_targets_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(MaskwrightError):
        Target(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_same_numbers_give_the_same_verdict(target: Target) -> None:
    generator = torch.Generator().manual_seed(3)
    trees = [DraftTree([1, 2, 3, 1, 0], [-1, 0, 0, 1, 2]), DraftTree.chain(2, [1, 3])]
    batch = TreeBatch.of(trees)
    logits = torch.randn((2, 5, 4), generator=generator)
    masks = torch.full((2, 5, 1), 0b1111, dtype=torch.int32)
    noise = Noise.generate(2, 5, 4, "cpu", generator)
    verdict = verify(batch, logits, masks, target, noise)
    assert verdict == verify(batch, logits, masks, target, noise, [SAMPLED, SAMPLED])  # one by one, not all at once
    for row, tree in enumerate(trees):
        path, expected = [0], None
        while expected is None:
            total = target.scores(logits[row, path[-1]][None])[0] + noise.gumbel[row, path[-1]]
            token = int(total.argmax())
            following = [child for child in tree.children[path[-1]] if tree.tokens[child] == token]
            path, expected = (path + following[:1], None) if following else (path, token)
        assert (verdict.paths[row], verdict.tokens[row]) == (path, expected)
    laws = law_of(torch.randn((2, 5, 4), generator=generator))
    for rule in (RECURSIVE, K_SEQUENTIAL):
        assert verify(batch, logits, masks, target, noise, rule, laws) == verify(
            batch, logits, masks, target, noise, [rule, rule], laws
        )


def test_drawn_drafts_need_their_law() -> None:
    batch = TreeBatch.of([DraftTree.chain(1, [2])])
    with pytest.raises(ValueError, match="draft_laws"):
        verify(batch, torch.zeros((1, 2, 4)), None, Target(), None, RECURSIVE)
    laws = torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(1, 2, 4)
    for rule in (RECURSIVE, K_SEQUENTIAL, GREEDY_DRAFTS):
        with pytest.raises(ValueError, match="no probability"):
            verify(batch, torch.zeros((1, 2, 4)), None, Target(), None, rule, laws)


@pytest.mark.parametrize("width", [40, 70_000])
def test_greedy_verification_of_few_and_many_logits(width: int) -> None:
    """Few logits are searched all at once, many along the path only."""
    generator = torch.Generator().manual_seed(8)
    logits = torch.randn((1, 4, width), generator=generator)
    masks = torch.randint(-(2**31), 2**31, (1, 4, -(-width // 32)), generator=generator).to(torch.int32)
    masks[0, 3] = 0
    best = Target(temperature=0.0).scores(logits[0], masks[0]).argmax(-1).tolist()
    trees = [DraftTree.chain(1, best[:3]), DraftTree.chain(1, [best[0], (best[1] + 1) % width, 0])]
    for tree, expected in zip(trees, [([0, 1, 2, 3], NO_TOKEN), ([0, 1], best[1])], strict=True):
        verdict = verify(TreeBatch.of([tree]), logits, masks, Target(temperature=0.0))
        assert (verdict.paths[0], verdict.tokens[0]) == expected
