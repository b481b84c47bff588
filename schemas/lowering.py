"""A JSON schema read as formulas: what it demands of a value whose kind is known.

Reading is done once for every schema object that can be reached, by a worklist and therefore at any depth, and raises
at once whatever is wrong or unsupported. What comes out, for a schema and a kind, is a formula over atoms about the
value, and over other schemas that the same value must satisfy (``$ref``, ``anyOf``, ...). ``lower`` expands the latter
and puts the atoms at the depth asked for.

A *value formula* is a formula over schemas: "the value satisfies S1 and (S2 or S3)". Schemas are told apart by the
identity of their contents and the scope of their references; a schema that is a bare ``$ref`` is its target, one
without assertions is ``TRUE``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from itertools import chain

from ..grammar.errors import InvalidSchema
from ..grammar.limits import Budget
from ..grammar.regex_evident import listed_texts
from .atoms import Atom, Kind, Literal, Matches, SchemaAtom, literals_in
from .coverage import covers, unevaluated_items, unevaluated_properties
from .dialects import DEFAULT, dialect_named, parted
from .direct import lowered_directly
from .disjointness import told_apart
from .equality import Equality
from .flat_sites import known_site, remember_site
from .formula import FALSE, TRUE, VALUE, Formulas, Operator
from .identity import FlatKey, flat_key
from .keywords_common import Evaluated, KeywordFunction, Site
from .keywords_silent import SilentKeyword
from .options import JsonOptions
from .placing import Placed
from .plain import PlainDemands
from .references import Trail, pointer
from .resolver import Resolver, Scope
from .resources import Resources
from .theory_strings import string_satisfies
from .values import Constant, Constants

_ROOT = 0
_schema_atom = lru_cache(1024)(SchemaAtom)  # each document numbers its schemas from 0


class _Schema:
    """A schema object or a constant: where it stands and, once read, what it demands.

    ``value`` is the value formula "the value satisfies this schema", ``None`` while a chain of references is followed.
    """

    __slots__ = ("constant", "listed", "scope", "site", "trail", "value")

    def __init__(self, trail: Trail, scope: Scope) -> None:
        self.trail = trail
        self.scope = scope
        self.value: int | None = None
        self.site: Site | None = None
        self.constant: Constant | None = None
        self.listed: dict[Kind, int] | None = None


class Language:
    """The documents that ``schema`` describes.

    ``root`` is the value formula of the whole document, ``formulas`` the store of all formulas, ``schema`` what was
    read, ``sites`` what was read of the schemas with these value formulas, ``plain`` what of it is simple, ``patterns``
    its regular expressions with the pointers of their keywords, ``budget`` what that and all that follows may take.
    Raises ``InvalidSchema`` and ``UnsupportedSchema``, both with the JSON pointer of the keyword. Not for several
    threads at once: all methods may add to the stores.
    """

    _short_contents = staticmethod(flat_key)
    """What a schema says, where that is short: one that says the same is the same schema."""

    def __init__(self, schema: object, options: JsonOptions | None = None, budget: Budget | None = None) -> None:
        self.schema = schema
        self.options = options or JsonOptions()
        self.budget = budget or Budget(self.options.limits)
        self.formulas = Formulas()
        default = DEFAULT if self.options.dialect is None else dialect_named(self.options.dialect)
        self._resolver = Resolver(Resources(schema, default, self.options.registry, self.budget))
        self._schemas: list[_Schema] = []
        self.sites: dict[int, Site] = {}
        self._known: dict[tuple[Scope, int | FlatKey], _Schema] = {}
        self._unread: deque[tuple[int, dict[str, object], FlatKey | None]] = deque()
        ordered = self.options.property_order == "schema"
        self._constants = Constants(ordered=ordered)
        self._equality = Equality(self.formulas, self.mention, ordered)
        self._constant_schemas: dict[int, int] = {}
        self._lists: dict[frozenset[int], int] = {}
        self._ranks: dict[str, int] = {}
        self._notes: dict[str, str] = {}
        self.patterns: dict[str, str] = {}
        self._demands: dict[tuple[int, Kind], int] = {}
        self._expansions: dict[tuple[int, Kind], int] = {}
        self._lowered: dict[tuple[int, Kind, int], int | None] = {}
        self._literals_are_numbered = False
        self._with_references: list[int] = []
        self.plain = PlainDemands(self)
        self.key_class_memo: dict[object, object] = {}
        self.root = self._read_all(schema)

    # --- what a schema says

    def lower(self, value: int, kind: Kind, depth: int) -> int:
        """What the value formula ``value`` demands of a value of ``kind``, over atoms at ``depth``.

        ``TRUE`` or ``FALSE`` for null, true and false.
        """
        key = (value, kind, depth)
        lowered = self._lowered.get(key)
        if lowered is None:
            lowered = self._lowered[key] = lowered_directly(self, value, kind, depth)
        if lowered is None:
            formulas = self.formulas
            expansions = {v: self._expand(self._schema_of(v), kind) for v in formulas.support(value)}
            expanded = expansions[value] if value in expansions else formulas.substitute(value, expansions)
            shift = {
                variable: formulas.variable(depth, formulas.variable_of(variable).atom)
                for variable in sorted(formulas.support(expanded))
            }
            lowered = self._lowered[key] = formulas.substitute(expanded, shift)
        return lowered

    def site(self, schema: int) -> Site | None:
        """What was read of the schema with this identity; ``None`` for a constant or a list of these."""
        return self._schemas[schema].site

    def pointer_of(self, schema: int) -> str:
        """The JSON pointer of the schema with this identity, after ``uri#`` if it is in another document.

        For a constant, that of the schema that holds it.
        """
        return pointer(self._schemas[schema].trail)

    def placed(self, value: int) -> Placed:
        """For work on a value formula, or one that holds some: a limit exceeded is placed at its first schema."""
        return Placed(self.first_pointer, value)

    def first_pointer(self, value: int) -> str:
        """The pointer of the first schema in the formula ``value``; ``""`` if there is none in it."""
        variables = map(self.formulas.variable_of, sorted(self.formulas.support(value)))
        schemas = (variable.atom.schema for variable in variables if isinstance(variable.atom, SchemaAtom))
        return next(map(self.pointer_of, schemas), "")

    def rank(self, name: str) -> int:
        """The place of the property ``name`` in the order in which the schema mentions names."""
        return self._ranks.setdefault(name, len(self._ranks))

    def by_rank(self, names: Set[str]) -> list[str]:
        """``names`` in the order of their ranks."""
        known = self._ranks
        if not known.keys() >= names:
            self.mention(sorted(names))
        return sorted(names, key=known.__getitem__)

    @property
    def notes(self) -> list[str]:
        """What the user should know about how the schema was read."""
        return [f"{text}; first at {pointer}" for text, pointer in self._notes.items()]

    # --- what keyword functions ask for

    def subschema(self, contents: object, parent: int, path: tuple[str, ...]) -> int:
        """The value formula of the schema ``contents`` at ``path`` below ``parent``; to be read later."""
        above = self._schemas[parent]
        return self._register(contents, (above.trail, path), above.scope)

    def subschemas(self, members: Mapping[str, object], parent: int, keyword: str) -> dict[str, int]:
        """The value formulas of all schemas that ``keyword`` of the schema ``parent`` holds by name."""
        above = self._schemas[parent]
        trail, scope = above.trail, above.scope
        register = self._register
        return {name: register(contents, (trail, (keyword, name)), scope) for name, contents in members.items()}

    def reference(self, reference: str, keyword: str, parent: int) -> int:
        """The value formula of what ``reference``, the value of ``keyword`` in the schema ``parent``, leads to."""
        return self._register(*self._target(reference, keyword, self._schemas[parent]))

    def own_demands(self, value: int, kind: Kind) -> tuple[int, ...]:
        """Formulas that follow from ``value`` for a value of ``kind``; what other schemas ask of it is left out."""
        found: list[int] = []
        for part in self.formulas.conjuncts(value):
            if part == FALSE:
                return (FALSE,)
            if self.formulas.operator(part) is Operator.VARIABLE:
                found += self.formulas.conjuncts(self.demand(self._schema_of(part), kind))
        return tuple(found)

    def constant(self, value: object, parent: int = _ROOT) -> int:
        """The value formula "is equal to ``value``"."""
        return self._constant(self._constants.number(value), parent)

    def one_of(self, values: Iterable[object]) -> int:
        """The value formula "is equal to one of ``values``"; all strings, and all numbers, are one atom."""
        numbers = frozenset(map(self._constants.number, values))
        schema = self._lists.get(numbers)
        if schema is None:
            schema = self._lists[numbers] = len(self._schemas)
            holder = self._schemas[_ROOT] if self._schemas else _Schema("", self._resolver.root)
            entry = _Schema(holder.trail, holder.scope)
            self._schemas.append(entry)
            constants = [self._constants[number] for number in sorted(numbers)]
            entry.listed = self._equality.demands(constants, lambda part: self._constant(part, schema))
        return self._variable(schema)

    def mention(self, names: Iterable[str]) -> None:
        """Ranks ``names``, where they have no rank yet."""
        ranks = self._ranks
        for name in names:
            if name not in ranks:
                ranks[name] = len(ranks)

    def expression(self, pattern: str, pointer: str) -> frozenset[str] | None:
        """Adds a regular expression to ``patterns``, with the first place of it; its texts, if these are few."""
        self.patterns.setdefault(pattern, pointer)
        return listed_texts(pattern, self.budget)

    def note(self, text: str, pointer: str) -> None:
        """Adds ``text`` to ``notes``, with the first place that it is about."""
        self._notes.setdefault(text, pointer)

    # --- reading

    def _read_all(self, schema: object) -> int:
        root = self._register(schema, "", self._resolver.root)
        while self._unread:
            self.budget.check()
            self._read(*self._unread.popleft())
        self._refuse_loops()
        return root

    def _register(self, contents: object, trail: Trail, scope: Scope) -> int:
        """The value formula of the schema ``contents`` at ``trail``, come to in ``scope``; to be read later.

        A schema that says nothing but ``$ref`` is its target. Those that say the same and are short have one formula:
        most properties of most schemas say little more than their type, so this saves most of the work to come.
        """
        followed: list[_Schema] = []
        while True:
            if not isinstance(contents, dict):
                value = self._boolean(contents, trail)
                break
            if "$id" in contents or "id" in contents:
                scope = self._resolver.enter(contents, scope, trail)
            keywords, annotations = parted(scope.resource.dialect, tuple(contents))
            if annotations:
                _check_annotations(contents, annotations, trail)
            if not keywords:
                value = TRUE
                break
            key = self._short_contents(contents, keywords)
            identity = scope, id(contents) if key is None else key
            known = self._known.get(identity)
            if known is not None:
                if known.value is None:
                    raise InvalidSchema("a $ref that leads back to itself", pointer(known.trail))
                value = known.value
                break
            number = len(self._schemas)
            schema = self._known[identity] = _Schema(trail, scope)
            self._schemas.append(schema)
            if keywords != ["$ref"]:
                value = schema.value = self.formulas.new_variable(VALUE, _schema_atom(number))
                site = known_site(scope.resource.dialect, self.options, key)
                if site is None:
                    self._unread.append((number, contents, key))
                else:
                    schema.site = self.sites[value] = site
                break
            followed.append(schema)
            contents, trail, scope = self._target(contents["$ref"], "$ref", schema)
        for schema in followed:
            schema.value = value
        return value

    def _boolean(self, contents: object, trail: Trail) -> int:
        if not isinstance(contents, bool):
            raise InvalidSchema(f"a schema must be an object, true or false, not {contents!r:.60}", pointer(trail))
        return TRUE if contents else FALSE

    def _target(self, reference: object, keyword: str, schema: _Schema) -> tuple[object, Trail, Scope]:
        """Where ``reference``, the value of ``keyword`` in ``schema``, leads to: contents, their trail and scope."""
        if not isinstance(reference, str):
            place = pointer((schema.trail, (keyword,)))
            raise InvalidSchema(f"{keyword} must be a string, not {reference!r:.60}", place)
        target = self._resolver.resolve(reference, keyword, schema.scope, schema.trail)
        return target.contents, target.trail, target.scope

    def _read(self, number: int, contents: dict[str, object], key: FlatKey | None) -> None:
        schema = self._schemas[number]
        dialect = schema.scope.resource.dialect
        site = schema.site = Site(self, number, contents)
        keywords, apply = dialect.keywords, self._apply
        for keyword, value in contents.items():
            if keyword in keywords:
                site.keyword = keyword
                apply(keywords[keyword], site, value, number)
        site.end()
        if site.same_value:
            self._with_references.append(number)
        assert schema.value is not None
        self.sites[schema.value] = site
        remember_site(dialect, self.options, key, site)

    def _apply(self, function: KeywordFunction, site: Site, value: object, schema: int) -> None:
        """Reads a keyword of the schema that is numbered ``schema``."""
        function(site, value)

    def _refuse_loops(self) -> None:
        """Raises where a schema refers to itself about the same value: whether a value satisfies it is undefined."""
        if not self._with_references:
            return
        done: set[int] = set()
        for start in self._with_references:
            path: dict[int, None] = {}
            stack = [start]
            while stack:
                number = stack[-1]
                if number in done:
                    stack.pop()
                elif number in path:
                    stack.pop()
                    path.popitem()
                    done.add(number)
                else:
                    path[number] = None
                    for inner in self._same_value(number):
                        if inner in path:
                            raise self._loop([*path], inner)
                        stack.append(inner)

    def _loop(self, path: list[int], start: int) -> InvalidSchema:
        places = ", ".join(f"#{self.pointer_of(number)}" for number in path[path.index(start) :][:5])
        return InvalidSchema(f"a schema that refers back to itself, by way of {places}", self.pointer_of(start))

    def _same_value(self, number: int) -> set[int]:
        """The schemas that a value must satisfy, or may have to, because it is to satisfy this one."""
        site = self._schemas[number].site
        if site is None or not site.same_value:
            return set()
        variables = frozenset[int]().union(*map(self.formulas.support, site.same_value))
        return {self._schema_of(variable) for variable in variables}

    def _schema_of(self, variable: int) -> int:
        atom = self.formulas.variable_of(variable).atom
        assert isinstance(atom, SchemaAtom)
        return atom.schema

    def _variable(self, number: int) -> int:
        return self.formulas.variable(VALUE, _schema_atom(number))

    def _atom(self, atom: Atom) -> int:
        return self.formulas.variable(VALUE, atom)

    # --- demands

    def _expand(self, schema: int, kind: Kind) -> int:
        """What ``schema`` demands of a value of ``kind``, over atoms at depth ``VALUE`` without other schemas."""
        known = self._expansions.get((schema, kind))
        if known is not None:
            return known
        formulas = self.formulas
        stack = [schema]
        while stack:
            number = stack[-1]
            if (number, kind) in self._expansions:
                stack.pop()
                continue
            demand = self.demand(number, kind)
            inner = {
                variable: self._schema_of(variable)
                for variable in formulas.support(demand)
                if isinstance(formulas.variable_of(variable).atom, SchemaAtom)
            }
            waiting = [other for other in inner.values() if (other, kind) not in self._expansions]
            if waiting:
                stack.extend(waiting)
            else:
                expanded = {variable: self._expansions[other, kind] for variable, other in inner.items()}
                self._expansions[number, kind] = told_apart(self, formulas.substitute(demand, expanded))
                stack.pop()
        return self._expansions[schema, kind]

    def demand(self, number: int, kind: Kind) -> int:
        """What a schema demands of a value of ``kind``, at depth ``VALUE``; other schemas are not expanded."""
        key = (number, kind)
        demand = self._demands.get(key)
        if demand is None:
            demand = self._demands[key] = self._own_demand(number, kind)
        return demand

    def _own_demand(self, number: int, kind: Kind) -> int:
        schema = self._schemas[number]
        if schema.constant is not None:
            return self._equality.demand(schema.constant, kind, lambda part: self._constant(part, number))
        if schema.listed is not None:
            return schema.listed[kind]
        site = schema.site
        if site is None or kind not in site.allowed:
            return TRUE if site is None else FALSE
        self._number_literals()
        demands = [*site.everywhere]
        for part in site.by_kind.get(kind, ()):
            if isinstance(part, int):
                demands.append(part)
            else:
                demands += map(self._formula_of, literals_in((part,)))
        if site.unevaluated.get(kind, TRUE) != TRUE:
            demands.append(self._unevaluated(site, kind))
        return self.formulas.conjunction(demands)

    def _number_literals(self) -> None:
        """Makes variables of all literals, in the order in which they were read: searches try them in this order."""
        if not self._literals_are_numbered:
            self._literals_are_numbered = True
            for schema in self._schemas:
                demands = () if schema.site is None else schema.site.by_kind.values()
                statements = [part for part in chain.from_iterable(demands) if not isinstance(part, int)]
                for literal in literals_in(statements):
                    self._atom(literal.atom)

    def _formula_of(self, literal: Literal) -> int:
        variable = self._atom(literal.atom)
        return variable if literal.is_true else self.formulas.negation(variable)

    def _unevaluated(self, site: Site, kind: Kind) -> int:
        """What an ``unevaluated...`` keyword demands of a value of ``kind``."""
        value = site.unevaluated[kind]
        found = covers(self.formulas, kind, site.evaluated, self._evaluated_by)
        if kind is Kind.ARRAY:
            return unevaluated_items(self.formulas, value, found)
        budget = self.budget
        return unevaluated_properties(
            self.formulas, value, found, lambda pattern, name: string_satisfies(Matches(pattern), name, budget)
        )

    def _evaluated_by(self, value: int) -> Evaluated | None:
        site = None if value in (TRUE, FALSE) else self._schemas[self._schema_of(value)].site
        return None if site is None else site.evaluated

    def _constant(self, constant: int, parent: int) -> int:
        number = self._constant_schemas.get(constant)
        if number is None:
            number = self._constant_schemas[constant] = len(self._schemas)
            holder = self._schemas[parent] if self._schemas else _Schema("", self._resolver.root)
            entry = _Schema(holder.trail, holder.scope)
            entry.constant = self._constants[constant]
            self._schemas.append(entry)
        return self._variable(number)


def _check_annotations(contents: dict[str, object], annotations: list[tuple[str, SilentKeyword]], trail: Trail) -> None:
    """Raises where a keyword that is no assertion has a value that it cannot have."""
    for keyword, silent in annotations:
        if not silent.accepts(contents[keyword]):
            problem = f"{keyword} must be {silent.expected}, not {contents[keyword]!r:.60}"
            raise InvalidSchema(problem, pointer((trail, (keyword,))), silent.remedy)
