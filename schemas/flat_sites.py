"""What short schemas demand, remembered from one schema document to the next.

``{"type": "string"}`` and its like are most of what there is to read. What they demand depends on nothing around them,
so it is read once for each dialect, and for the options that say what its keywords mean.
"""

from __future__ import annotations

from .dialects import Dialect
from .formats import FORMATS
from .identity import FlatKey
from .keywords_common import Site
from .options import JsonOptions

_MOST = 4096

_WITHOUT_CONTEXT = frozenset(
    (
        *("type", "enum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties"),
        *("maxProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    )
)
"""Keywords that mean the same wherever they stand, and leave no trace but what they demand."""

_NOTED_FORMATS = frozenset(name for name, known in FORMATS.items() if known.note)

_sites: dict[tuple[Dialect, str, str | None, FlatKey], Site] = {}


def known_site(dialect: Dialect, options: JsonOptions, key: FlatKey | None) -> Site | None:
    """What was read of a schema with the same short contents, if it is remembered."""
    return None if key is None else _sites.get((dialect, options.formats, options.integers, key))


def remember_site(dialect: Dialect, options: JsonOptions, key: FlatKey | None, site: Site) -> None:
    """Keep ``site``, of a schema with the contents ``key``, unless where it stands may matter."""
    if key is None or not all(_is_without_context(part, options) for part in key):
        return
    if len(_sites) >= _MOST:
        _sites.clear()
    site.is_everywhere = True
    _sites[dialect, options.formats, options.integers, key] = site


def _is_without_context(part: tuple[object, ...], options: JsonOptions) -> bool:
    keyword, name = part[:2]
    if keyword == "format":  # an unknown or inexact one is noted where it stands
        return options.formats == "annotate" or (name in FORMATS and name not in _NOTED_FORMATS)
    if keyword == "const":  # the items of an array are schemas of their own
        return name is not True
    return keyword in _WITHOUT_CONTEXT
