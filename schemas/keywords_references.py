"""Keywords that refer to schemas and that make them known: ``$ref`` and its dynamic forms, ids, anchors, definitions.

The latter assert nothing, and are followed by ``resolver``; here their values are checked.
"""

from __future__ import annotations

import re

from .keywords_common import KeywordFunction, Site

_NAME_2019 = re.compile(r"[A-Za-z][-A-Za-z0-9.:_]*")
_NAME_2020 = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*")


def ref(site: Site, reference: object) -> None:
    site.demand_always(site.reference(site.text(reference)))


def dynamic_ref(site: Site, reference: object) -> None:
    site.demand_always(site.reference(site.text(reference)))


def recursive_ref(site: Site, reference: object) -> None:
    if reference != "#":
        raise site.invalid('"#"', reference, "use $ref to refer to another place")
    site.demand_always(site.reference("#"))


def _definitions(site: Site, schemas: object) -> None:
    site.members(schemas)


def _text(site: Site, value: object) -> None:
    site.text(value)


def _id(site: Site, uri: object) -> None:
    if site.text(uri).partition("#")[2]:
        raise site.invalid("a URI without fragment", uri, "name the schema by $anchor")


def _flag(site: Site, flag: object) -> None:
    if not isinstance(flag, bool):
        raise site.invalid("true or false", flag)


def _anchor_2019(site: Site, name: object) -> None:
    if not _NAME_2019.fullmatch(site.text(name)):
        raise site.invalid("a name of letters, digits and -_:. that begins with a letter", name)


def _anchor_2020(site: Site, name: object) -> None:
    if not _NAME_2020.fullmatch(site.text(name)):
        raise site.invalid("a name of letters, digits and -_. that begins with a letter or _", name)


COMMON: dict[str, KeywordFunction] = {"$ref": ref}

CHECKS_DRAFT4: dict[str, KeywordFunction] = {"id": _text, "definitions": _definitions}
CHECKS_DRAFT6: dict[str, KeywordFunction] = {"$id": _text, "definitions": _definitions}
CHECKS_DRAFT2019: dict[str, KeywordFunction] = {
    "$id": _id,
    "$defs": _definitions,
    "definitions": _definitions,
    "$anchor": _anchor_2019,
    "$recursiveAnchor": _flag,
}
CHECKS_DRAFT2020: dict[str, KeywordFunction] = {
    "$id": _id,
    "$defs": _definitions,
    "definitions": _definitions,
    "$anchor": _anchor_2020,
    "$dynamicAnchor": _anchor_2020,
}
