"""``maskwright explain``: which tokens may follow the beginning of a document, and why."""

from __future__ import annotations

import re
import sys

import numpy as np
from numpy.typing import NDArray

from .cli_check import byte_vocabulary, describe, expectation, first_deviation, keyword_notes
from .cli_input import errors_naming, quieten_transformers
from .cli_places import place_after
from .generation.models import load, load_tokenizer
from .grammar.cfg.forms import read_form
from .grammar.cfg.model import Lexing
from .grammar.errors import MaskwrightError
from .grammar.limits import Budget
from .grammar.matcher import Constraint, Matcher
from .grammar.vocabulary import Vocabulary
from .schemas.specification import GrammarSpecification, Specification, vocabulary_of

_NAMES = 20
_LONGEST_NAME = 40


def explain_prefix(path: str, schema: Specification, prefix: str, tokenizer: str | None, limit: int) -> int:
    """The exit code: 1 if the prefix is not the beginning of a document."""
    quieten_transformers()
    data = prefix.encode(errors="surrogateescape")
    is_grammar = isinstance(schema, GrammarSpecification)
    with errors_naming(path):
        by_bytes = schema.compile(byte_vocabulary())
        deviation = first_deviation(by_bytes, data)
        if deviation is not None and deviation.offset < len(data):
            sys.stdout.write(f"the prefix is {describe(deviation, data, not is_grammar)}\n")
            return 1
        vocabulary = vocabulary_of(load(None)[1] if tokenizer is None else load_tokenizer(tokenizer))
        matcher = schema.compile(vocabulary).matcher()
        _read(matcher, data)
        mask = np.zeros((1, -(-vocabulary.size // 32)), np.int32)
        matcher.fill_next_token_bitmask(mask)
        allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
        bytewise = by_bytes.matcher()
        bytewise.accept_tokens(list(data))
        place = None if is_grammar else place_after(prefix)
        lines = [
            *([f"where:    {place}"] if place else _about(schema, by_bytes)),
            f"expected: {expectation(bytewise, place)}",
            f"forced:   {matcher.forced_bytes().decode(errors='ignore')!r}",
            f"allowed:  {len(allowed)} of {vocabulary.size} tokens",
            *(_line(vocabulary, token) for token in _sample(vocabulary, allowed, limit)),
            *(f"note:     {note}" for note in [*by_bytes.notes, *keyword_notes(schema)] if place),
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _read(matcher: Matcher, data: bytes) -> None:
    """Have ``matcher`` read ``data``, in which special tokens may stand by name.

    Raises ``MaskwrightError`` where no tokens of the vocabulary are its beginning.
    """
    vocabulary = matcher.constraint.vocabulary
    named = {name.encode(): i for name, i in vocabulary.special_tokens.items() if i not in vocabulary.eos_token_ids}
    names = sorted(filter(None, named), key=len, reverse=True)
    parts = re.split(b"(%s)" % b"|".join(map(re.escape, names)), data) if names else [data]
    for texts in ([data], parts):
        ids = [i for text in texts if text for i in ([named[text]] if text in named else vocabulary.tokenize(text))]
        if matcher.accept_tokens(ids) == len(ids):
            return
        matcher.reset()
    raise MaskwrightError(
        "the vocabulary's tokens do not spell the prefix as the grammar reads it",
        remedy="write special tokens by name, and nothing else that is the name of one",
    )


def _about(schema: Specification, constraint: Constraint) -> list[str]:
    """What kind of grammar it is."""
    assert isinstance(schema, GrammarSpecification)
    grammar = read_form(schema.form, Budget())
    lexing = "by Lark's lexer" if grammar.lexing is Lexing.LONGEST else "wherever the rules allow"
    names = [terminal.name for terminal in grammar.terminals]
    shown = ", ".join(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names[:_NAMES])
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return [
        f"grammar:  {len(names)} terminals, {len(grammar.rules)} rules of {len(grammar.nonterminals)} names; "
        f"terminals end {lexing}",
        f"terminals: {shown}{more}",
        *(f"note:     {note}" for note in constraint.notes),
    ]


def _sample(vocabulary: Vocabulary, allowed: NDArray[np.int64], limit: int) -> list[int]:
    """Tokens of many kinds: for each first byte one, then a second one, and so on."""
    ranks: dict[bytes, int] = {}
    keyed = []
    for token in allowed.tolist():
        first = vocabulary.tokens[token][:1]
        ranks[first] = ranks.get(first, 0) + 1
        keyed.append((ranks[first], token))
    return [token for _, token in sorted(keyed)[:limit]]


def _line(vocabulary: Vocabulary, token: int) -> str:
    text = vocabulary.tokens[token]
    shown = "end of text" if token in vocabulary.eos_token_ids else repr(text.decode(errors="backslashreplace"))
    if not text and token not in vocabulary.eos_token_ids:
        shown = vocabulary.decode([token], special_tokens=True).decode() or "a special token"
    return f"  {token:>8}  {shown}"
