"""The forms in which a grammar may be given, and reading them."""

from __future__ import annotations

from ..limits import Budget
from ..regex_form import Regular
from .ebnf import Ebnf, read_ebnf
from .gbnf import Gbnf, read_gbnf
from .lark_form import Lark
from .model import Grammar
from .regular_grammar import read_regular

Form = Lark | Gbnf | Ebnf | Regular
FORMS = (Lark, Gbnf, Ebnf, Regular)


def read_form(form: Form, budget: Budget) -> Grammar:
    """The grammar of ``form``. Raises ``InvalidGrammar``, ``UnsatisfiableGrammar`` or ``LimitExceeded``."""
    if isinstance(form, Lark):
        from .lark_grammar import read_lark  # needs Lark, which takes a while to import

        return read_lark(form, budget)
    if isinstance(form, Gbnf):
        return read_gbnf(form, budget)
    if isinstance(form, Ebnf):
        return read_ebnf(form, budget)
    return read_regular(form, budget)
