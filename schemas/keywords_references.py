"""Keywords that refer to schemas: ``$ref`` and its dynamic forms. ``resolver`` follows them."""

from __future__ import annotations

from .keywords_common import KeywordFunction, Site


def ref(site: Site, reference: object) -> None:
    """The value satisfies the schema referred to: in this document, in one embedded in it, or in the registry."""
    site.demand_always(site.reference(site.text(reference)))


def dynamic_ref(site: Site, reference: object) -> None:
    """As ``$ref``, but a dynamic name is that of the outermost document in the dynamic scope."""
    site.demand_always(site.reference(site.text(reference)))


def recursive_ref(site: Site, reference: object) -> None:
    """The value satisfies the outermost document in the dynamic scope that has ``$recursiveAnchor``, or this one."""
    if reference != "#":
        raise site.invalid('"#"', reference, "use $ref to refer to another place")
    site.demand_always(site.reference("#"))


COMMON: dict[str, KeywordFunction] = {"$ref": ref}
