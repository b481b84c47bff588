"""The forms in which a grammar may be given, and reading them."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import InvalidGrammar
from ..limits import Budget
from ..regex_form import Regular
from .ebnf import Ebnf, read_ebnf
from .gbnf import Gbnf, read_gbnf
from .json_string_form import JsonString
from .json_strings import json_string_grammar
from .lark_form import Lark
from .model import Grammar
from .regular_grammar import read_regular
from .shapes import SHAPES, Shape
from .tags_form import Tags
from .tags_grammar import read_shape, read_tags

Form = Lark | Gbnf | Ebnf | Regular | Tags | Shape | JsonString
FORMS = (Lark, Gbnf, Ebnf, Regular, Tags, *SHAPES, JsonString)


def read_form(form: Form, budget: Budget, special_tokens: Iterable[str] = ()) -> Grammar:
    """The grammar of ``form``, over a vocabulary with the names ``special_tokens``.

    Raises ``InvalidGrammar``, ``UnsatisfiableGrammar`` or ``LimitExceeded``.
    """
    if isinstance(form, Lark):
        from .lark_grammar import read_lark  # needs Lark, which takes a while to import

        return read_lark(form, budget)
    if isinstance(form, Gbnf):
        return read_gbnf(form, budget)
    if isinstance(form, Ebnf):
        return read_ebnf(form, budget)
    if isinstance(form, Regular):
        return read_regular(form, budget)
    names = frozenset(special_tokens)

    def read(content: object) -> Grammar | None:
        return read_form(content, budget, names) if isinstance(content, FORMS) else None

    if isinstance(form, JsonString):
        content = read(form.content)
        if content is None:
            remedy = "give a form of grammar; for a schema of the content, write it outside of the string"
            raise InvalidGrammar("the content of a JSON string is no grammar", remedy=remedy)
        return json_string_grammar(content)
    if isinstance(form, Tags):
        return read_tags(form, budget, names, read)
    return read_shape(form, budget, names, read)
