"""Keywords that assert something and cannot be enforced yet: refused."""

from __future__ import annotations

from .keywords_common import KeywordFunction, Site


def _refuse(site: Site, value: object) -> None:
    raise site.unsupported(f"{site.keyword} is not supported yet", "use $ref")


DRAFT2019: dict[str, KeywordFunction] = {"$recursiveRef": _refuse}

DRAFT2020: dict[str, KeywordFunction] = {"$dynamicRef": _refuse}
