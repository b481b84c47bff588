"""Keywords with and without regard to case, where a name may stand as well: the engine against Lark."""

from __future__ import annotations

import lark
import pytest

import maskwright as mw
from maskwright.grammar.cfg.lark_form import Lark

VOCABULARY = mw.Vocabulary.from_tokens(
    [*(bytes([byte]) for byte in range(256)), b"<eos>"], eos_token_ids=[256], special_token_ids=[256]
)
GRAMMARS = [
    'start: (NAME | "if"i | "then"i) "!"\nNAME: /[a-z]+/i\n',
    'start: "if"i NAME\nNAME: /[a-z]+/i\n%ignore " "\n',
    'start: NAME | "if"i x\nNAME: /[a-z]+/i\n%ignore " "\nx: "y"\n',
    'start: NAME | "if" x | "if"i "z"\nNAME: /[a-zA-Z]+/\n%ignore " "\nx: "y"\n',
    'start: NAME | "as"i x | "k"i\nNAME: /[a-z]+/i\n%ignore " "\nx: "y"\n',
]
DOCUMENTS = [
    *(
        "if",
        "if y",
        "IF y",
        "ify",
        "iff y",
        "x",
        "If!",
        "iffy!",
        "if x",
        "If z",
        "if z",
        "as y",
        "As",
        "AS y",
        "k",
        "K",
    ),
    *("\u212a", "a\u017f", "a\u017f y", "AS"),
]


@pytest.mark.parametrize("text", GRAMMARS)
def test_agrees_with_lark(text: str) -> None:
    parser, constraint = lark.Lark(text, parser="lalr"), mw.compile(Lark(text), VOCABULARY)
    for document in DOCUMENTS:
        matcher = constraint.matcher()
        data = list(document.encode())
        accepted = matcher.accept_tokens(data) == len(data) and matcher.is_accepting()
        assert accepted == parses(parser, document), document


def parses(parser: lark.Lark, document: str) -> bool:
    try:
        parser.parse(document)
    except lark.exceptions.UnexpectedInput:
        return False
    return True
