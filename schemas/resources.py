"""The schema resources that references may lead to: of the schema itself, of the caller's registry, and metaschemas.

A resource is a schema with an identity of its own: the root of a document, or a schema in it with an id. References in
it are relative to its URI. A document is searched for the resources in it only when a reference asks for one by URI or
name, since most schemas refer to themselves by JSON pointers only. The search is our own, and not the one of
``referencing``, because schemas in the wild are broken in places that nothing refers to.

Nothing is fetched, except by the ``retrieve`` function of a registry that the caller gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import referencing
import referencing.jsonschema
from referencing.exceptions import CannotDetermineSpecification, NoSuchResource, Unretrievable

from ..grammar.errors import InvalidSchema
from ..grammar.limits import Budget
from .dialects import DRAFT4, DRAFT6, DRAFT7, DRAFT2019, DRAFT2020, Dialect
from .metaschemas import Metaschemas, standard_metaschemas
from .references import RECURSIVE, Trail, address, names, pointer, subschemas

_SPECIFICATIONS = (
    (referencing.jsonschema.DRAFT4, DRAFT4),
    (referencing.jsonschema.DRAFT6, DRAFT6),
    (referencing.jsonschema.DRAFT7, DRAFT7),
    (referencing.jsonschema.DRAFT201909, DRAFT2019),
    (referencing.jsonschema.DRAFT202012, DRAFT2020),
)
_EMPTY: referencing.Registry = referencing.Registry()
_NOT_THERE = (NoSuchResource, Unretrievable, CannotDetermineSpecification)
_BROKEN = (AttributeError, TypeError, ValueError)


@dataclass(frozen=True, eq=False)
class SchemaResource:
    """A schema that references can be relative to. Compared by identity.

    ``uri``: its own, without fragment, ``""`` where it has none; ``trail``: where ``contents`` stands.
    """

    uri: str
    contents: object
    dialect: Dialect
    trail: Trail


@dataclass(frozen=True)
class Place:
    """A schema, or what is to be one, and where it stands: at ``trail`` in ``resource``."""

    contents: object
    resource: SchemaResource
    trail: Trail


@dataclass(frozen=True)
class Names:
    """The names in one resource: ``places`` by their plain names, which of these are ``dynamic``, and the resources
    right below it."""

    places: dict[str, Place]
    dynamic: frozenset[str]
    embedded: tuple[SchemaResource, ...]


class Resources:
    """The resources that one schema can reach. ``root`` is its own.

    ``default`` is the dialect of documents that name none.
    """

    def __init__(
        self, document: object, default: Dialect, registry: referencing.Registry | None, budget: Budget
    ) -> None:
        self._default = default
        self._registry: referencing.Registry = _EMPTY if registry is None else registry
        self._budget = budget
        self._resources: dict[tuple[int, str, Dialect], SchemaResource] = {}
        self._by_uri: dict[str, SchemaResource] = {}
        self._names: dict[SchemaResource, Names] = {}
        self._metaschemas = Metaschemas()
        self.root = self._root_of(document, "", "", default)
        self._unsearched = [self.root]

    # --- resources

    def identify(self, contents: dict[str, object], outer: SchemaResource, trail: Trail) -> SchemaResource:
        """The resource that ``contents``, a schema object in the resource ``outer``, belongs to.

        That is one of its own if it has an id, by the dialect of ``outer``, and not just that of ``outer``.
        """
        reference, _ = address(contents, outer.dialect)
        uri = join(outer.uri, reference, trail) if reference else outer.uri
        if contents is outer.contents or uri == outer.uri:
            return outer
        dialect = self._metaschemas.dialect_of(contents, outer.dialect, trail, self._metaschema_in_registry)
        return self._resource(uri, contents, dialect, trail)

    def names(self, resource: SchemaResource) -> Names:
        """The names in ``resource``."""
        found = self._names.get(resource)
        if found is None:
            found = self._names[resource] = self._search(resource)
        return found

    def at(self, uri: str) -> SchemaResource | None:
        """The resource at ``uri``, or ``None`` where neither the schema, the registry nor the metaschemas hold it."""
        while uri not in self._by_uri and self._unsearched:
            resource = self._unsearched.pop()
            self._by_uri.setdefault(resource.uri, resource)
            self._unsearched.extend(reversed(self.names(resource).embedded))
        if uri not in self._by_uri:
            found = self._retrieve(uri)
            if found is None:
                return None
            document = self._root_of(found.contents, uri, f"{uri}#", self._dialect_stated(found))
            self._by_uri[uri] = document
            self._unsearched.append(document)
        return self._by_uri[uri]

    def _root_of(self, contents: object, uri: str, trail: Trail, default: Dialect) -> SchemaResource:
        if not isinstance(contents, dict):
            return self._resource(uri, contents, default, trail)
        dialect = self._metaschemas.dialect_of(contents, default, trail, self._metaschema_in_registry)
        reference, _ = address(contents, dialect)
        return self._resource(join(uri, reference, trail) if reference else uri, contents, dialect, trail)

    def _resource(self, uri: str, contents: object, dialect: Dialect, trail: Trail) -> SchemaResource:
        """The one resource with this URI and contents, however it was come by."""
        key = (id(contents), uri, dialect)
        resource = self._resources.get(key)
        if resource is None:
            resource = self._resources[key] = SchemaResource(uri, contents, dialect, trail)
        return resource

    def _search(self, resource: SchemaResource) -> Names:
        """Looks through ``resource`` for names, but not into the resources in it."""
        places: dict[str, Place] = {}
        dynamic: set[str] = set()
        embedded: list[SchemaResource] = []
        if _is_recursive(resource):
            dynamic.add(RECURSIVE)
            places[RECURSIVE] = Place(resource.contents, resource, resource.trail)
        for contents, trail in self._schemas(resource, embedded):
            for name, is_dynamic in names(contents, resource.dialect):
                places.setdefault(name, Place(contents, resource, trail))
                if is_dynamic:
                    dynamic.add(name)
        return Names(places, frozenset(dynamic), tuple(embedded))

    def _schemas(
        self, resource: SchemaResource, embedded: list[SchemaResource]
    ) -> Iterator[tuple[dict[str, object], Trail]]:
        """The schema objects of ``resource``, in the document's order; adds the resources in it to ``embedded``."""
        stack: list[tuple[object, Trail]] = [(resource.contents, resource.trail)]
        while stack:
            self._budget.check()
            contents, trail = stack.pop()
            if not isinstance(contents, dict):
                continue
            inner = self.identify(contents, resource, trail)
            if inner is not resource:
                embedded.append(inner)
                continue
            yield contents, trail
            below = [(member, (trail, path)) for path, member in subschemas(contents, resource.dialect)]
            stack.extend(reversed(below))

    # --- documents

    def _retrieve(self, uri: str) -> referencing.Resource | None:
        return self._registry.get(uri) or _metaschema(uri) or self._crawl(uri)

    def _crawl(self, uri: str) -> referencing.Resource | None:
        """The resource at ``uri``, where it is one inside a document of the registry, or one that it can retrieve."""
        try:
            retrieved = self._registry.get_or_retrieve(uri)
        except _NOT_THERE:
            return None
        except _BROKEN as error:
            raise InvalidSchema(
                f"the registry holds a broken schema, met while looking for {uri!r}: {error}",
                None,
                "check the schemas in it against their metaschemas",
            ) from error
        self._registry = retrieved.registry
        return retrieved.value

    def _metaschema_in_registry(self, uri: str) -> object:
        resource = self._registry.get(uri) or self._crawl(uri)
        return None if resource is None else resource.contents

    def _dialect_stated(self, resource: referencing.Resource) -> Dialect:
        """The dialect that ``resource`` was made with, which counts where its contents name none."""
        for specification, dialect in _SPECIFICATIONS:
            if resource == specification.create_resource(resource.contents):
                return dialect
        return self._default


def join(base: str, reference: str, trail: Trail) -> str:
    """The URI that ``reference``, written at ``trail``, stands for below ``base``."""
    try:
        return urljoin(base, reference)
    except ValueError as error:
        raise InvalidSchema(f"{reference!r} is no URI reference: {error}", pointer(trail)) from None


def _metaschema(uri: str) -> referencing.Resource | None:
    """A standard metaschema, by http or https."""
    scheme, separator, rest = uri.partition("://")
    if not separator or not rest.startswith("json-schema.org/"):
        return None
    known = standard_metaschemas()
    return known.get(uri) or known.get(f"{'http' if scheme == 'https' else 'https'}://{rest}")


def _is_recursive(resource: SchemaResource) -> bool:
    contents = resource.contents
    flagged = isinstance(contents, dict) and contents.get("$recursiveAnchor") is True
    return flagged and resource.dialect.dynamic_anchor == "$recursiveAnchor"
