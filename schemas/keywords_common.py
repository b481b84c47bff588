"""What a keyword's function works with: the schema object that is being read.

A function for a keyword takes the :class:`Site` and the keyword's value, checks the value, and says what the keyword
demands of a JSON value, kind by kind. It runs once for each schema object that can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from ..grammar.errors import InvalidSchema, UnsupportedSchema
from ..grammar.limits import Limits
from .atoms import Atom, Kind, Literal, Statement
from .formula import FALSE, TRUE, VALUE, Formulas
from .options import JsonOptions
from .references import escape
from .values import are_texts, exact, is_text


class Source(Protocol):
    """What a site asks of the schema that it is part of."""

    @property
    def formulas(self) -> Formulas: ...

    @property
    def options(self) -> JsonOptions: ...

    def subschema(self, contents: object, parent: int, path: tuple[str, ...]) -> int:
        """The value formula of the schema ``contents`` at ``path`` below the schema ``parent``."""
        ...

    def subschemas(self, members: Mapping[str, object], parent: int, keyword: str) -> dict[str, int]:
        """The value formulas of all schemas that ``keyword`` of the schema ``parent`` holds by name."""
        ...

    def reference(self, reference: str, keyword: str, parent: int) -> int:
        """The value formula of what ``reference``, the value of ``keyword`` in the schema ``parent``, leads to."""
        ...

    def constant(self, value: object, parent: int) -> int:
        """The value formula "is equal to ``value``"."""
        ...

    def pointer_of(self, schema: int) -> str: ...

    def mention(self, names: Iterable[str]) -> None:
        """Notes that the property ``names`` occur, in the order of first mention."""
        ...

    def expression(self, pattern: str, pointer: str) -> frozenset[str] | None:
        """Notes that the regular expression ``pattern`` occurs, at ``pointer``; its texts, if these are few."""
        ...

    def note(self, text: str, pointer: str) -> None:
        """Something that the user should know about how the schema was read, about the keyword at ``pointer``."""
        ...


ALL_KINDS = frozenset(Kind)


@dataclass(slots=True)
class Evaluated:
    """What counts as evaluated by a schema object, for ``unevaluatedProperties`` and ``unevaluatedItems``.

    ``contents``: the schema, which says of which properties it speaks. ``items``: how many of the first items,
    ``matching``: the value formulas of further ones. ``inner``: schemas about the same value, as (condition, value
    formula, kind); what they evaluate counts for values of that kind, or of any for ``None``, where the condition
    holds. ``unevaluated``: the value formula for what is not evaluated.
    """

    contents: Mapping[str, object]
    items: float = 0
    matching: list[int] = field(default_factory=list)
    inner: list[tuple[int, int, Kind | None]] = field(default_factory=list)
    unevaluated: dict[Kind, int] = field(default_factory=dict)


_NOTHING: Mapping[Kind, int] = {}


class Site:
    """One schema object while its keywords are read; collects what they demand.

    Formulas given to ``demand`` speak about the value itself: their variables are at depth ``VALUE`` and are either
    atoms about a value of that kind, or schemas that the value must satisfy too (``same_value`` lists those).
    ``is_everywhere``: whether it says the same wherever it stands (``flat_sites``); ``evident_within``: of such a one,
    the limits within which it was found that some value satisfies it.
    """

    __slots__ = (
        "_evaluated",
        "_schema",
        "_source",
        "allowed",
        "by_kind",
        "contents",
        "everywhere",
        "evident_within",
        "formulas",
        "is_everywhere",
        "keyword",
        "options",
        "same_value",
    )

    def __init__(self, source: Source, schema: int, contents: Mapping[str, object]) -> None:
        self.contents = contents
        self.keyword = ""
        self.formulas = source.formulas
        self.options = source.options
        self.allowed = ALL_KINDS
        self.everywhere: list[int] = []
        self.by_kind: dict[Kind, list[int | Statement]] = {}
        self.same_value: list[int] = []
        self.is_everywhere = False
        self.evident_within: Limits | None = None
        self._evaluated: Evaluated | None = None
        self._source = source
        self._schema = schema

    def end(self) -> None:
        """All keywords have been read: the source is let go, so that nothing holds itself in a circle."""
        del self._source, self.formulas

    @property
    def evaluated(self) -> Evaluated:
        if self._evaluated is None:
            self._evaluated = Evaluated(self.contents)
        return self._evaluated

    @property
    def unevaluated(self) -> Mapping[Kind, int]:
        """``evaluated.unevaluated``, for reading only."""
        return _NOTHING if self._evaluated is None else self._evaluated.unevaluated

    # --- demands

    def allow(self, kinds: frozenset[Kind]) -> None:
        """Only values of these ``kinds``."""
        self.allowed = self.allowed & kinds

    def demand(self, kind: Kind, formula: int) -> None:
        """Values of ``kind`` have to satisfy ``formula``."""
        self.by_kind.setdefault(kind, []).append(formula)

    def demand_that(self, kind: Kind, atom: Atom, is_true: bool = True) -> None:
        """Of values of ``kind``, ``atom`` has to be true, or false. Becomes a formula only when one is asked for."""
        self.by_kind.setdefault(kind, []).append(Literal(atom, is_true))

    def demand_all(self, kind: Kind, statement: Statement) -> None:
        """Of values of ``kind``, ``statement`` has to be true."""
        self.by_kind.setdefault(kind, []).append(statement)

    def demand_always(self, formula: int) -> None:
        """Values of every kind have to satisfy ``formula``, which consists of schemas."""
        if formula == FALSE:
            self.allowed = frozenset()
        self.everywhere.append(formula)

    def atom(self, atom: Atom) -> int:
        return self.formulas.variable(VALUE, atom)

    # --- other schemas

    def subschema(self, contents: object, *path: str) -> int:
        """The value formula of the subschema at ``path`` below this keyword."""
        return self._source.subschema(contents, self._schema, (self.keyword, *path))

    def subschemas(self, members: Mapping[str, object]) -> dict[str, int]:
        """The value formulas of the subschemas that this keyword holds by name, as quick as can be."""
        return self._source.subschemas(members, self._schema, self.keyword)

    def applied(self, contents: object, *path: str) -> int:
        """The same for a subschema that speaks about the very value that this schema speaks about."""
        self.same_value.append(self.subschema(contents, *path))
        return self.same_value[-1]

    def applied_beside(self, keyword: str) -> int:
        """The same for the schema that stands under another keyword; ``TRUE`` if there is none."""
        if keyword not in self.contents:
            return TRUE
        self.same_value.append(self._source.subschema(self.contents[keyword], self._schema, (keyword,)))
        return self.same_value[-1]

    def evaluates_as(self, value: int, condition: int = TRUE, kind: Kind | None = None) -> None:
        """Where the ``applied`` schema ``value`` and ``condition`` hold, what that schema evaluates is evaluated.

        ``kind``: of which values ``condition`` speaks, if not of all.
        """
        self.evaluated.inner.append((self.formulas.conjunction((condition, value)), value, kind))

    def reference(self, reference: str) -> int:
        self.same_value.append(self._source.reference(reference, self.keyword, self._schema))
        self.evaluates_as(self.same_value[-1])
        return self.same_value[-1]

    def constant(self, value: object) -> int:
        try:
            return self._source.constant(value, self._schema)
        except InvalidSchema as error:
            raise error.at(self.pointer) from None

    def mention(self, names: Iterable[str]) -> None:
        self._source.mention(names)

    def expression(self, pattern: str, pointer: str) -> frozenset[str] | None:
        """The regular expression ``pattern``, at ``pointer``, is to be judged when all of the schema has been read.

        Returns its texts, if it says so and has few.
        """
        return self._source.expression(pattern, pointer)

    def note(self, text: str) -> None:
        """``text``, which is about this keyword, goes to the notes of the constraint."""
        self._source.note(text, self.pointer)

    # --- checks

    @property
    def pointer(self) -> str:
        return f"{self._source.pointer_of(self._schema)}/{escape(self.keyword)}"

    def invalid(self, expected: str, value: object, remedy: str = "") -> InvalidSchema:
        """The error for a keyword whose ``value`` is not what is ``expected``."""
        shown = repr(value)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return InvalidSchema(f"{self.keyword} must be {expected}, not {shown}", self.pointer, remedy)

    def unsupported(self, problem: str, remedy: str = "") -> UnsupportedSchema:
        return UnsupportedSchema(problem, self.pointer, remedy)

    def number(self, value: object, remedy: str = "") -> Fraction:
        number = exact(value)
        if number is None:
            raise self.invalid("a number", value, remedy)
        return number

    def count(self, value: object) -> int:
        if type(value) is int and value >= 0:
            return value
        number = exact(value)
        if number is None or number < 0 or number.denominator != 1:
            raise self.invalid("a whole number that is not negative", value)
        return int(number)

    def text(self, value: object) -> str:
        if not isinstance(value, str):
            raise self.invalid("a string", value)
        if not is_text(value):
            raise self.invalid("a string without half surrogate pairs", value)
        return value

    def texts(self, value: object) -> list[str]:
        texts: list[Any] = self.array(value)
        return texts if are_texts(texts) else [self.text(text) for text in texts]

    def array(self, value: object) -> list[object]:
        if not isinstance(value, list | tuple):
            raise self.invalid("an array", value)
        return list(value)

    def schemas(self, value: object) -> list[object]:
        schemas = self.array(value)
        if not schemas:
            raise self.invalid("an array of at least one schema", value)
        return schemas

    def members(self, value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self.invalid("an object", value)
        return value if are_texts(value) else {self.text(name): member for name, member in value.items()}


KeywordFunction = Callable[[Site, object], None]
