"""The values that options of a JSON schema can have; imports nothing that takes long, so that a wrong one is refused
at once on the command line."""

from __future__ import annotations

from typing import Literal, get_args

from ..grammar.errors import MaskwrightError

PropertyOrder = Literal["schema", "any"]
Whitespace = Literal["formatted", "compact", "any"]
Formats = Literal["assert", "annotate"]
Escapes = Literal["any", "minimal"]
Integers = Literal["any", "plain"]
DialectName = Literal["draft4", "draft6", "draft7", "2019-09", "2020-12"]

CHOICES: dict[str, tuple[str, ...]] = {
    "property_order": get_args(PropertyOrder),
    "whitespace": get_args(Whitespace),
    "formats": get_args(Formats),
    "escapes": get_args(Escapes),
    "integers": get_args(Integers),
    "dialect": get_args(DialectName),
}
_OTHERS = {"whitespace": " or a Regex", "dialect": " or the URI of one"}


def require(option: str, value: object) -> None:
    """Raises ``MaskwrightError`` for a ``value`` that the option cannot have."""
    if value not in CHOICES[option]:
        choices = " or ".join(repr(choice) for choice in CHOICES[option]) + _OTHERS.get(option, "")
        raise MaskwrightError(f"the option {option} is {value!r}", remedy=f"it can be {choices}")
