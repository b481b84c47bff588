"""A grammar as the content of a JSON string, as a public value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JsonString:
    """The texts of ``content``, any form of grammar, as JSON strings: in quotes, with the escapes that JSON requires,
    each in its shortest form, as ``json.dumps(ensure_ascii=False)`` writes them.

    Not an indented language: a line that ends in a string is two bytes, ``\\\\n``.
    """

    content: object
