"""maskwright itself, keys in any order. Errors other than its own are crashes: they would be bugs."""

from __future__ import annotations

from typing import Any

from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012, specification_with

import maskwright as mw

from .protocol import Mask, NoDocument, Session, Setting, empty_mask


class MaskwrightEngine:
    packages = ("maskwright", "numba")
    errors = (mw.MaskwrightError,)

    def __init__(self, vocabulary: mw.Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._mask = empty_mask(vocabulary).reshape(1, -1)
        self._registries: dict[int, Registry[Any]] = {}

    def compile(self, schema: Any, setting: Setting) -> Session:
        options: dict[str, Any] = {"dialect": setting.dialect, "formats": setting.formats}
        options["registry"] = self._registry(setting.remotes)
        specification = mw.JsonSchema(schema, property_order="any", **options)
        try:
            constraint = specification.compile(self._vocabulary)
        except mw.UnsatisfiableSchema:
            return NoDocument(self._mask[0])
        return _MaskwrightSession(constraint.matcher(), self._mask)

    def _registry(self, remotes: tuple[tuple[str, Any], ...]) -> Registry[Any] | None:
        if not remotes:
            return None
        known = self._registries.get(id(remotes))
        if known is None:
            resources = [(address, _resource(contents)) for address, contents in remotes]
            known = self._registries[id(remotes)] = Registry[Any]().with_resources(resources)
        return known


class _MaskwrightSession:
    def __init__(self, matcher: mw.Matcher, mask: Any) -> None:
        self._matcher = matcher
        self._mask = mask
        self.constraint = matcher.constraint
        self.reset = matcher.reset
        self.accept_token = matcher.accept_token
        self.is_accepting = matcher.is_accepting

    def compute_mask(self) -> Mask:
        self._matcher.fill_next_token_bitmask(self._mask)
        mask: Mask = self._mask[0]
        return mask


def _resource(contents: Any) -> Resource[Any]:
    stated = contents.get("$schema") if isinstance(contents, dict) else None
    specification = specification_with(stated) if stated else DRAFT202012
    return specification.create_resource(contents)
