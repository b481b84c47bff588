"""A grammar in Lark's language, as a public value."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike


@dataclass(frozen=True)
class Lark:
    """The texts that Lark's ``Lark(text, parser="lalr", start=start, postlex=indenter)`` accepts, for any grammar.

    ``text``: the grammar, or the path of its file; a string is a path if it names a file. ``%import .name`` then looks
    beside it. Lark's own grammars (``common``, ``python``, ``unicode``, ``lark``) can be imported always. ``indenter``:
    a ``lark.indenter.Indenter``, or a class of it.

    Beyond Lark, these stand where a terminal may stand in a rule, or define one: ``%json {schema}``, ``%regex
    /pattern/`` (ECMA-262, as a whole), ``%regex {"substring_words": text}`` (also ``substring_chars`` and
    ``substring_chunks``), and special tokens of the vocabulary, ``<|name|>`` or ``<[7,10-12]>``. Of llguidance's
    language there are ``item{2,5}``, rules that are ``[lazy]`` or end with a ``[suffix="text"]``, rules with a
    parameter (``rule::_``, ``rule::set_bit(3)``, ``%if bit_clear(3)``) and ``%lark {grammar}``.
    """

    text: str | PathLike[str]
    start: str = "start"
    indenter: object = None
