"""What a caller may give to say which documents are wanted, and compiling it.

A specification is a JSON schema as a dict or bool, as JSON text, as a path, or as a Python type or function; or a
``JsonSchema``, which adds options to one of those; or a grammar (``Lark``, ``Gbnf``, ``Ebnf``, ``Regex``, ...). Each
knows two things: the constraint it stands for, and the value that a document stands for, which is plain JSON for a
schema, an instance for a type and the text itself for a grammar.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any, Protocol

from referencing import Registry

from ..grammar.argument_checks import check_limits
from ..grammar.cfg.forms import FORMS, Form
from ..grammar.errors import InvalidSchema
from ..grammar.limits import Limits
from ..grammar.matcher import Constraint
from ..grammar.regex_form import Regex
from ..grammar.vocabulary import Vocabulary
from .choices import Escapes, Formats, Integers, PropertyOrder, Whitespace
from .compile import compile_schema
from .json_text import check_json, read_document, read_json, read_json_file
from .options import JsonOptions
from .partial_values import PLAIN, ValueForm

_FORMS = "a dict, a bool, JSON text, a path, a type, a function, a JsonSchema or a grammar"
_LIMITS = Limits()
_VOCABULARIES = 4
_CONSTRAINTS = 32
_OPTIONS = 64
_READ_DOCUMENT: Callable[[str], object] = read_document


_WORDS = frozenset((str, type(None)))


@lru_cache(_OPTIONS)
def _plain_options(
    property_order: PropertyOrder,
    whitespace: Whitespace | Regex,
    formats: Formats,
    escapes: Escapes,
    integers: Integers | None,
    dialect: str | None,
) -> JsonOptions:
    """Options without a registry and with the usual limits, which are the same for most schemas."""
    return JsonOptions(property_order, whitespace, formats, escapes, integers, None, dialect, _LIMITS)


class Specification(Hashable, Protocol):
    """A description of the documents that are wanted; hashable, and equal where the constraint is the same."""

    def compile(self, vocabulary: Vocabulary, limits: Limits | None = None) -> Constraint:
        """The constraint over a vocabulary; ``limits`` replace the specification's own."""
        ...

    def parse(self, document: str) -> object:
        """The value that a document of the language stands for."""
        ...


class JsonSchema:
    """A JSON schema with options, those of :class:`JsonOptions`.

    ``schema`` is a dict, a bool, JSON text, a path, a type or a function; a string is a path if it names a file. Raises
    ``InvalidSchema``, ``UnsupportedSchema`` (a type without a JSON form) or ``LimitExceeded`` if it cannot be read;
    whether it can be enforced is found out by compiling it. ``form``: what the parts of a document stand for.
    """

    def __init__(
        self,
        schema: object,
        *,
        property_order: PropertyOrder = "schema",
        whitespace: Whitespace | Regex = "formatted",
        formats: Formats = "assert",
        escapes: Escapes = "any",
        integers: Integers | None = None,
        registry: Registry | None = None,
        dialect: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.contents, self._parse, self.form = _read(schema)
        if integers is None and self.form is not PLAIN:
            integers = "plain"
        words = property_order, whitespace, formats, escapes, integers, dialect
        if registry is None and limits is None and _WORDS.issuperset(map(type, words)):
            self.options = _plain_options(*words)
        else:
            self.options = JsonOptions(
                property_order, whitespace, formats, escapes, integers, registry, dialect, limits or _LIMITS
            )

    def compile(self, vocabulary: Vocabulary, limits: Limits | None = None) -> Constraint:
        """The constraint; raises as :func:`compile` does."""
        options = self.options if limits is None else replace(self.options, limits=limits)
        return compile_schema(self.contents, vocabulary, options)

    def parse(self, document: str) -> object:
        """Plain JSON, or an instance of the type, or the arguments of the function.

        Raises ``MaskwrightError`` if the type's own validators refuse the document.
        """
        return self._parse(document)

    @cached_property
    def _identity(self) -> Hashable:
        try:
            return repr(self.contents), self.options
        except RecursionError:
            return id(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonSchema) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        return f"JsonSchema({self.contents!r:.80})"


class GrammarSpecification:
    """A grammar, in any of its forms; a text of it stands for itself."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def compile(self, vocabulary: Vocabulary, limits: Limits | None = None) -> Constraint:
        """The constraint; raises as :func:`compile` does."""
        from .grammar_compile import compile_form  # its kernels are compiled, or loaded, when they are needed

        return compile_form(self.form, vocabulary, limits or Limits(), self.schema_of)

    @staticmethod
    def schema_of(spec: object) -> JsonSchema:
        """The schema that stands for itself inside a grammar."""
        return spec if isinstance(spec, JsonSchema) else JsonSchema(spec)

    def parse(self, document: str) -> object:
        """The text itself."""
        return document

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GrammarSpecification) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)


def specification_of(spec: object) -> Specification:
    """``spec`` as a specification, with default options where it is not one already."""
    if isinstance(spec, JsonSchema | GrammarSpecification):
        return spec
    return GrammarSpecification(spec) if isinstance(spec, FORMS) else JsonSchema(spec)


def compile(spec: object, vocabulary: Vocabulary | Any, limits: Limits | None = None) -> Constraint:
    """The constraint to the documents that ``spec`` describes, over a ``Vocabulary`` or a tokenizer's.

    Raises ``InvalidSchema``, ``UnsupportedSchema``, ``UnsatisfiableSchema`` or ``LimitExceeded``, for a grammar
    ``InvalidGrammar`` or ``UnsatisfiableGrammar``, and ``UnsupportedTokenizer`` for a tokenizer whose tokens cannot be
    mapped to bytes.
    """
    check_limits(limits)
    return specification_of(spec).compile(vocabulary_of(vocabulary), limits)


def vocabulary_of(
    tokenizer: Any, vocab_size: int | None = None, eos_token_ids: Iterable[int] | None = None
) -> Vocabulary:
    """The vocabulary of a tokenizer, see ``Vocabulary.from_huggingface``; those of the last few tokenizers are kept."""
    if isinstance(tokenizer, Vocabulary):
        return tokenizer
    ends = None if eos_token_ids is None else tuple(eos_token_ids)
    if not isinstance(tokenizer, Hashable) or not hasattr(tokenizer, "__len__"):
        return Vocabulary.from_huggingface(tokenizer, vocab_size, ends)
    return _recent_vocabulary(tokenizer, len(tokenizer), vocab_size, ends)  # type: ignore[arg-type]


def compile_once(specification: Specification, vocabulary: Vocabulary, limits: Limits | None) -> Constraint:
    """``specification.compile``, whose last few results are kept."""
    check_limits(limits)
    return _recent_constraint(specification, vocabulary, limits)


@lru_cache(_VOCABULARIES)
def _recent_vocabulary(
    tokenizer: Any, length: int, vocab_size: int | None, eos_token_ids: tuple[int, ...] | None
) -> Vocabulary:
    """``length`` changes when tokens are added to the tokenizer."""
    return Vocabulary.from_huggingface(tokenizer, vocab_size, eos_token_ids)


@lru_cache(_CONSTRAINTS)
def _recent_constraint(specification: Specification, vocabulary: Vocabulary, limits: Limits | None) -> Constraint:
    return specification.compile(vocabulary, limits)


def _read(schema: object) -> tuple[object, Callable[[str], object], ValueForm]:
    """The contents of a schema, the function from documents to values, and what parts of a document stand for."""
    contents, parse = schema, _READ_DOCUMENT
    form: ValueForm = PLAIN
    if isinstance(schema, str):
        contents = read_json_file(schema) if os.path.isfile(schema) else _read_text(schema)
    elif isinstance(schema, os.PathLike):
        contents = read_json_file(schema)
    elif isinstance(schema, dict | bool):
        pass
    elif isinstance(schema, FORMS):
        raise InvalidSchema(f"{schema!r:.60} is a grammar, not a schema", remedy="pass it by itself")
    elif isinstance(schema, Vocabulary | Constraint):
        kind = "a vocabulary" if isinstance(schema, Vocabulary) else "a compiled constraint"
        raise InvalidSchema(f"{schema!r:.60} is {kind}, not a specification", remedy=f"pass {_FORMS}")
    elif isinstance(schema, GrammarSpecification):
        raise InvalidSchema(f"{type(schema).__name__} are a whole text, not a part of one", remedy="pass it by itself")
    elif schema is None or isinstance(schema, JsonSchema | int | float | bytes | list | tuple | set):
        raise InvalidSchema(f"{schema!r:.60} is not a specification", remedy=f"pass {_FORMS}")
    else:
        from .python_types import describe

        described = describe(schema)
        contents, parse, form = described.schema, described.parse, described.form
    check_json(contents)
    return contents, parse, form


def _read_text(text: str) -> object:
    if text.strip() and text.lstrip()[0] not in '{["' and text.strip() not in ("true", "false"):
        kind = "a folder" if os.path.isdir(text) else "neither JSON nor the name of a file"
        raise InvalidSchema(f"the schema {text!r:.60} is {kind}", remedy=f"pass {_FORMS}")
    return read_json(text)
