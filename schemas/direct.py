"""Formulas about a value made at once from what keywords said: for conjunctions, and unions of them.

``Language.lower`` does the same for all schemas, by way of formulas about each that are then put together and moved to
their depth. For hundreds of alternatives this is twice the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .atoms import Every, Kind, NamedKey, Values, literals_in
from .formula import FALSE, Operator

if TYPE_CHECKING:
    from .lowering import Language

_DEEPEST = 8
"""Alternatives are followed so far into each other, on Python's stack."""


def lowered_directly(language: Language, value: int, kind: Kind, depth: int, levels: int = _DEEPEST) -> int | None:
    """What ``value`` demands of a value of ``kind``, over atoms at ``depth``; ``None`` where it takes more to tell."""
    formulas, plain = language.formulas, language.plain
    parts: list[int] = []
    work = list(formulas.conjuncts(value))
    seen: set[int] = set()
    for part in work:
        if part in seen:
            continue
        seen.add(part)
        operator = formulas.operator(part)
        if operator is Operator.VARIABLE:
            demands = plain.demands(part, kind)
            if demands is None:
                return None
            for demand in demands:
                if isinstance(demand, int):
                    work += formulas.conjuncts(demand)
                    continue
                if isinstance(demand, Values):
                    for name, asked in demand.by_name.items():
                        parts.append(formulas.variable(depth, Every(NamedKey(name), asked)))
                    continue
                for atom, is_true in literals_in((demand,)):
                    variable = formulas.variable(depth, atom)
                    parts.append(variable if is_true else formulas.negation(variable))
        elif operator is Operator.OR and levels:
            cases: list[int] = []
            for case in formulas.operands(part):
                language.budget.check()
                if kind in plain.kinds_of(case):
                    lowered = lowered_directly(language, case, kind, depth, levels - 1)
                    if lowered is None:
                        return None
                    cases.append(lowered)
            parts.append(formulas.disjunction(cases))
        elif part != FALSE:
            return None
        else:
            return FALSE
    return formulas.conjunction(parts)
