"""What references lead to: by URI, name or JSON pointer, relative to a resource, and dynamically.

The dynamic scope of a schema is the list of resources that evaluation has come through. All that matters of it is, for
each dynamic name, the outermost resource that has it: a ``Scope`` holds just that, so that there are few of them and a
schema's identity, which is its contents and its scope, stays finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from ..grammar.errors import InvalidSchema
from .meant import meant
from .references import RECURSIVE, Role, Trail, escape, pointer, step, unescape
from .resources import Place, Resources, SchemaResource, join

_ADD = "add the document to the option registry: nothing is fetched"
_CORRECT = "write what is meant there, for instance under $defs"
_MOST_SHOWN = 4


@dataclass(frozen=True, eq=False)
class Scope:
    """Where a schema is read: in ``resource``, come to through others. Equal scopes are the same object.

    ``bound``: for each dynamic name, the outermost resource that has it; ``None`` for the root's, who knows only its
    own and which are looked up when they are needed.
    """

    resource: SchemaResource
    bound: frozenset[tuple[str, SchemaResource]] | None


@dataclass(frozen=True)
class Target:
    """What a reference leads to: ``contents`` at ``trail``, to be read in ``scope``."""

    contents: object
    scope: Scope
    trail: Trail


class Resolver:
    """Resolves references among ``resources``. ``root`` is the scope of the schema itself."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._scopes: dict[tuple[SchemaResource, frozenset[tuple[str, SchemaResource]]], Scope] = {}
        self._targets: dict[tuple[str, str, Scope], Target] = {}
        self.root = Scope(resources.root, None)

    def enter(self, contents: dict[str, object], scope: Scope, trail: Trail) -> Scope:
        """The scope of ``contents``, a schema object found in ``scope``."""
        return self._scope(scope, self._resources.identify(contents, scope.resource, trail))

    def resolve(self, reference: str, keyword: str, scope: Scope, trail: Trail) -> Target:
        """What ``reference``, the value of ``keyword`` in the schema at ``trail``, leads to.

        Raises ``InvalidSchema`` where that is nowhere.
        """
        key = (reference, keyword, scope)
        target = self._targets.get(key)
        if target is None:
            place = self._place(reference, keyword, scope.resource, trail)
            if keyword != "$ref":
                place = self._dynamic_place(place, unquote(reference.partition("#")[2]), scope)
            target = Target(place.contents, self._scope(scope, place.resource), place.trail)
            self._targets[key] = target
        return target

    # --- where a reference leads, as it is written

    def _place(self, reference: str, keyword: str, base: SchemaResource, trail: Trail) -> Place:
        uri, _, fragment = reference.partition("#")
        resource = self._resource(uri, base, (trail, (keyword,))) if uri else base
        fragment = unquote(fragment)
        if not fragment or fragment.startswith("/"):
            place = self._pointed_at(resource, fragment)
        else:
            place = self._resources.names(resource).places.get(fragment)
        if place is None:
            raise InvalidSchema(
                f"{keyword} to nowhere, {reference!r:.200}",
                pointer((trail, (keyword,))),
                self._remedy(resource, fragment, _CORRECT),
            )
        if not isinstance(place.contents, dict | bool):
            raise InvalidSchema(f"{keyword} to what is no schema, {reference!r:.200}", pointer((trail, (keyword,))))
        return place

    def _resource(self, reference: str, base: SchemaResource, trail: Trail) -> SchemaResource:
        uri = join(base.uri, reference, trail)
        found = base if uri == base.uri else self._resources.at(uri)
        if found is None:
            remedy = self._remedy(base, reference, _ADD)
            raise InvalidSchema(f"a reference to an unknown document, {uri!r:.200}", pointer(trail), remedy)
        return found

    def _remedy(self, resource: SchemaResource, reference: str, otherwise: str) -> str:
        """What to do about ``reference``, which leads nowhere: the place in ``resource`` with such a name, if any."""
        places = self._named_places(resource, reference)
        found = meant(unescape(reference.rpartition("/")[2]), tuple(places))
        if found is not None:
            return f"perhaps {places[found]!r} is meant"
        shown = [repr(place) for place in places.values()]
        if otherwise is _ADD or not shown:
            return otherwise
        more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
        return f"it could lead to {', '.join(shown[:_MOST_SHOWN])}{more}"

    def _named_places(self, resource: SchemaResource, reference: str) -> dict[str, str]:
        """References to names, to definitions, and to what stands beside the missing place; by their last token."""
        places = {name: f"#{name}" for name in self._resources.names(resource).places if name != RECURSIVE}
        ways = [("$defs",), ("definitions",), reference.split("/")[1:-1] if reference.startswith("/") else ()]
        for tokens in ways:
            contents, way = resource.contents, "#"
            for token in tokens:
                contents = contents.get(unescape(token)) if isinstance(contents, dict) else None
                way += f"/{token}"
            if isinstance(contents, dict):
                places |= {
                    name: f"{way}/{escape(name)}" for name, below in contents.items() if isinstance(below, dict | bool)
                }
        return places

    def _pointed_at(self, resource: SchemaResource, path: str) -> Place | None:
        """The place at the JSON pointer ``path`` below ``resource``, which may lead into resources inside it."""
        contents, trail, role = resource.contents, resource.trail, Role.SCHEMA
        for token in map(unescape, path.split("/")[1:]):
            below = step(contents, token, role, resource.dialect)
            if below is None:
                return None
            contents, role = below
            trail = (trail, (token,))
            if role is Role.SCHEMA and isinstance(contents, dict):
                resource = self._resources.identify(contents, resource, trail)
        return Place(contents, resource, trail)

    # --- where it leads dynamically

    def _dynamic_place(self, place: Place, name: str, scope: Scope) -> Place:
        """The place with this dynamic name in the outermost resource that has it; ``place`` if it is not so named."""
        if name not in self._resources.names(place.resource).dynamic:
            return place
        outermost = dict(self._bound(scope)).get(name, place.resource)
        return self._resources.names(outermost).places[name]

    def _scope(self, scope: Scope, resource: SchemaResource) -> Scope:
        """The scope in ``resource``, come to from ``scope``."""
        if resource is scope.resource:
            return scope
        bound = self._bound(scope)
        self._scopes.setdefault((scope.resource, bound), scope)
        key = (resource, self._with_names(bound, resource))
        return self._scopes.setdefault(key, Scope(*key))

    def _bound(self, scope: Scope) -> frozenset[tuple[str, SchemaResource]]:
        return self._with_names(frozenset(), scope.resource) if scope.bound is None else scope.bound

    def _with_names(
        self, bound: frozenset[tuple[str, SchemaResource]], resource: SchemaResource
    ) -> frozenset[tuple[str, SchemaResource]]:
        if not resource.dialect.dynamic_anchor:
            return bound
        taken = {name for name, _ in bound}
        return bound | {(name, resource) for name in self._resources.names(resource).dynamic if name not in taken}
