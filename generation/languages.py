"""The one language that a pipeline's arguments ask for: ``schema=``, ``grammar=`` or ``regex=``.

What a call asks for replaces what the pipeline was made with, whichever of the three it was.
"""

from __future__ import annotations

import os
from typing import Any

from ..grammar.cfg.forms import FORMS
from ..grammar.cfg.lark_form import Lark
from ..grammar.errors import InvalidGrammar, MaskwrightError
from ..grammar.matcher import Constraint
from ..grammar.regex_form import Regex
from ..schemas.specification import GrammarSpecification, Specification, specification_of

_NAMES = ("schema", "grammar", "regex")


def take_language(arguments: dict[str, Any]) -> Specification | Constraint | None:
    """What the arguments ask for, which are taken out of ``arguments``; None if they do not ask for anything.

    ``schema``: whatever ``compile`` takes, or a ``Constraint``. ``grammar``: one of its grammars, or a text or path of
    Lark's. ``regex``: a pattern or a ``Regex``. Raises ``MaskwrightError`` for more than one of them, and for what
    cannot be read.
    """
    asked = {name: value for name in _NAMES if (value := arguments.pop(name, None)) is not None}
    if len(asked) > 1:
        raise MaskwrightError(f"{' and '.join(asked)} are given together", remedy="a text obeys one of them: pass one")
    for name, value in asked.items():
        if isinstance(value, Constraint):
            return value
        return specification_of(_READERS[name](value) if name in _READERS else value)
    return None


def _grammar(value: object) -> object:
    if isinstance(value, (GrammarSpecification, *FORMS)):
        return value
    if isinstance(value, str | os.PathLike):
        return Lark(value)
    raise InvalidGrammar(
        f"{value!r:.60} is no grammar", remedy="pass Lark, Gbnf, Ebnf, Tags, tools, or a text of Lark's"
    )


def _regex(value: object) -> object:
    if isinstance(value, Regex):
        return value
    if isinstance(value, str):
        return Regex(value)
    raise InvalidGrammar(f"{value!r:.60} is no pattern", remedy="pass a text or a Regex")


_READERS = {"grammar": _grammar, "regex": _regex}
