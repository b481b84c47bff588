"""The target computed, not approximated: for n-gram models and languages that are finite-state within the limit.

A *node* is a state of the language with the last ``order`` tokens: all that the future depends on. The mass of the
members that go on from a node with r tokens left, h_r(node), is a sum over its edges, from r = 0 upwards; next tokens
drawn in proportion to p * h make exact, independent samples (Doob's transform). This is the ground truth that other
samplers are held to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint
from ..language_model import CountingModel, LanguageModel, Prefix
from .errors import EmptyTarget
from .result import Sample, SamplingResult
from .target import Target
from .token_graph import END, TokenGraph, explore, too_large

_MOST_ASKED = 1 << 24  # numbers in the laws that are held at once


@dataclass(frozen=True)
class ExactDP:
    """Exact and independent samples.

    ``order``: how many tokens the model looks back, by default its attribute ``order``; it is not checked.
    ``most_edges``: bounds the automaton of tokens, and its product with the last tokens, times the limit of length.
    """

    order: int | None = None
    most_edges: int = 20_000_000

    def sample(
        self, model: LanguageModel, constraint: Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> SamplingResult:
        """``n`` samples. Raises ``EmptyTarget``, ``LimitExceeded``, and ``MaskwrightError`` for a model of no known
        order."""
        law = self.law(model, constraint, max_tokens=max_tokens)
        samples = law.sample(n, np.random.default_rng(seed))
        return SamplingResult(
            samples=tuple(samples),
            target="conditional",
            guarantee="exact",
            acceptance_rate=1.0,
            effective_sample_size=float(n),
            log_normaliser=law.log_normaliser,
            forward_passes=law.forward_passes,
            cut_by_length=0,
            note=f"computed over {law.nodes} nodes and {law.edges} edges",
        )

    def law(self, model: LanguageModel, constraint: Constraint, *, max_tokens: int) -> ExactLaw:
        """The target's law in full. Raises as ``sample`` does."""
        order = getattr(model, "order", None) if self.order is None else self.order
        if not isinstance(order, int) or order < 0:
            remedy = "pass ExactDP(order=...) for a model that looks back a fixed number of tokens"
            raise MaskwrightError(f"the model's order is {order!r}", remedy=remedy)
        target = Target(model, constraint, max_tokens)
        graph = explore(target, self.most_edges)
        product = _Product(target, graph, order, self.most_edges)
        law = ExactLaw(target, product)
        if np.isneginf(law.log_normaliser):
            problem = f"no sequence of at most {max_tokens} tokens is in the language and possible for the model"
            raise EmptyTarget(problem, remedy="raise max_tokens")
        return law


class _Product:
    """The nodes, their edges (``first``, ``tokens``, ``after``, as in ``TokenGraph``) and these edges' probabilities.

    A node's number for the last tokens has the digits of ``NGramModel``: to the base V + 1, V for none.
    """

    def __init__(self, target: Target, graph: TokenGraph, order: int, most_edges: int) -> None:
        self._order, self._base = order, target.model.vocabulary_size + 1
        contexts = self._base**order
        if contexts * len(graph.first) >= 2**62:
            raise too_large("order", order, target.constraint)
        nodes = np.array([contexts - 1 if order else 0], np.int64)  # state 0, V everywhere
        degrees = np.diff(graph.first)
        found, frontier = nodes, nodes
        for _ in range(target.max_tokens):
            states, kept = np.divmod(frontier, contexts)
            if int(degrees[found // contexts].sum()) * (target.max_tokens + 1) > most_edges:
                raise too_large("most_edges", most_edges, target.constraint)
            edges, rows = _edges_of(graph.first, states)
            after = self._after(kept[rows], graph.tokens[edges], graph.states[edges], contexts)
            frontier = np.setdiff1d(after[after != END], found)
            found = np.union1d(found, frontier)
            if not len(frontier):
                break
        self.codes = found
        states, kept = np.divmod(found, contexts)
        edges, rows = _edges_of(graph.first, states)
        self.tokens = graph.tokens[edges]
        after = self._after(kept[rows], self.tokens, graph.states[edges], contexts)
        places = np.minimum(np.searchsorted(found, after), len(found) - 1)
        inside = (after != END) & (found[places] == after)  # what lies beyond the limit of length is no node
        self.ends = after == END
        self.after = np.where(inside, places, END)
        self.first = np.concatenate([[0], np.cumsum(degrees[states])])
        self.rows = rows
        self.start = int(np.searchsorted(found, nodes[0]))
        self.log_laws, self.forward_passes = self._laws(target.model, kept)

    def _after(
        self, kept: NDArray[np.int64], tokens: NDArray[np.int64], states: NDArray[np.int64], contexts: int
    ) -> NDArray[np.int64]:
        """The codes of the nodes that edges lead to, or ``END``."""
        following = (kept * self._base + tokens) % contexts if self._order else np.zeros_like(kept)
        return np.where(states == END, END, states * contexts + following)

    def _laws(self, model: LanguageModel, kept: NDArray[np.int64]) -> tuple[NDArray[np.float64], int]:
        """The log probability of each edge; the model is asked once about each of the last tokens."""
        counting = CountingModel(model)
        distinct, place = np.unique(kept, return_inverse=True)
        wanted = place[self.rows]
        laws = np.empty(len(self.tokens))
        chunk = max(1, _MOST_ASKED // (self._base - 1))
        for start in range(0, len(distinct), chunk):
            asked = counting.log_probabilities(
                [self._prefix(code) for code in distinct[start : start + chunk].tolist()]
            )
            inside = (wanted >= start) & (wanted < start + chunk)
            laws[inside] = asked[wanted[inside] - start, self.tokens[inside]]
        return laws, counting.forward_passes

    def _prefix(self, code: int) -> Prefix:
        digits = []
        for _ in range(self._order):
            code, digit = divmod(code, self._base)
            digits.append(digit)
        return tuple(digit for digit in reversed(digits) if digit != self._base - 1)


class ExactLaw:
    """The law of the target: ``log_normaliser``, the log mass of its language; what comes next; samples."""

    def __init__(self, target: Target, product: _Product) -> None:
        self._target, self._product = target, product
        self.nodes, self.edges = len(product.codes), len(product.tokens)
        self.forward_passes = product.forward_passes
        self._future = np.full((target.max_tokens + 1, self.nodes), -np.inf)
        for left in range(1, target.max_tokens + 1):
            self._future[left] = _sums(self._values(left), product.first)
        self.log_normaliser = float(self._future[target.max_tokens, product.start])

    def _values(self, left: int) -> NDArray[np.float64]:
        """The log mass that goes through each edge, of nodes with ``left`` tokens left."""
        product = self._product
        beyond = np.where(product.after == END, -np.inf, self._future[left - 1, product.after])
        return np.asarray(product.log_laws + np.where(product.ends, 0.0, beyond))

    def log_future(self, prefix: Prefix) -> float:
        """The log probability that the model goes on from ``prefix`` to a member of the target's language."""
        node, left = self._product.start, self._target.max_tokens - len(prefix)
        for token in prefix:
            edge = self._edge(node, token)
            node = END if edge is None else int(self._product.after[edge])
            if node == END:
                return -np.inf
        return float(self._future[left, node]) if left > 0 else -np.inf

    def _edge(self, node: int, token: int) -> int | None:
        start, end = self._product.first[node : node + 2].tolist()
        place = start + int(np.searchsorted(self._product.tokens[start:end], token))
        return place if place < end and self._product.tokens[place] == token else None

    def sample(self, n: int, random: np.random.Generator) -> list[Sample]:
        """Exact and independent; all sequences grow at once."""
        product = self._product
        nodes, growing = np.full(n, product.start), np.arange(n)
        tokens = np.full((n, self._target.max_tokens), END)
        logs = np.zeros(n)
        for length in range(self._target.max_tokens):
            chances = np.exp(_normalised(self._values(self._target.max_tokens - length), product))
            edges = _draws(chances, product.first, nodes[growing], random)
            tokens[growing, length] = product.tokens[edges]
            logs[growing] += product.log_laws[edges]
            nodes[growing] = product.after[edges]
            growing = growing[~product.ends[edges]]
            if not len(growing):
                break
        lengths = (tokens != END).sum(axis=1).tolist()
        rows = zip(tokens.tolist(), lengths, logs.tolist(), strict=True)
        return [Sample(tuple(row[:length]), log) for row, length, log in rows]


def _edges_of(first: NDArray[np.int64], states: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The edges of ``states``, one state after the other, and for each the row of its state."""
    counts = first[states + 1] - first[states]
    rows = np.repeat(np.arange(len(states)), counts)
    begins = np.cumsum(counts) - counts
    return np.arange(len(rows)) - begins[rows] + first[states][rows], rows


def _sums(values: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log of the sum of ``exp`` over each node's edges; ``-inf`` for a node without edges."""
    sums = np.full(len(first) - 1, -np.inf)
    some = np.flatnonzero(np.diff(first))
    if len(some):
        greatest = np.maximum.reduceat(values, first[some])
        shift = np.where(np.isneginf(greatest), 0.0, greatest)
        counts = np.diff(first)[some]
        with np.errstate(divide="ignore"):
            sums[some] = np.log(np.add.reduceat(np.exp(values - np.repeat(shift, counts)), first[some])) + shift
    return sums


def _normalised(values: NDArray[np.float64], product: _Product) -> NDArray[np.float64]:
    sums = _sums(values, product.first)
    return np.asarray(values - np.where(np.isneginf(sums), 0.0, sums)[product.rows])


def _draws(
    chances: NDArray[np.float64], first: NDArray[np.int64], nodes: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """An edge of each of ``nodes``, by ``chances``, which sum to 1 over the edges of a node."""
    sums = np.concatenate([[0.0], np.cumsum(chances)])
    begin, end = sums[first[nodes]], sums[first[nodes + 1]]
    edges = np.searchsorted(sums, begin + random.random(len(nodes)) * (end - begin), side="right") - 1
    possible = np.flatnonzero(chances > 0)  # rounding may take a number to the end of its node
    last = possible[np.searchsorted(possible, first[nodes + 1]) - 1]
    return np.asarray(np.minimum(edges, last))
