"""How far weighted samplers and Markov chains are from the target, on small languages whose laws are enumerated.

    PYTHONPATH=. python benchmarks/importance_samplers.py

Three tables in Markdown: the total variation of one draw from SMC by its particles, beside what as many draws from the
target itself have; that of chains by their steps, computed from their kernels, not simulated; and the relative
deviation of estimates of the normaliser, with tokens asked about per token drawn. ``docs/samplers.md`` has them.
"""

from __future__ import annotations

import math

import numpy as np
from tests.sampler_laws import Case, case, total_variation, total_variation_bound
from tests.test_mcmc import TRUNCATIONS, law_after

from maskwright.logits.ngram_model import NGramModel
from maskwright.logits.samplers import AWRS, SMC, BudgetExhausted, SamplingResult

NAMES = ("skewed", "ambiguous finite", "json enum", "dyck", "rare")
PARTICLES = (1, 4, 16, 64, 256)
STEPS = (0, 1, 3, 10, 30, 100)
RUNS = 400


def run(sampler: SMC | AWRS, known: Case, seed: int, n: int = 1) -> SamplingResult:
    """What was found, also where everything died."""
    model = NGramModel(known.table, known.order)
    try:
        return sampler.sample(model, known.constraint, n=n, max_tokens=known.max_tokens, seed=seed)
    except BudgetExhausted as error:
        found = error.found
    assert found is not None
    return found


def row(*cells: object) -> None:
    print("|", " | ".join(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells), "|")


def head(*cells: object) -> None:
    print()
    row(*cells)
    row(*("---" for _ in cells))


def particles() -> None:
    head("language", *(f"{count} particles" for count in PARTICLES), "the target itself")
    for name in NAMES:
        known = case(name)
        distances = []
        for count in PARTICLES:
            results = [run(SMC(particles=count), known, seed) for seed in range(RUNS)]
            drawn = [sample.token_ids for result in results for sample in result.samples]
            distances.append(total_variation(drawn, known.conditional))
        row(name, *distances, total_variation_bound(known.conditional, RUNS, quantile=0.5))


def chains() -> None:
    head("language", "truncation", *(f"{steps} steps" for steps in STEPS))
    for name in NAMES:
        known = case(name)
        for truncation in TRUNCATIONS:
            laws = [law_after(known, truncation, steps) for steps in STEPS]
            row(name, truncation, *(_distance(law, known.conditional) for law in laws))


def _distance(law: dict[tuple[int, ...], float], other: dict[tuple[int, ...], float]) -> float:
    return 0.5 * math.fsum(abs(law[ids] - other[ids]) for ids in other)


def estimates() -> None:
    head(
        "language",
        "mass",
        "AWRS, 64",
        "SMC, 64, never resampled",
        "SMC, 64",
        "SMC, 64, by rejection",
        "asked per token",
    )
    for name in NAMES:
        known = case(name)
        cells: list[object] = []
        for sampler in (AWRS(), SMC(resample_below=0), SMC(), SMC(proposal="awrs")):
            results = [run(sampler, known, seed, n=64 if isinstance(sampler, AWRS) else 1) for seed in range(RUNS)]
            values = np.exp([result.log_normaliser for result in results])
            cells.append(float(values.std() / values.mean()))
        row(name, f"{known.normaliser:.2g}", *cells, _asked(known))


def _asked(known: Case) -> float:
    """How many tokens AWRS asks about for each that it draws."""
    numbers = [int(word) for word in run(AWRS(), known, 0, n=1000).note.split() if word.isdigit()]
    return numbers[-2] / numbers[-1]


if __name__ == "__main__":
    particles()
    chains()
    estimates()
