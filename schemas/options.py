"""How a JSON schema is to be read and its documents are to be written."""

from __future__ import annotations

from dataclasses import dataclass, field

from referencing import Registry

from ..grammar.argument_checks import check_limits, wrong_argument
from ..grammar.blanks import blank_runs
from ..grammar.limits import Limits
from ..grammar.regex_form import Regex
from .choices import Escapes, Formats, Integers, PropertyOrder, Whitespace, require


@dataclass(frozen=True)
class JsonOptions:
    """Options of a JSON schema; a value that is none of those listed raises ``MaskwrightError``.

    ``property_order``: ``"schema"`` asks for properties in the schema's order, ``"any"`` for none.
    ``whitespace``: ``"formatted"`` allows what formatters write, ``"compact"`` none, ``"any"`` all that JSON allows. A
    ``Regex`` has to match what stands between two neighbouring tokens of JSON inside an object or array, be it nothing;
    there is none before and after the document.
    ``formats``: whether ``format`` is an assertion or an annotation.
    ``escapes``: ``"minimal"`` allows only the escapes that JSON requires, each in its shortest form and in lower case,
    as ``json.dumps(ensure_ascii=False)`` writes them.
    ``integers``: ``"plain"`` has the type ``integer`` written in digits alone, without a point or an exponent. It
    is the default for Python types, many of which read ``1e30`` as a float, ``"any"`` that for schemas.
    ``registry``: where remote references are looked up; nothing is ever fetched.
    ``dialect``: that of schemas without a ``$schema`` (its URI, or ``"draft4"``, ``"draft7"``, ``"2020-12"``, ...).
    ``limits``: bounds on the work of compiling.
    """

    property_order: PropertyOrder = "schema"
    whitespace: Whitespace | Regex = "formatted"
    formats: Formats = "assert"
    escapes: Escapes = "any"
    integers: Integers | None = None
    registry: Registry | None = field(default=None, hash=False)
    dialect: str | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        require("property_order", self.property_order)
        if isinstance(self.whitespace, Regex):
            blank_runs(self.whitespace, self.limits)
        else:
            require("whitespace", self.whitespace)
        require("formats", self.formats)
        require("escapes", self.escapes)
        if self.integers is not None:
            require("integers", self.integers)
        check_limits(self.limits)
        if self.registry is not None and not isinstance(self.registry, Registry):
            raise wrong_argument("registry", self.registry, "a referencing.Registry")
