"""maskwright makes language models write structured output: JSON that obeys a schema, by token masks from automata.

The names below are the public face; ``stream``, ``tools``, ``samplers``, ``Speculation``, ``JsonString``,
``ContinuousBatchingLogitsProcessor`` and the errors besides ``MaskwrightError`` can be had from here too. They are
loaded on first use, so that ``import maskwright`` is quick and imports no machine-learning library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .generation.generate import generate
    from .generation.result import GenerationResult
    from .generation.speculation.options import Speculation as Speculation
    from .generation.streaming import StreamEvent as StreamEvent
    from .generation.streaming import stream as stream
    from .grammar.batch import fill_next_token_bitmasks
    from .grammar.cfg.ebnf import Ebnf
    from .grammar.cfg.gbnf import Gbnf
    from .grammar.cfg.json_string_form import JsonString as JsonString
    from .grammar.cfg.lark_form import Lark
    from .grammar.cfg.tags_form import Tags
    from .grammar.errors import BudgetTooSmall as BudgetTooSmall
    from .grammar.errors import DeadLogits as DeadLogits
    from .grammar.errors import InvalidArgument as InvalidArgument
    from .grammar.errors import InvalidGrammar as InvalidGrammar
    from .grammar.errors import InvalidSchema as InvalidSchema
    from .grammar.errors import LimitExceeded as LimitExceeded
    from .grammar.errors import MaskwrightError
    from .grammar.errors import UnsatisfiableGrammar as UnsatisfiableGrammar
    from .grammar.errors import UnsatisfiableSchema as UnsatisfiableSchema
    from .grammar.errors import UnsupportedSchema as UnsupportedSchema
    from .grammar.errors import VocabularyMismatch as VocabularyMismatch
    from .grammar.limits import Limits
    from .grammar.matcher import Constraint, Matcher
    from .grammar.regex_form import Choice, Regex, Substring
    from .grammar.token_budget import BudgetedConstraint as BudgetedConstraint
    from .grammar.vocabulary import Vocabulary
    from .logits import samplers as samplers
    from .logits.continuous_batching import ContinuousBatchingLogitsProcessor as ContinuousBatchingLogitsProcessor
    from .logits.processor import LogitsProcessor
    from .schemas.options import JsonOptions
    from .schemas.specification import JsonSchema, compile
    from .schemas.structural_tags import structural_tag as structural_tag
    from .schemas.tools import tools as tools

    __version__: str

__all__ = [
    "Choice",
    "Constraint",
    "Ebnf",
    "Gbnf",
    "GenerationResult",
    "JsonOptions",
    "JsonSchema",
    "Lark",
    "Limits",
    "LogitsProcessor",
    "MaskwrightError",
    "Matcher",
    "Regex",
    "Substring",
    "Tags",
    "Vocabulary",
    "__version__",
    "compile",
    "fill_next_token_bitmasks",
    "generate",
]

_MODULES = {
    "BudgetTooSmall": ".grammar.errors",
    "BudgetedConstraint": ".grammar.token_budget",
    "Choice": ".grammar.regex_form",
    "Constraint": ".grammar.matcher",
    "ContinuousBatchingLogitsProcessor": ".logits.continuous_batching",
    "DeadLogits": ".grammar.errors",
    "Ebnf": ".grammar.cfg.ebnf",
    "Gbnf": ".grammar.cfg.gbnf",
    "GenerationResult": ".generation.result",
    "InvalidArgument": ".grammar.errors",
    "InvalidGrammar": ".grammar.errors",
    "InvalidSchema": ".grammar.errors",
    "JsonOptions": ".schemas.options",
    "JsonSchema": ".schemas.specification",
    "JsonString": ".grammar.cfg.json_string_form",
    "Lark": ".grammar.cfg.lark_form",
    "LimitExceeded": ".grammar.errors",
    "Limits": ".grammar.limits",
    "LogitsProcessor": ".logits.processor",
    "MaskwrightError": ".grammar.errors",
    "Matcher": ".grammar.matcher",
    "Regex": ".grammar.regex_form",
    "Speculation": ".generation.speculation.options",
    "StreamEvent": ".generation.streaming",
    "Substring": ".grammar.regex_form",
    "Tags": ".grammar.cfg.tags_form",
    "UnsatisfiableGrammar": ".grammar.errors",
    "UnsatisfiableSchema": ".grammar.errors",
    "UnsupportedSchema": ".grammar.errors",
    "Vocabulary": ".grammar.vocabulary",
    "VocabularyMismatch": ".grammar.errors",
    "compile": ".schemas.specification",
    "fill_next_token_bitmasks": ".grammar.batch",
    "generate": ".generation.generate",
    "samplers": ".logits",
    "stream": ".generation.streaming",
    "structural_tag": ".schemas.structural_tags",
    "tools": ".schemas.tools",
}


def _load(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("maskwright")
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name], __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


if not TYPE_CHECKING:  # type checkers see the imports above, and find wrong names
    __getattr__ = _load


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
