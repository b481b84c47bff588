"""Reads Tekken files, the JSON form of Mistral's byte-level tokenizers.

Special tokens come first, so the token of rank ``r`` has the id ``r + number of special tokens``; ranks beyond
``default_vocab_size`` are in the file but not in the model. The canonical tokenisation needs ``tiktoken``; without it
the table has no ``encode``.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import Any

from .errors import UnsupportedTokenizer
from .tokenizer_table import TokenTable

_EOS = "</s>"
_UNLISTED = (
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]"),
)
"""The special tokens that matter of files before version 7, which do not list them (see ``mistral_common``)."""


def read_tekken(path: str | PathLike[str]) -> TokenTable:
    """The table of a ``tekken.json`` file."""
    content = Path(path).read_text(encoding="utf-8")
    try:
        return _read(json.loads(content))
    except (KeyError, TypeError, ValueError) as error:
        raise UnsupportedTokenizer(
            f"{path} is not a Tekken file: {error!r}", remedy="pass the tekken.json of a Mistral model"
        ) from error


def _read(document: dict[str, Any]) -> TokenTable:
    config = document["config"]
    special_count = config["default_num_special_tokens"]
    ranks = _ranks(document["vocab"], config["default_vocab_size"] - special_count)
    listed = document.get("special_tokens")
    if listed is None:
        names = {name: rank for rank, name in enumerate(_UNLISTED)}
    else:
        names = {entry["token_str"]: entry["rank"] for entry in listed}
    eos = [names[_EOS]] if _EOS in names else []
    encode = _TekkenEncoder(config["pattern"], ranks, special_count) if find_spec("tiktoken") else None
    return TokenTable([b""] * special_count + ranks, tuple(eos), frozenset(range(special_count)), encode, names)


def _ranks(vocab: list[dict[str, Any]], count: int) -> list[bytes]:
    """The bytes of the tokens of rank ``0 .. count-1``."""
    ranks = {entry["rank"]: b64decode(entry["token_bytes"]) for entry in vocab if entry["rank"] < count}
    if ranks.keys() != set(range(count)):
        raise UnsupportedTokenizer(
            f"the Tekken file lists {len(ranks)} of the {count} tokens that its configuration announces",
            remedy="download the file again",
        )
    return [ranks[rank] for rank in range(count)]


@dataclass(frozen=True, eq=False)
class _TekkenEncoder:
    """``tiktoken`` over the ranks, built at the first use (some 0.3 s for 131,072 tokens)."""

    pattern: str
    ranks: list[bytes]
    shift: int

    def __call__(self, text: str) -> list[int]:
        return [rank + self.shift for rank in self._encoding.encode_ordinary(text)]

    @cached_property
    def _encoding(self) -> Any:
        from tiktoken import Encoding

        ranks = {token: rank for rank, token in enumerate(self.ranks)}
        return Encoding(name="tekken", pat_str=self.pattern, mergeable_ranks=ranks, special_tokens={})
