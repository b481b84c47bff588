"""Small languages and models whose laws are known in full, and the tests that samples are held to.

A ``Case`` is a model (logits of an n-gram table, float64), a language (a byte automaton written here, apart from
maskwright, and the form that maskwright compiles), and a limit of length. Sequences are tuples of token ids that end in
an end token; the limit counts it. The laws are enumerated from the byte automaton:

- ``mass``: p(x) for every x of the language within the limit; its sum is ``normaliser``;
- ``conditional``: the target, p(x | language, length);
- ``projected``: what plain masking draws from, given that it ends within the limit, and ``projected_mass``, how often
  it does. By default the last position is masked like the others; ``force_end`` allows end tokens alone there;
- ``future``: for every viable prefix, the probability that the model goes on to a member within the limit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial

import numpy as np
import torch
from numpy.typing import NDArray

import maskwright as mw

from .enumeration import Ids, every_text

Law = dict[Ids, float]
Known = tuple[int | None, float, float]
"""Of a prefix: the state of the byte automaton, none after an end token; its p, and its probability under masking."""
Bytes = dict[int, dict[int, int]]


@dataclass(frozen=True, eq=False)
class Case:
    """``states``: of a trimmed byte automaton, from each the states that bytes lead to; state 0 begins.

    ``table``: float64[(V + 1) ** order, V], the logits after each of the last ``order`` tokens, V where there is none.
    """

    name: str
    tokens: tuple[bytes, ...]
    ends: tuple[int, ...]
    form: object
    states: Bytes
    accepting: frozenset[int]
    table: NDArray[np.float64] = field(repr=False)
    max_tokens: int
    order: int = 2

    @property
    def vocabulary_size(self) -> int:
        return len(self.tokens)

    @cached_property
    def constraint(self) -> mw.Constraint:
        vocabulary = mw.Vocabulary.from_tokens(list(self.tokens), eos_token_ids=self.ends)
        return mw.compile(self.form, vocabulary)

    def logits(self, prefix: Ids) -> NDArray[np.float64]:
        """float64[V]; a function for ``CallableModel``."""
        row = 0
        for token in ((len(self.tokens),) * self.order + tuple(prefix))[len(prefix) :]:
            row = row * (len(self.tokens) + 1) + token
        return self.table[row]

    def law(self, prefix: Ids) -> NDArray[np.float64]:
        """The probabilities of the next token, float64[V]."""
        logits = self.logits(prefix)
        weights = np.exp(logits - logits.max())
        return weights / weights.sum()

    def after(self, state: int, token: int) -> int | None:
        """The state of the byte automaton after a token that is no end."""
        current: int | None = state
        for byte in self.tokens[token]:
            current = None if current is None else self.states[current].get(byte)
        return current

    def allowed(self, state: int) -> list[int]:
        """The tokens that some text goes on with, whatever the length."""
        texts = [t for t in range(len(self.tokens)) if self.tokens[t] and self.after(state, t) is not None]
        return sorted(texts + list(self.ends) * (state in self.accepting))

    def walk(self, *, force_end: bool = False) -> Iterator[tuple[Ids, float, float, bool]]:
        """Every viable prefix within the limit: itself, its p, its probability under masking, whether it is whole."""
        for prefix, (state, model, masked) in every_text((0, 1.0, 1.0), partial(self._after, force_end)):
            yield prefix, model, masked, state is None

    def _after(self, force_end: bool, prefix: Ids, known: Known) -> Iterator[tuple[int, Known]]:
        """What may follow ``prefix``: each token, and what is known after it."""
        state, model, masked = known
        if state is None or len(prefix) == self.max_tokens:
            return
        law, allowed = self.law(prefix), self.allowed(state)
        if force_end and len(prefix) == self.max_tokens - 1:
            allowed = [token for token in allowed if token in self.ends]
        total = float(law[allowed].sum())
        for token in allowed:
            share = float(law[token])
            local = masked * share / total if total else 0.0
            yield token, (None if token in self.ends else self.after(state, token), model * share, local)

    @cached_property
    def mass(self) -> Law:
        return {ids: model for ids, model, _, whole in self.walk() if whole and model > 0}

    @cached_property
    def normaliser(self) -> float:
        return math.fsum(self.mass.values())

    @cached_property
    def conditional(self) -> Law:
        return {ids: model / self.normaliser for ids, model in self.mass.items()}

    def projected(self, *, force_end: bool = False) -> Law:
        law = {ids: masked for ids, _, masked, whole in self.walk(force_end=force_end) if whole and masked > 0}
        total = math.fsum(law.values())
        return {ids: masked / total for ids, masked in law.items()}

    def projected_mass(self, *, force_end: bool = False) -> float:
        return math.fsum(masked for _, _, masked, whole in self.walk(force_end=force_end) if whole)

    @cached_property
    def future(self) -> Law:
        found: Law = {}
        prefixes = {ids: model for ids, model, _, whole in self.walk() if not whole}
        for ids, model in self.mass.items():
            for length in range(len(ids)):
                found[ids[:length]] = found.get(ids[:length], 0.0) + model
        return {ids: found.get(ids, 0.0) / model for ids, model in prefixes.items() if model > 0}


# --- models and automata


def random_table(seed: int, size: int, *, order: int = 2, scale: float = 1.5) -> NDArray[np.float64]:
    """Logits of a random softmax model of ``order``: normal, with deviation ``scale``."""
    return np.random.default_rng(seed).normal(0, scale, ((size + 1) ** order, size))


def automaton_of(texts: Iterable[bytes]) -> tuple[Bytes, frozenset[int]]:
    """The trie of a finite language."""
    states: Bytes = {0: {}}
    accepting = set()
    for text in texts:
        state = 0
        for byte in text:
            if byte not in states[state]:
                states[len(states)] = {}
                states[state][byte] = len(states) - 1
            state = states[state][byte]
        accepting.add(state)
    return states, frozenset(accepting)


def edges(rows: Mapping[int, Mapping[str, int]]) -> Bytes:
    return {state: {ord(character): after for character, after in row.items()} for state, row in rows.items()}


def finite(name: str, tokens: tuple[bytes, ...], texts: list[str], table: NDArray[np.float64], max_tokens: int) -> Case:
    states, accepting = automaton_of(text.encode() for text in texts)
    return Case(name, tokens, (len(tokens) - 1,), mw.Choice(texts), states, accepting, table, max_tokens)


# --- the cases

_AB = (b"a", b"b", b"ab", b"")
_PARENTHESES = (b"(", b")", b"((", b"))", b"()", b")(", b"")
_DYCK = edges({0: {"(": 1}, 1: {"(": 2, ")": 0}, 2: {"(": 3, ")": 1}, 3: {")": 2}})


def ambiguous(seed: int = 0) -> Case:
    """(a|b)*b over tokens that overlap: most texts have several tokenisations."""
    states = edges({0: {"a": 0, "b": 1}, 1: {"a": 0, "b": 1}})
    return Case("ambiguous", _AB, (3,), mw.Regex("[ab]*b"), states, frozenset({1}), random_table(seed, 4), 5)


def ambiguous_finite(seed: int = 1) -> Case:
    tokens = (b"a", b"b", b"ab", b"ba", b"aba", b"bb", b"c", b"")
    texts = ["ab", "aba", "abab", "bba", "abb", "babb"]
    return finite("ambiguous finite", tokens, texts, random_table(seed, 8), 5)


def skewed(length: int = 5) -> Case:
    """One text begins with 0 and is improbable, all others with 1: masking writes it half of the time."""
    table = np.zeros((16, 3))
    weights = {None: (0.5, 0.495, 0.005), 0: (0.05, 0.9, 0.05), 1: (0.45, 0.45, 0.1)}
    for row in range(16):
        last = row % 4
        table[row] = np.log(weights.get(None if last == 3 else last, weights[1]))
    rows: Bytes = {0: {48: 1, 49: length + 1}}
    for place in range(1, length):
        rows[place] = {48: place + 1}
        rows[length + place] = {48: length + place + 1, 49: length + place + 1}
    rows[length], rows[2 * length] = {}, {}
    form = mw.Regex(f"0{{{length}}}|1[01]{{{length - 1}}}")
    accepting = frozenset({length, 2 * length})
    return Case("skewed", (b"0", b"1", b""), (2,), form, rows, accepting, table, length + 1)


def dyck(seed: int = 3) -> Case:
    """Balanced parentheses of depth at most 3, of any length: the limit of length cuts."""
    form = mw.Regex(r"(\((\((\(\))*\))*\))*")
    table = random_table(seed, 7, scale=1.0)
    return Case("dyck", _PARENTHESES, (6,), form, _DYCK, frozenset({0}), table, 5)


def json_enum(seed: int = 4) -> Case:
    tokens = (b'"', b"a", b"b", b'"a', b'ab"', b"1", b"12", b"")
    texts = [b'"a"', b'"ab"', b'"abb"', b"1", b"12", b"121"]
    states, accepting = automaton_of(texts)
    form = mw.JsonSchema({"enum": ["a", "ab", "abb", 1, 12, 121]})
    return Case("json enum", tokens, (7,), form, states, accepting, random_table(seed, 8), 6)


def rare(seed: int = 5) -> Case:
    """A language of mass about 1e-6."""
    tokens = (b"a", b"b", b"ab", b"c", b"")
    table = random_table(seed, 5, scale=0.7)
    table[:, 3] += 5.3
    return finite("rare", tokens, ["abab", "abba", "aabb", "bab", "baab"], table, 6)


def forced(seed: int = 6) -> Case:
    """One text, in many tokenisations."""
    tokens = (b"a", b"b", b"ab", b"ba", b"abab", b"x", b"")
    return finite("forced", tokens, ["ababab"], random_table(seed, 7), 7)


def one_sequence(seed: int = 7) -> Case:
    """One text with one tokenisation."""
    return finite("one sequence", (b"a", b"b", b"c", b""), ["abc"], random_table(seed, 4), 4)


def empty_only(seed: int = 8) -> Case:
    """Room for the end token alone."""
    states, accepting = edges({0: {"a": 0, "b": 0}}), frozenset({0})
    return Case("empty only", _AB, (3,), mw.Regex("[ab]*"), states, accepting, random_table(seed, 4), 1)


def boundary(seed: int = 9) -> Case:
    """The longest members end exactly at the limit, some prefixes cannot be finished within it."""
    states = edges({0: {"a": 1, "b": 0}, 1: {"a": 2}, 2: {"a": 0}})
    return Case("boundary", _AB, (3,), mw.Regex("(b|aaa)*"), states, frozenset({0}), random_table(seed, 4), 5)


def two_ends(seed: int = 10) -> Case:
    states = edges({0: {"a": 1, "b": 1}, 1: {"a": 0}})
    tokens = (b"a", b"b", b"ba", b"", b"")
    return Case("two ends", tokens, (3, 4), mw.Regex("[ab](a[ab])*"), states, frozenset({1}), random_table(seed, 5), 5)


def with_zeros(seed: int = 11) -> Case:
    """A model as after top-k: half of its laws are zeros, so that masks may allow only what it never says."""
    table = random_table(seed, 4)
    table[table < np.median(table, axis=1, keepdims=True)] = -np.inf
    states = edges({0: {"a": 0, "b": 1}, 1: {"a": 0, "b": 1}})
    return Case("with zeros", _AB, (3,), mw.Regex("[ab]*b"), states, frozenset({1}), table, 6)


@cache
def cases() -> tuple[Case, ...]:
    """All of the above; those of one process share their compiled constraints."""
    makers = (ambiguous, ambiguous_finite, skewed, dyck, json_enum, rare, forced, one_sequence, empty_only, boundary)
    return tuple(maker() for maker in (*makers, two_ends, with_zeros))


def case(name: str) -> Case:
    return next(each for each in cases() if each.name == name)


def random_case(seed: int) -> Case:
    """A random finite language and a random model of 4 to 8 tokens, some of several letters."""
    random = np.random.default_rng(seed)
    letters = "ab" if random.random() < 0.6 else "abc"
    singles = [letter.encode() for letter in letters]
    longer = {"".join(random.choice(list(letters), random.integers(2, 4))).encode() for _ in range(7 - len(singles))}
    tokens = (*singles, *sorted(longer)[: int(random.integers(0, 8 - len(singles)))], b"")
    lengths = random.integers(0, 5, int(random.integers(1, 7)))
    texts = sorted({"".join(random.choice(list(letters), length)) for length in lengths})
    table = random_table(seed, len(tokens), scale=float(random.choice([0.5, 1.5, 3.0])))
    longest = max(map(len, texts))
    max_tokens = int(random.integers(max(1, min(map(len, texts)) + 1), longest + 3))
    return finite(f"random {seed}", tokens, texts, table, max_tokens)


# --- tests of samples


def chi_squared(drawn: Iterable[Ids], law: Mapping[Ids, float], *, least: float = 5.0) -> float:
    """The p-value of Pearson's test that ``drawn`` are independent draws from ``law``.

    Cells that expect fewer than ``least`` are pooled; 0.0 if anything was drawn that the law does not have.
    """
    counts = Counter(drawn)
    total = sum(counts.values())
    if any(ids not in law for ids in counts):
        return 0.0
    order = sorted(law, key=law.__getitem__, reverse=True)
    expected = np.array([law[ids] for ids in order]) * total
    observed = np.array([counts[ids] for ids in order], np.float64)
    large = int((expected >= least).sum())
    if large < len(order) and expected[large:].sum() < least:
        large = max(large - 1, 0)  # what is pooled takes in the smallest of the others
    expected = np.append(expected[:large], expected[large:].sum())
    observed = np.append(observed[:large], observed[large:].sum())
    present = expected > 0
    if present.sum() < 2:
        return 1.0
    statistic = float((np.square(observed - expected)[present] / expected[present]).sum())
    freedom = torch.tensor((present.sum() - 1) / 2, dtype=torch.float64)
    return float(torch.special.gammaincc(freedom, torch.tensor(statistic / 2, dtype=torch.float64)))


def total_variation(drawn: Iterable[Ids], law: Mapping[Ids, float]) -> float:
    """Between the frequencies of ``drawn`` and ``law``."""
    counts = Counter(drawn)
    total = sum(counts.values())
    inside = sum(abs(counts[ids] / total - mass) for ids, mass in law.items())
    return 0.5 * (inside + sum(count for ids, count in counts.items() if ids not in law) / total)


def total_variation_bound(law: Mapping[Ids, float], draws: int, *, quantile: float = 0.999, seed: int = 0) -> float:
    """The quantile, simulated, of the total variation of ``draws`` independent draws from ``law``."""
    masses = np.array(list(law.values()))
    masses /= masses.sum()
    frequencies = np.random.default_rng(seed).multinomial(draws, masses, size=4000) / draws
    return float(np.quantile(0.5 * np.abs(frequencies - masses).sum(axis=1), quantile, method="higher"))


def assert_law(drawn: Iterable[Ids], law: Mapping[Ids, float]) -> None:
    """Both tests at once."""
    draws = list(drawn)
    assert chi_squared(draws, law) > 1e-3
    assert total_variation(draws, law) <= total_variation_bound(law, len(draws)) + 1e-12
