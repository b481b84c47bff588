"""Special tokens of a grammar as those of a vocabulary."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InvalidGrammar
from ..special_tokens import spelled
from ..vocabulary import Vocabulary
from .literals import literals_dfa
from .model import Grammar, SpecialToken, Terminal
from .token_numbers import numbered


def with_special_tokens(grammar: Grammar, vocabulary: Vocabulary) -> Grammar:
    """``grammar`` with bytes for its special tokens; a name that the vocabulary does not have is spelled out as text.

    Raises ``InvalidGrammar`` for an end token: it ends the text, and is no part of it.
    """
    if not any(isinstance(terminal.content, SpecialToken) for terminal in grammar.terminals):
        return grammar
    terminals = tuple(_resolved(terminal, vocabulary) for terminal in grammar.terminals)
    return replace(grammar, terminals=terminals)


def _resolved(terminal: Terminal, vocabulary: Vocabulary) -> Terminal:
    content = terminal.content
    if not isinstance(content, SpecialToken):
        return terminal
    if content.name.startswith("!"):
        return replace(terminal, content=literals_dfa(map(spelled, _others(content.name[1:], vocabulary))))
    tokens = _listed(content.name, vocabulary)
    if not set(tokens).isdisjoint(vocabulary.eos_token_ids):
        raise InvalidGrammar(
            f"{content.name} is an end token of the vocabulary, which no text goes on after",
            remedy="leave it out: a complete text may end with any end token; or give other eos_token_ids",
        )
    return replace(terminal, content=literals_dfa(map(spelled, tokens) if tokens else [content.name.encode()]))


def _listed(name: str, vocabulary: Vocabulary) -> list[int]:
    named = vocabulary.special_tokens.get(name)
    return numbered(name, vocabulary) or ([] if named is None else [named])


def _others(name: str, vocabulary: Vocabulary) -> list[int]:
    """The special tokens that may stand within a text, without ``name``."""
    excluded = _listed(name, vocabulary)
    if not excluded:
        remedy = "name a token of Vocabulary.special_tokens, or give its number"
        raise InvalidGrammar(f"the vocabulary has no special token {name}", remedy=remedy)
    return sorted(vocabulary.special_token_ids.difference(vocabulary.eos_token_ids, excluded))
