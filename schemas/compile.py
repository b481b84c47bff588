"""A JSON schema, with options, as a constraint over a vocabulary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grammar.automaton import Automaton
from ..grammar.blanks import blank_runs
from ..grammar.errors import InvalidPattern, InvalidSchema, LimitExceeded, UnsupportedPattern, UnsupportedSchema
from ..grammar.kernels import layout as at
from ..grammar.matcher import Constraint
from ..grammar.regex import compile_pattern
from ..grammar.regex_evident import outline
from ..grammar.regex_form import Regex
from ..grammar.vocabulary import Vocabulary
from .compiler import JsonCompiler
from .lowering import Language
from .options import JsonOptions

_WHITESPACE = {"compact": at.COMPACT, "formatted": at.FORMATTED, "any": at.ANY_BLANKS}
_LARGE = 1000
"""The automata of patterns that are written with more sets of characters may go over limits: better now than later."""

ESCAPES = {"any": at.ANY_ESCAPES, "minimal": at.MINIMAL_ESCAPES}


def compile_schema(schema: object, vocabulary: Vocabulary, options: JsonOptions) -> Constraint:
    """The constraint to the documents that satisfy ``schema``, parsed JSON.

    Raises ``InvalidSchema``, ``UnsupportedSchema``, ``UnsatisfiableSchema`` or ``LimitExceeded``.
    """
    try:
        return _compile(schema, vocabulary, options)
    except LimitExceeded as error:
        if error.pointer is not None:
            raise
        raise error.at("") from error


def _compile(schema: object, vocabulary: Vocabulary, options: JsonOptions) -> Constraint:
    language = language_of(schema, options)
    automaton = Automaton(whitespace_of(options), language.budget, ESCAPES[options.escapes])
    return Constraint(automaton, JsonCompiler(language, automaton), vocabulary, language.notes)


def language_of(schema: object, options: JsonOptions) -> Language:
    """``schema`` read, and its patterns checked."""
    language = Language(schema, options)
    _check_patterns(language)
    return language


def whitespace_of(options: JsonOptions) -> int | NDArray[np.int32]:
    """What an automaton is told about blanks."""
    runs = options.whitespace
    return blank_runs(runs, options.limits) if isinstance(runs, Regex) else _WHITESPACE[runs]


def _check_patterns(language: Language) -> None:
    """Read every pattern now, so that a bad one is reported with its place and not in the middle of a document.

    Its automaton is made when it is asked for, if it is likely to be small.
    """
    for pattern, place in language.patterns.items():
        try:
            if outline(pattern, language.budget).size > _LARGE:
                compile_pattern(pattern, language.budget)
        except InvalidPattern as error:
            raise InvalidSchema(error.problem, place, error.remedy) from error
        except UnsupportedPattern as error:
            raise UnsupportedSchema(error.problem, place, error.remedy) from error
        except LimitExceeded as error:
            raise error.at(place) from error
