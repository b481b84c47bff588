"""What the samplers cost and how true they are: 100 samples each of five small JSON languages from the bundled model.

    python benchmarks/samplers.py [--out benchmarks/results/samplers] [--images docs/images] [--seeds 5]

Every language is enumerated, all tokenisations of all texts, so that the conditional law is known. ``samples.md`` has
the forward passes (prefixes that the model was asked about) and attempts for 100 samples, and the Kullback-Leibler
divergence of the samples of all seeds from the law, beside the 99.9 % quantile of as many exact ones. Rejection is
given up after ``_BUDGET`` forward passes. "CARS, nothing cached" is the algorithm as research code runs it: one attempt
at a time, and a forward pass for every token. ``samples.json`` has the curves that ``plot_samplers.py`` draws.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plot_samplers import IMAGES, Curve, write_plots

import maskwright as mw
from maskwright.generation.models import load
from maskwright.logits.transformers_model import TransformersModel

_BUDGET = 1_000
_WANTED = 100
_MAX_TOKENS = 20
_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_PLOTTED = "list"
_BOOLEAN = {"type": "boolean"}
_DIRECTIONS = ["N", "E", "S", "W"]
_SCHEMAS: dict[str, tuple[str, dict[str, Any]]] = {
    "direction": ("Write a value as JSON.", {"enum": _DIRECTIONS}),
    "boolean": ("Answer with a value.", _BOOLEAN),
    "level": ("Answer with a value.", {"enum": ["info", "warn", "error"]}),
    "list": ("Give me a list.", {"type": "array", "items": {"enum": _DIRECTIONS}, "minItems": 1, "maxItems": 2}),
    "object": ("Write an object.", {"type": "object", "properties": {"done": _BOOLEAN}, "required": ["done"]}),
}

Ids = tuple[int, ...]
samplers = mw.samplers


class UncachedCARS:
    """Constrained adaptive rejection as it is published: dense tables of a prefix's tokens, every token a pass."""

    def sample(
        self, model: Any, constraint: mw.Constraint, *, n: int = 1, max_tokens: int, seed: int | None = None
    ) -> Any:
        target = samplers.Target(model, constraint, max_tokens)
        random, weights = np.random.default_rng(seed), dict[Ids, NDArray[np.float64]]()
        found: list[Any] = []
        attempts = passes = 0
        while len(found) < n:
            attempts += 1
            ids, log_probability, complete = self._attempt(target, weights, random)
            passes += len(ids)
            if complete:
                found.append(samplers.Sample(ids, log_probability))
        rate = n / attempts
        return samplers.SamplingResult(tuple(found), "conditional", "exact", rate, n, None, passes, 0)

    def _attempt(
        self, target: Any, weights: dict[Ids, NDArray[np.float64]], random: np.random.Generator
    ) -> tuple[Ids, float, bool]:
        """The tokens of an attempt, their log-probability, and whether the last one ended it well."""
        matcher, ids, laws = target.constraint.matcher(), (), list[NDArray[np.float64]]()
        while True:
            law = np.exp(target.model.log_probabilities([ids])[0])
            laws.append(law)
            known = ids in weights
            if not known:
                mask = target.masks([matcher])[0]
                weights[ids] = (mask & target.ends if target.is_last(len(ids)) else mask).astype(np.float64)
            proposal = law * weights[ids] if known or not ids else law
            token = int(random.choice(len(law), p=proposal / proposal.sum()))
            allowed = weights[ids][token] > 0
            ids = (*ids, token)
            if not allowed or target.ends[token]:
                for length in range(len(laws) - 1, 0, -1):
                    weights[ids[: length - 1]][ids[length - 1]] = laws[length] @ weights[ids[:length]]
                mass = sum(math.log(each[token]) for each, token in zip(laws, ids, strict=True))
                return ids, mass, allowed
            matcher.accept_token(token)


_SAMPLERS: dict[str, Any] = {
    "Mask": samplers.Mask(),
    "RS": samplers.RS(batch=1, budget=_BUDGET),
    "RSFT": samplers.RSFT(batch=1, budget=_BUDGET),
    "CARS, nothing cached": UncachedCARS(),
    "ARS": samplers.ARS(batch=1, budget=_BUDGET),
    "CARS": samplers.CARS(batch=1),
    "CARS in batches of 16": samplers.CARS(),
    "exact": samplers.Exact(),
    "ASAp": samplers.ASAp(),
    "SMC": samplers.SMC(),
    "MCMC, 10 steps": samplers.MCMC(),
}


@dataclass(frozen=True)
class Language:
    name: str
    target: Any
    law: dict[Ids, float]

    def divergence(self, drawn: Sequence[Ids]) -> float:
        """Of the frequencies of ``drawn`` from the law."""
        total = len(drawn)
        return math.fsum(k / total * math.log(k / total / self.law[ids]) for ids, k in Counter(drawn).items())

    def exact_divergence(self, count: int, quantile: float, seed: int = 0) -> float:
        """What ``count`` exact samples have, simulated."""
        masses = np.array(list(self.law.values()))
        frequencies = np.random.default_rng(seed).multinomial(count, masses / masses.sum(), 2000) / count
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(frequencies > 0, frequencies * np.log(frequencies / masses), 0.0)
        return float(np.quantile(terms.sum(axis=1), quantile))


@dataclass(frozen=True)
class Row:
    """What a sampler needed for 100 samples, in the mean; ``found``: how many there were when it gave up, or 100."""

    sampler: str
    guarantee: str
    found: int
    passes: float
    attempts: float
    divergence: float

    def cost(self) -> str:
        if self.found < _WANTED:
            return f"> {self.passes:,.0f} ({self.found} found)"
        return f"{self.passes:,.0f} ({self.attempts:,.0f})"


def main() -> None:
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    model, tokenizer = load(None)
    languages = [_language(name, model, tokenizer) for name in _SCHEMAS]
    plotted = next(language for language in languages if language.name == _PLOTTED)
    curves = [_curve(name, plotted, arguments.seeds) for name in ("Mask", "ASAp", "CARS", "SMC", "MCMC, 10 steps")]
    floor = [plotted.exact_divergence(count, 0.5) for count in _COUNTS]
    written = {"counts": _COUNTS, "floor": floor, "curves": [vars(curve) for curve in curves]}
    (arguments.out / "samples.json").write_text(json.dumps(written) + "\n")
    write_plots(arguments.out, arguments.images)
    tables = {language.name: _rows(language, arguments.seeds) for language in languages}
    floors = {each.name: each.exact_divergence(arguments.seeds * _WANTED, 0.999) for each in languages}
    (arguments.out / "samples.md").write_text("\n".join(markdown(tables, floors)) + "\n")


def markdown(tables: Mapping[str, Sequence[Row]], floors: Mapping[str, float]) -> Iterator[str]:
    """The cost of each sampler and how true it is, a column for each language."""
    head = f"| sampler | guarantee | {' | '.join(tables)} |"
    rule = f"| :-- | :-- |{' --: |' * len(tables)}"
    yield "Forward passes for 100 samples, and in parentheses attempts, in the mean:\n"
    yield from (head, rule)
    rows = list(zip(*tables.values(), strict=True))
    for row in rows:
        yield f"| {row[0].sampler} | {row[0].guarantee} | {' | '.join(each.cost() for each in row)} |"
    yield "\nDivergence of the samples from the law, bold where it is below what 99.9 % of exact samples have:\n"
    yield from (head, rule)
    for row in rows:
        cells = [_divergence(each, floor) for each, floor in zip(row, floors.values(), strict=True)]
        yield f"| {row[0].sampler} | {row[0].guarantee} | {' | '.join(cells)} |"
    yield f"| exact samples, 99.9 % | | {' | '.join(f'{floor:.4f}' for floor in floors.values())} |"


def _divergence(row: Row, floor: float) -> str:
    if row.found < _WANTED:
        return ""
    mark = "**" if row.divergence <= floor else ""
    return f"{mark}{row.divergence:.4f}{mark}"


def _language(name: str, model: Any, tokenizer: Any) -> Language:
    request, schema = _SCHEMAS[name]
    prompt = tokenizer(f"{request} Schema: {json.dumps(schema)}")["input_ids"]
    closed = {**schema, "additionalProperties": False} if "properties" in schema else schema
    form = mw.JsonSchema(closed, whitespace=mw.Regex(" ?"), escapes="minimal")
    target = samplers.Target(TransformersModel(model, prompt), mw.compile(form, tokenizer), _MAX_TOKENS)
    masses = dict(_enumerated(target))
    total = np.logaddexp.reduce(list(masses.values()))
    print(f"{name}: {len(masses)} sequences of mass {math.exp(total):.2g}", flush=True)
    return Language(name, target, {ids: math.exp(mass - total) for ids, mass in masses.items()})


def _enumerated(target: Any) -> Iterator[tuple[Ids, float]]:
    """Every sequence of the language and its log-probability."""
    level: dict[Ids, float] = {(): 0.0}
    for length in range(target.max_tokens):
        matchers = [target.constraint.matcher() for _ in level]
        for matcher, prefix in zip(matchers, level, strict=True):
            matcher.accept_tokens(prefix)
        masks = target.masks(matchers) & (target.ends if target.is_last(length) else True)
        after: dict[Ids, float] = {}
        laws = target.model.log_probabilities(list(level)) if level else []
        for (prefix, mass), law, mask in zip(level.items(), laws, masks, strict=True):
            for token in np.flatnonzero(mask).tolist():
                ids, log_probability = (*prefix, token), mass + float(law[token])
                if target.ends[token]:
                    yield ids, log_probability
                else:
                    after[ids] = log_probability
        level = after


def _rows(language: Language, seeds: int) -> list[Row]:
    rows = []
    for name, sampler in _SAMPLERS.items():
        runs = [_run(sampler, language, _WANTED, 0)]
        if len(runs[0].samples) == _WANTED:
            runs += [_run(sampler, language, _WANTED, seed) for seed in range(1, seeds)]
        rows.append(_row(name, language, runs))
        print(language.name, rows[-1], flush=True)
    return rows


def _run(sampler: Any, language: Language, n: int, seed: int) -> Any:
    target = language.target
    try:
        return sampler.sample(target.model, target.constraint, n=n, max_tokens=target.max_tokens, seed=seed)
    except samplers.BudgetExhausted as error:
        return error.found


def _row(name: str, language: Language, runs: Sequence[Any]) -> Row:
    said = runs[0]
    if len(said.samples) < _WANTED:
        return Row(name, said.guarantee, len(said.samples), said.forward_passes, math.inf, math.inf)
    passes = float(np.mean([run.forward_passes for run in runs]))
    attempts = float(np.mean([_WANTED / run.acceptance_rate for run in runs]))
    divergence = language.divergence([sample.token_ids for run in runs for sample in run.samples])
    return Row(name, said.guarantee, _WANTED, passes, attempts, divergence)


def _curve(name: str, language: Language, seeds: int) -> Curve:
    """Divergence and forward passes as samples accumulate: the means over seeds."""
    passes, divergences = np.zeros((seeds, len(_COUNTS))), np.zeros((seeds, len(_COUNTS)))
    for seed in range(seeds):
        sampler = samplers.CARS(batch=1, tries=samplers.Tries()) if name == "CARS" else _SAMPLERS[name]
        sampler = samplers.ASAp(tries=samplers.Tries()) if name == "ASAp" else sampler
        drawn: list[Ids] = []
        spent = 0
        for place, count in enumerate(_COUNTS):
            result = _run(sampler, language, count - len(drawn), 1000 * seed + place)
            drawn += [sample.token_ids for sample in result.samples]
            spent += result.forward_passes
            passes[seed, place], divergences[seed, place] = spent, language.divergence(drawn)
    return Curve(name, list(_COUNTS), passes.mean(axis=0).tolist(), divergences.mean(axis=0).tolist())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/samplers"))
    parser.add_argument("--images", type=Path, default=IMAGES)
    parser.add_argument("--seeds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
