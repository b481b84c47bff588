"""Why no document satisfies a schema: the keywords that exclude each other.

Keywords are left out as long as the rest still cannot be satisfied, many at a time at first (after Zeller and
Hildebrandt's delta debugging, 2002). What is left is looked through for schemas that nothing satisfies by themselves,
such as that of a required property, and of these only the innermost are explained. Keywords below a negation always
stay: without them more might be refused. Not supported: naming all clashes, or a smallest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..grammar.errors import LimitExceeded, UnsatisfiableSchema
from ..grammar.limits import Budget
from .atoms import Atom, ContainsAtLeast, Every, ItemAt, ItemsFrom, KeysSatisfying, Kind, SchemaAtom
from .formula import FALSE, TRUE, VALUE
from .keywords_common import KeywordFunction, Site
from .lowering import Language
from .options import JsonOptions
from .references import pointer
from .satisfiability import Satisfier

_SECONDS = 2.0
"""After so much time what is found so far has to do."""

_SHOWN = 8
"""No more keywords than this are named."""

_PARTS = ("properties", "patternProperties", "prefixItems", "items")
"""Keywords of several schemas, each of which may be ``false``."""


def unsatisfiable(schema: object, options: JsonOptions) -> UnsatisfiableSchema:
    """The error for a ``schema`` that no document satisfies."""
    seconds = min(_SECONDS, options.limits.compile_seconds)
    options = replace(options, limits=replace(options.limits, compile_seconds=seconds))
    try:
        groups = _Explanation(schema, options).groups()
    except LimitExceeded:
        groups = []
    if not groups:
        return UnsatisfiableSchema("no document satisfies the schema", "", "look for keywords that exclude each other")
    clashes = "; ".join(f"nothing satisfies {_listed(group)}" for group in groups)
    return UnsatisfiableSchema(f"no document satisfies the schema: {clashes}", groups[0][0], "change one of them")


def _listed(places: list[str]) -> str:
    if len(places) == 1:
        return places[0]
    if len(places) > _SHOWN:
        return f"{', '.join(places[:_SHOWN])} and {len(places) - _SHOWN} more together"
    return f"{', '.join(places[:-1])} and {places[-1]} together"


class _PartOfLanguage(Language):
    """The language of a schema in which the keywords and ``false`` at the pointers ``left_out`` demand nothing.

    ``places``: the schema that each keyword and ``false`` belongs to. Numbers of schemas do not depend on ``left_out``.
    """

    def __init__(
        self, schema: object, options: JsonOptions, budget: Budget, left_out: frozenset[str] = frozenset()
    ) -> None:
        self.places: dict[str, int] = {}
        self._left_out = left_out
        super().__init__(schema, options, budget)

    def subschema(self, contents: object, parent: int, path: tuple[str, ...]) -> int:
        """As in any language, but ``false`` may be left out."""
        if contents is False and len(path) > 1 and path[0] in _PARTS:
            place = pointer((self._schemas[parent].trail, path))
            self.places[place] = parent
            if place in self._left_out:
                return TRUE
        return super().subschema(contents, parent, path)

    def subschemas(self, members: Mapping[str, object], parent: int, keyword: str) -> dict[str, int]:
        return {name: self.subschema(contents, parent, (keyword, name)) for name, contents in members.items()}

    def value_of(self, schema: int) -> int:
        """The value formula of the schema with this number."""
        return self.formulas.variable(VALUE, SchemaAtom(schema))

    def below(self, schema: int) -> Iterator[tuple[int, bool]]:
        """The schemas that this one speaks of, each with whether its truth, and not its falsehood, helps."""
        for kind in Kind:
            yield from self._schemas_in(self.demand(schema, kind), True)

    def _schemas_in(self, formula: int, positive: bool) -> Iterator[tuple[int, bool]]:
        for helpful, variables in zip((positive, not positive), self.formulas.occurrences(formula), strict=True):
            for variable in variables:
                atom = self.formulas.variable_of(variable).atom
                if isinstance(atom, SchemaAtom):
                    yield atom.schema, helpful
                else:
                    yield from self._schemas_of(atom, helpful)

    def _schemas_of(self, atom: Atom, positive: bool) -> Iterator[tuple[int, bool]]:
        if isinstance(atom, Every | ItemAt | ItemsFrom | ContainsAtLeast):
            yield from self._schemas_in(atom.value, positive)
        if isinstance(atom, Every) and isinstance(atom.selector, KeysSatisfying):
            yield from self._schemas_in(atom.selector.name, not positive)

    @staticmethod
    def _short_contents(contents: dict[str, object], keywords: list[str]) -> None:
        """Schemas that say the same stay apart, because they stand at different places."""

    def _apply(self, function: KeywordFunction, site: Site, value: object, schema: int) -> None:
        self.places[site.pointer] = schema
        allowed, everywhere = site.allowed, list(site.everywhere)
        by_kind = {kind: list(demands) for kind, demands in site.by_kind.items()}
        unevaluated = dict(site.unevaluated)
        function(site, value)
        if site.pointer in self._left_out:
            site.allowed, site.everywhere, site.by_kind = allowed, everywhere, by_kind
            site.evaluated.unevaluated = unevaluated


class _Explanation:
    """The search for clashes; stops early when time is up."""

    def __init__(self, schema: object, options: JsonOptions) -> None:
        self._schema = schema
        self._options = options
        self._budget = Budget(options.limits)
        self._whole = _PartOfLanguage(schema, options, self._budget)
        self._candidates = self._without_negated(self._whole)

    def groups(self) -> list[list[str]]:
        """Places that cannot be satisfied together, outer ones left out."""
        clashing = self._smallest(self._candidates, None)
        groups = [_innermost_places(self._smallest(clashing, schema)) for schema in self._innermost(clashing)]
        return groups or [_innermost_places(clashing)] if clashing else []

    def _smallest(self, places: list[str], schema: int | None) -> list[str]:
        """Some of ``places`` because of which nothing satisfies the ``schema``, which is the root if it is ``None``."""
        size = len(places)
        while size:
            start = 0
            while start < len(places):
                fewer = places[:start] + places[start + size :]
                if self._clash(fewer, schema):
                    places = fewer
                else:
                    start += size
            size //= 2
        return places

    def _clash(self, places: list[str], schema: int | None) -> bool:
        """Whether ``places``, together with what is below negations, leave no value; no if time is up."""
        try:
            self._budget.check()
            language = self._part(places)
            return not Satisfier(language).value(language.root if schema is None else language.value_of(schema))
        except LimitExceeded:
            return False

    def _part(self, places: Iterable[str]) -> _PartOfLanguage:
        return _PartOfLanguage(
            self._schema, self._options, self._budget, frozenset(self._candidates).difference(places)
        )

    def _without_negated(self, language: _PartOfLanguage) -> list[str]:
        """The places of ``language`` but for those in schemas whose falsehood can help."""
        if language.root in (TRUE, FALSE):
            return []
        work = list(language._schemas_in(language.root, True))
        reached = set(work)
        while work:
            schema, positive = work.pop()
            fresh = {(below, helps == positive) for below, helps in language.below(schema)} - reached
            reached |= fresh
            work += fresh
        return [place for place, schema in language.places.items() if (schema, False) not in reached]

    def _innermost(self, places: list[str]) -> list[int]:
        """The schemas that nothing satisfies though something satisfies each of those that they speak of."""
        self._budget.restart()
        try:
            language = self._part(places)
            satisfier = Satisfier(language)
            schemas = {language.places[place] for place in places}
            empty = {schema for schema in sorted(schemas) if not satisfier.value(language.value_of(schema))}
        except LimitExceeded:
            return []
        return [schema for schema in sorted(empty) if empty.isdisjoint(below for below, _ in language.below(schema))]


def _innermost_places(places: list[str]) -> list[str]:
    """``places`` without those that others are below of; those that say ``type`` last."""
    outer = {place[:end] for place in places for end, character in enumerate(place) if character == "/"}
    return sorted((place for place in places if place not in outer), key=lambda place: place.endswith("/type"))
