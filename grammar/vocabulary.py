"""The bytes that each token of a language model stands for.

A ``Vocabulary`` is all that the rest of the toolkit knows about a tokenizer. Joining the bytes of generated tokens
gives the text exactly, with one exception: SentencePiece tokenizers put a space in front of a text before they split
it, so that ``encode("x")`` is ``▁x``, whose bytes are ``" x"``, and their decoders drop the first space of a text. Here
tokens mean the same everywhere: ``decode`` keeps that space, and ``tokenize`` never adds it, because what is tokenised
here continues a prompt. ``adds_leading_space`` tells such tokenizers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from typing import Any

from .errors import UnsupportedTokenizer
from .special_tokens import spelled_tokens
from .tokenizer_huggingface import read_huggingface
from .tokenizer_sentencepiece import read_sentencepiece
from .tokenizer_table import Encode, TokenTable
from .tokenizer_tekken import read_tekken
from .tokenizer_tiktoken import read_tiktoken

TokenIds = int | Iterable[int]

_ANCHORS = ("\n", ".")
"""Texts to put in front of another one, so that the tokenizer's leading space goes before them; tried in order."""


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """An immutable vocabulary; build one with the ``from_...`` methods.

    ``tokens``: the bytes each id stands for. ``b""`` for special, unused and padding ids, which are never text; two ids
    may stand for the same bytes.
    ``eos_token_ids``: ascending, at least one; they end a text and are no text themselves.
    ``special_token_ids``: ids that steer the model, end tokens included.
    ``encode``: the tokenizer's own tokenisation, or None. It may add a leading space and special tokens.
    ``special_tokens``: ids of special tokens by name, end tokens included; what grammars call them.
    """

    tokens: tuple[bytes, ...]
    eos_token_ids: tuple[int, ...]
    special_token_ids: frozenset[int]
    encode: Encode | None = None
    special_tokens: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_tokens(
        cls,
        tokens: Sequence[bytes],
        *,
        eos_token_ids: TokenIds,
        special_token_ids: Iterable[int] = (),
        special_tokens: Mapping[str, int] | None = None,
        encode: Encode | None = None,
    ) -> Vocabulary:
        """A vocabulary from the bytes of each token; what ``tokens`` says about special and end tokens is dropped.

        ``special_tokens``: names of special tokens; their ids need not be among ``special_token_ids``.
        Raises ``UnsupportedTokenizer`` without an end token, and for ids out of range.
        """
        names = dict(special_tokens or {})
        specials = frozenset(special_token_ids).union(names.values())
        return cls._from_table(TokenTable(list(tokens), (), specials, encode, names), None, eos_token_ids)

    @classmethod
    def from_huggingface(
        cls, tokenizer: Any, vocab_size: int | None = None, eos_token_ids: TokenIds | None = None
    ) -> Vocabulary:
        """The vocabulary of a ``transformers`` tokenizer, fast or slow, or of a ``tokenizers.Tokenizer``.

        ``vocab_size``: the width of the model's logits where it differs from the tokenizer's size; added ids are never
        allowed. ``eos_token_ids``: one or several, instead of the tokenizer's own (chat models often have several, see
        their ``generation_config.eos_token_id``). Raises ``UnsupportedTokenizer`` when tokens do not determine bytes.
        """
        return cls._from_table(read_huggingface(tokenizer), vocab_size, eos_token_ids)

    @classmethod
    def from_tiktoken(
        cls, encoding: Any, vocab_size: int | None = None, eos_token_ids: TokenIds | None = None
    ) -> Vocabulary:
        """The vocabulary of a ``tiktoken.Encoding``; the end token is ``<|endoftext|>`` unless others are given."""
        return cls._from_table(read_tiktoken(encoding), vocab_size, eos_token_ids)

    @classmethod
    def from_sentencepiece(
        cls, model: Any, vocab_size: int | None = None, eos_token_ids: TokenIds | None = None
    ) -> Vocabulary:
        """The vocabulary of a SentencePiece model: a path, the bytes of the file, or a ``SentencePieceProcessor``."""
        return cls._from_table(read_sentencepiece(model), vocab_size, eos_token_ids)

    @classmethod
    def from_tekken(
        cls, path: str | PathLike[str], vocab_size: int | None = None, eos_token_ids: TokenIds | None = None
    ) -> Vocabulary:
        """The vocabulary of a ``tekken.json`` file."""
        return cls._from_table(read_tekken(path), vocab_size, eos_token_ids)

    @classmethod
    def _from_table(cls, table: TokenTable, vocab_size: int | None, eos_token_ids: TokenIds | None) -> Vocabulary:
        """Checks a table, fits it to ``vocab_size`` and empties what is not text."""
        eos = _end_tokens(table.eos_token_ids if eos_token_ids is None else eos_token_ids)
        size = len(table.tokens) if vocab_size is None else vocab_size
        _check_ids("end", eos, size)
        specials = table.special_token_ids | set(eos)
        tokens = [b"" if i in specials else _checked_token(i, token) for i, token in enumerate(table.tokens)]
        if any(tokens[size:]):
            raise UnsupportedTokenizer(
                f"the tokenizer has tokens beyond vocab_size={size}",
                remedy="vocab_size is the width of the model's logits, at least len(tokenizer)",
            )
        if vocab_size is None:
            _check_ids("special", specials, size)
        tokens = tokens[:size] + [b""] * (size - len(tokens))
        names = {name: i for name, i in table.special_tokens.items() if i < size and i in specials}
        return cls(tuple(tokens), eos, frozenset(i for i in specials if i < size), table.encode, names)

    def __repr__(self) -> str:
        return f"Vocabulary(size={self.size}, eos_token_ids={self.eos_token_ids})"

    @property
    def size(self) -> int:
        """The number of ids, padding included: the width of masks and logits."""
        return len(self.tokens)

    @cached_property
    def spelled(self) -> tuple[bytes, ...]:
        """The bytes of every token as automata read them: special ones have bytes too, see ``special_tokens``."""
        return spelled_tokens(self.tokens, self.special_token_ids.difference(self.eos_token_ids))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of all that masks depend on: equal vocabularies have equal masks."""
        digest = hashlib.sha256()
        for numbers in ([len(token) for token in self.tokens], self.eos_token_ids, sorted(self.special_token_ids)):
            digest.update(f"{' '.join(map(str, numbers))};".encode())
        digest.update(b"".join(self.tokens))
        digest.update(repr(sorted(self.special_tokens.items())).encode())
        return digest.hexdigest()

    @cached_property
    def adds_leading_space(self) -> bool:
        """Whether ``encode`` puts a space in front of a text that has none, as SentencePiece tokenizers do."""
        return self.encode is not None and self.decode(self._encoded("a")) == b" a"

    def decode(self, ids: Iterable[int], *, special_tokens: bool = False) -> bytes:
        """The joined bytes of tokens; special and unused ones contribute nothing.

        With ``special_tokens``, those that have names are written by name, but for end tokens.
        """
        if not special_tokens:
            return b"".join([self.tokens[i] for i in ids])
        return b"".join([self._names.get(i, self.tokens[i]) for i in ids])

    @cached_property
    def _names(self) -> dict[int, bytes]:
        """The names of special tokens that are part of a text."""
        return {i: name.encode() for name, i in self.special_tokens.items() if i not in self.eos_token_ids}

    def tokenize(self, text: bytes) -> list[int]:
        """Tokens whose joined bytes are exactly ``text``: those the tokenizer itself would choose in the midst of a
        text if it can write it, the longest that match otherwise (text that is not UTF-8, or that it normalises).

        Raises ``UnsupportedTokenizer`` when no sequence of tokens stands for ``text``.
        """
        canonical = self._tokenize_canonically(text)
        return self._tokenize_greedily(text) if canonical is None else canonical

    def _tokenize_canonically(self, text: bytes) -> list[int] | None:
        if self.encode is None:
            return None
        try:
            string = text.decode()
        except UnicodeDecodeError:
            return None
        ids = self._encoded(string)
        if self.decode(ids) == text:
            return ids
        for anchor in _ANCHORS:
            start = self._encoded(anchor)
            ids = self._encoded(anchor + string)
            rest = ids[len(start) :]
            if ids[: len(start)] == start and self.decode(rest) == text:
                return rest
        return None

    def _encoded(self, text: str) -> list[int]:
        """``encode`` less the tokens that are no text."""
        assert self.encode is not None
        return [i for i in self.encode(text) if i < self.size and self.tokens[i]]

    def _tokenize_greedily(self, text: bytes) -> list[int]:
        """At each position the longest token after which the rest can still be written."""
        ids = self._ids_by_bytes
        longest = [0] * len(text) + [1]  # of the tokens at each position; 0 where the rest cannot be written
        for start in range(len(text) - 1, -1, -1):
            lengths = (n for n in self._lengths if start + n <= len(text) and longest[start + n])
            longest[start] = next((n for n in lengths if text[start : start + n] in ids), 0)
        if not longest[0]:
            raise UnsupportedTokenizer(
                f"no sequence of tokens stands for {text!r}", remedy="use a tokenizer with a token for every byte"
            )
        found = []
        start = 0
        while start < len(text):
            found.append(ids[text[start : start + longest[start]]])
            start += longest[start]
        return found

    @cached_property
    def _lengths(self) -> list[int]:
        """The lengths of tokens, descending."""
        return sorted({len(token) for token in self._ids_by_bytes}, reverse=True)

    @cached_property
    def _ids_by_bytes(self) -> dict[bytes, int]:
        """One id for the bytes of every token: of several, the one that the tokenizer itself uses, else the lowest.

        It matters for SentencePiece, where ``A`` and ``<0x41>`` are the same bytes and models know only the former.
        """
        ids: dict[bytes, int] = {}
        repeated: set[bytes] = set()
        for token_id, token in enumerate(self.tokens):
            if token and ids.setdefault(token, token_id) != token_id:
                repeated.add(token)
        for token in repeated:
            canonical = self._tokenize_canonically(token)
            if canonical is not None and len(canonical) == 1:
                ids[token] = canonical[0]
        return ids


def _end_tokens(eos_token_ids: TokenIds) -> tuple[int, ...]:
    ids = (eos_token_ids,) if isinstance(eos_token_ids, int) else eos_token_ids
    eos = tuple(sorted(set(ids)))
    if not eos:
        raise UnsupportedTokenizer("the tokenizer names no end token", remedy="pass eos_token_ids=")
    return eos


def _check_ids(kind: str, ids: Iterable[int], size: int) -> None:
    for token_id in ids:
        if not 0 <= token_id < size:
            raise UnsupportedTokenizer(
                f"the {kind} token {token_id} is not among the {size} ids of the vocabulary",
                remedy="pass ids of the vocabulary, and as vocab_size the width of the model's logits",
            )


def _checked_token(token_id: int, token: bytes) -> bytes:
    if not isinstance(token, bytes):
        raise UnsupportedTokenizer(f"token {token_id} is {type(token).__name__}, not bytes", remedy="pass its bytes")
    return token
