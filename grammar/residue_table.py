"""The residues of a number automaton as the kernels read them (``kernels.layout``)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import astuple

import numpy as np

from .kernels import layout as at
from .pool import Pool
from .residues import Check, Residues


def add_residues(table: Pool, residues: Residues) -> list[int]:
    """Append the header, the checks and a record for each state to ``table``; where each state's record lies."""
    divisors, outcomes = residues.divisors, residues.outcomes
    outcomes_at = table.extend(outcomes.ravel(), outcomes.size)
    fixed = [divisors.modulus, outcomes_at, len(divisors.values)]
    header = table.extend([*fixed, *divisors.values], len(fixed) + len(divisors.values))
    accepted_at: dict[frozenset[int], int] = {}
    records = []
    for checks in residues.checks:
        rows = [_check_row(table, check, outcomes.shape[1], accepted_at) for check in checks or ()]
        at_checks = table.extend(np.ravel(rows), len(rows) * at.CHECK_WIDTH) if rows else 0
        count = at.NONE if checks is None else len(rows)
        records.append(table.extend([header, count, at_checks], at.RESIDUE_WIDTH))
    return records


def _check_row(table: Pool, check: Check, masks: int, accepted_at: dict[frozenset[int], int]) -> list[int]:
    if check.accepted not in accepted_at:
        accepted_at[check.accepted] = table.extend(_flags(check.accepted, masks), masks)
    return [*astuple(check)[: at.CHECK_ACCEPTED], accepted_at[check.accepted]]


def _flags(accepted: Collection[int], masks: int) -> list[int]:
    return [int(mask in accepted) for mask in range(masks)]
