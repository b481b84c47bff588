"""What tries hold is an upper bound of the truth, whatever was learnt, forgotten, saved and loaded; and ASAp, whose law
is read off them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import maskwright as mw
from maskwright.logits.samplers.node import Node
from maskwright.logits.samplers.trie import Trie

from .sampler_laws import Case, Ids, Law, assert_law, case

SAMPLERS = mw.samplers
FINITE = ["ambiguous", "ambiguous finite", "skewed", "dyck", "json enum", "boundary", "two ends"]


def target_of(each: Case, fingerprint: str = "") -> mw.samplers.Target:
    model = SAMPLERS.CallableModel(each.logits, each.vocabulary_size, fingerprint=fingerprint or each.name)
    return SAMPLERS.Target(model, each.constraint, each.max_tokens)


def draw(sampler: mw.samplers.Sampler, target: mw.samplers.Target, n: int, seed: int = 0) -> list[Ids]:
    result = sampler.sample(target.model, target.constraint, n=n, max_tokens=target.max_tokens, seed=seed)
    return [sample.token_ids for sample in result.samples]


def weights(trie: Trie) -> Law:
    """The bound of each prefix that the trie knows."""
    found = {}
    for node in trie.nodes():
        prefix: list[int] = []
        above: Node | None = node
        while above is not None and above.parent is not None:
            prefix.append(above.token)
            above = above.parent
        found[tuple(reversed(prefix))] = math.exp(node.log_weight)
    return found


def asap_law(each: Case, trie: Trie) -> Law:
    """The law of ASAp's next sample, given what it knows; attempts that the limit of length ends are made anew."""
    law: Law = {}
    pending: list[tuple[Ids, int, float, Node | None]] = [((), 0, 1.0, trie.root)]
    while pending:
        prefix, state, mass, node = pending.pop()
        allowed = each.allowed(state)
        if len(prefix) == each.max_tokens - 1:
            allowed = [token for token in allowed if token in each.ends]
        places = {token: None if node is None else node.place(token) for token in allowed}
        bounds = {token: 1.0 if place is None else math.exp(node.weights[place]) for token, place in places.items()}  # type: ignore[union-attr]
        shares = {token: float(each.law(prefix)[token]) * bound for token, bound in bounds.items()}
        total = sum(shares.values())
        for token, share in shares.items():
            if share and token in each.ends:
                law[(*prefix, token)] = mass * share / total
            elif share:
                after = None if node is None else node.children.get(token)
                pending.append(((*prefix, token), each.after(state, token), mass * share / total, after))  # type: ignore[arg-type]
    total = math.fsum(law.values())
    return {ids: share / total for ids, share in law.items()}


def divergence(law: Law, other: Law) -> float:
    """Kullback and Leibler's, of ``other`` from ``law``."""
    return math.fsum(mass * math.log(mass / other[ids]) for ids, mass in law.items())


# --- bounds


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("make", [SAMPLERS.ASAp, SAMPLERS.CARS], ids=["ASAp", "CARS"])
def test_bounds_hold_at_every_time_and_become_the_truth(name: str, make: type[mw.samplers.ASAp]) -> None:
    each, tries = case(name), SAMPLERS.Tries()
    target = target_of(each)
    trie = tries.of(target)
    gaps = [1 - each.normaliser]
    for count in 1, 5, 30, 1500:
        draw(make(tries=tries), target, count)
        known = weights(trie)
        assert all(bound >= each.future[prefix] * (1 - 1e-9) for prefix, bound in known.items())
        gaps.append(known[()] - each.normaliser)
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.1 * gaps[0]


def test_a_language_that_is_explored_is_known_exactly() -> None:
    for name in "ambiguous finite", "json enum":
        each, tries = case(name), SAMPLERS.Tries()
        draw(SAMPLERS.ASAp(tries=tries), target_of(each), 4000)
        known = weights(tries.of(target_of(each)))
        assert known == {prefix: pytest.approx(each.future[prefix], rel=1e-9) for prefix in known}
        assert known[()] == pytest.approx(each.normaliser, rel=1e-9)


def test_forgetting_is_sound_and_keeps_within_bounds() -> None:
    each = case("ambiguous")
    tries = SAMPLERS.Tries(memory=12_000)
    target = target_of(each)
    trie = tries.of(target)
    sizes, samples = [], []
    for seed in range(150):
        samples += draw(SAMPLERS.CARS(batch=4, tries=tries), target, 10, seed)
        assert trie.size == sum(node.size for node in trie.nodes()) <= 12_000
        assert all(bound >= each.future[prefix] * (1 - 1e-9) for prefix, bound in weights(trie).items())
        sizes.append(trie.size)
    assert any(after < before for before, after in zip(sizes, sizes[1:], strict=False)), "nothing was ever forgotten"
    assert_law(samples, each.conditional)


def test_nodes_of_a_large_vocabulary_are_small() -> None:
    size = 131_072
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, size)
    tokens = [b"%d," % i for i in range(size - 1)]
    vocabulary = mw.Vocabulary.from_tokens([*tokens, b""], eos_token_ids=[size - 1])
    model = SAMPLERS.CallableModel(lambda prefix: logits, size)
    target = SAMPLERS.Target(model, mw.compile(mw.Regex("([0-9]{3,9},){2}"), vocabulary), 4)
    trie = Trie(target)
    law, allowed = model.log_probabilities([()])[0], target.masks([target.constraint.matcher()])[0]
    node = trie.node(law, allowed, None, -1)
    trie.absorb([node])
    assert node.log_weight == pytest.approx(float(np.logaddexp.reduce(law[allowed])), rel=1e-12)
    for tokens_at_once in random.choice(np.flatnonzero(allowed), (100, 10)).tolist():
        trie.name(node, tokens_at_once, law, allowed)
    assert 400 < len(node.ids) < 500
    assert trie.size == node.size <= 10_000
    assert sum(array.nbytes for array in (node.ids, node.law, node.weights)) <= node.size
    assert node.mass() == pytest.approx(node.log_weight, rel=1e-12)


# --- ASAp


@pytest.mark.parametrize("name", ["ambiguous finite", "skewed", "json enum"])
def test_asap_tends_to_the_conditional_law_where_masking_stays(name: str) -> None:
    each, tries = case(name), SAMPLERS.Tries()
    target = target_of(each)
    trie = tries.of(target)
    masking = divergence(each.conditional, each.projected(force_end=True))
    assert divergence(each.conditional, asap_law(each, trie)) == pytest.approx(masking, rel=1e-9)
    distances = [masking]
    for count in 10, 100, 1000, 3000:
        draw(SAMPLERS.ASAp(tries=tries), target, count)
        distances.append(divergence(each.conditional, asap_law(each, trie)))
    later = distances[2:]  # after ten samples it may be farther away than masking
    assert later == sorted(later, reverse=True)
    assert later[0] < masking
    assert later[-1] < 1e-3 < 0.05 < masking
    assert_law(draw(SAMPLERS.ASAp(tries=tries), target, 2000, seed=1), asap_law(each, trie))


def test_the_first_sample_of_asap_has_the_law_of_masking() -> None:
    each = case("skewed")
    target = target_of(each)
    assert_law([draw(SAMPLERS.ASAp(), target, 1, seed)[0] for seed in range(400)], each.projected(force_end=True))


# --- files and stores


def test_tries_are_saved_and_loaded(tmp_path: Path) -> None:
    each, tries = case("ambiguous"), SAMPLERS.Tries()
    target = target_of(each)
    draw(SAMPLERS.ASAp(tries=tries, top_tokens=2), target, 40)
    SAMPLERS.save_trie(tries.of(target), tmp_path / "trie.npz")
    loaded = SAMPLERS.load_trie(tmp_path / "trie.npz", target)
    assert weights(loaded) == weights(tries.of(target))
    assert loaded.size == tries.of(target).size
    others = SAMPLERS.Tries()
    others.add(loaded)
    assert draw(SAMPLERS.ASAp(tries=others), target, 50, 7) == draw(SAMPLERS.ASAp(tries=tries), target, 50, 7)
    assert weights(loaded) == weights(tries.of(target))


def test_tries_are_not_loaded_for_another_target(tmp_path: Path) -> None:
    each, tries = case("ambiguous"), SAMPLERS.Tries()
    target = target_of(each)
    draw(SAMPLERS.ASAp(tries=tries), target, 40)
    path = tmp_path / "trie.npz"
    SAMPLERS.save_trie(tries.of(target), path)
    with pytest.raises(mw.MaskwrightError, match="another model"):
        SAMPLERS.load_trie(path, target_of(each, "another prompt"))
    with pytest.raises(mw.MaskwrightError, match="limit of length"):
        SAMPLERS.load_trie(path, SAMPLERS.Target(target.model, each.constraint, each.max_tokens + 1))
    narrower = mw.compile(mw.Regex("[ab]*bb"), each.constraint.vocabulary)
    with pytest.raises(mw.MaskwrightError, match="another constraint"):
        SAMPLERS.load_trie(path, SAMPLERS.Target(target.model, narrower, each.max_tokens))
    nameless = SAMPLERS.Target(SAMPLERS.CallableModel(each.logits, 4), each.constraint, each.max_tokens)
    with pytest.raises(mw.MaskwrightError, match="no fingerprint"):
        SAMPLERS.save_trie(Trie(nameless), path)


def test_tries_are_kept_apart() -> None:
    each, tries = case("ambiguous"), SAMPLERS.Tries(2)
    first, second = target_of(each, "one prompt"), target_of(each, "another")
    assert tries.of(first) is tries.of(target_of(each, "one prompt")) is not tries.of(second)
    assert tries.of(SAMPLERS.Target(first.model, each.constraint, 3)) is not tries.of(first)
    nameless = [SAMPLERS.Target(SAMPLERS.CallableModel(each.logits, 4), each.constraint, 5) for _ in range(2)]
    assert tries.of(nameless[0]) is not tries.of(nameless[1])
    with pytest.raises(mw.MaskwrightError, match="room for 0"):
        SAMPLERS.Tries(0)
