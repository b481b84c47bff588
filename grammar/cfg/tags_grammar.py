"""Free text with regions, and shapes, as grammars.

The text up to and including a trigger is one terminal, an automaton for each trigger, so that it is known which came;
the text behind the last region is another one, in which no trigger occurs. A special token that triggers stands beside
these terminals. Its name, spelled out as text, counts as a trigger that nothing may follow: so a text in which special
tokens are written by name is read in one way only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from ..errors import InvalidGrammar
from ..limits import Budget
from ..regex_form import Regex
from .assembly import Assembly, Pieces, Symbols
from .byte_dfa import DEAD, ByteDfa
from .model import Grammar, SpecialToken
from .regular import ending_with, intersection, until_dfa, without_dfa
from .regular_grammar import automaton_of
from .shapes import Shape
from .tags_form import Tag, Tags

Read = Callable[[object], Grammar | None]


def read_tags(form: Tags, budget: Budget, special_tokens: Iterable[str], read: Read) -> Grammar:
    """The grammar of ``form``. ``read``: the grammar of a content, ``None`` if it is not one but a schema.

    Raises ``InvalidGrammar``, ``UnsatisfiableGrammar``, ``LimitExceeded``.
    """
    return _Reader(form, Assembly(budget, special_tokens, read)).grammar()


def read_shape(shape: Shape, budget: Budget, special_tokens: Iterable[str], read: Read) -> Grammar:
    """The grammar of ``shape``."""
    assembly = Assembly(budget, special_tokens, read)
    start = assembly.nonterminal("text")
    assembly.add(start, assembly.symbols(shape, "the text"))
    return assembly.grammar(start)


@dataclass(frozen=True)
class _Trigger:
    """``text`` and then, if there is one, the special token ``token``."""

    text: str
    token: SpecialToken | None


class _Reader:
    def __init__(self, form: Tags, assembly: Assembly) -> None:
        self._form = form
        self._assembly = assembly

    def grammar(self) -> Grammar:
        form, assembly = self._form, self._assembly
        start = assembly.nonterminal("text")
        region, rest = self._in_free_text() if form.free_text else self._alone()
        separator = () if form.free_text else assembly.written(assembly.pieces(form.separator))
        regions = assembly.counted(region, form.at_least, form.at_most, separator)
        assembly.add(start, (*self._reasoning(), regions, *rest))
        return assembly.grammar(start)

    def _reasoning(self) -> Symbols:
        if self._form.reasoning is None:
            return ()
        assembly = self._assembly
        begin, end = self._form.reasoning
        symbols = (*assembly.written(assembly.pieces(begin)), *assembly.until(end))
        if self._form.free_text:
            return symbols
        blanks = automaton_of(Regex(r"[ \t\r\n]*"), assembly.budget)
        return (*symbols, assembly.terminal("blanks", blanks, ("blanks",)))

    def _alone(self) -> tuple[int, Symbols]:
        region = self._assembly.nonterminal("region")
        for tag, body in zip(self._form.tags, self._bodies, strict=True):
            self._assembly.add(region, (*self._assembly.written(self._assembly.pieces(tag.begin)), *body))
        return ~region, ()

    @cached_property
    def _bodies(self) -> list[Symbols]:
        """Content and end of each tag."""
        return [self._body(tag) for tag in self._form.tags]

    def _body(self, tag: Tag) -> Symbols:
        assembly = self._assembly
        if tag.content is None:
            return assembly.until(tag.end)
        place = f"the tag {tag.begin!r}"
        content = assembly.content(tag.content, place)
        return (content, *assembly.closed(content, tag.end, place))

    # --- in free text

    def _in_free_text(self) -> tuple[int, Symbols]:
        """A region with the text in front of it, and the text behind the last one."""
        assembly = self._assembly
        region = assembly.nonterminal("region")
        found: set[int] = set()
        for trigger in self._triggers:
            before = self._text_before(trigger)
            if before is None:
                continue
            opened = assembly.nonterminal(f"after {trigger.text}{trigger.token.name if trigger.token else ''}")
            assembly.add(region, (*before, ~opened))
            for number, tag in enumerate(self._form.tags):
                rest = _behind(assembly.pieces(tag.begin), trigger)
                if rest is not None:
                    found.add(number)
                    assembly.add(opened, (*assembly.written(rest), *self._bodies[number]))
        for number, tag in enumerate(self._form.tags):
            if number not in found:
                problem = f"the tag {tag.begin!r} can never begin, because another trigger is always found before"
                raise InvalidGrammar(problem, remedy="make that trigger longer, or leave one of them out")
        return ~region, (assembly.terminal("free text", self._without, ("tail",)),)

    @cached_property
    def _triggers(self) -> list[_Trigger]:
        given = self._form.triggers or [tag.begin for tag in self._form.tags]
        return list(dict.fromkeys(_trigger(self._assembly.pieces(text)) for text in given))

    @cached_property
    def _forbidden(self) -> list[bytes]:
        """The triggers, the names of special tokens that are, and what free text is to be without."""
        triggers = [(trigger.token.name if trigger.token else trigger.text).encode() for trigger in self._triggers]
        return [*triggers, *(text.encode() for text in self._form.without)]

    @cached_property
    def _until(self) -> ByteDfa:
        return until_dfa(self._forbidden, self._assembly.budget)

    @cached_property
    def _without(self) -> ByteDfa:
        return without_dfa(self._forbidden, self._assembly.budget)

    def _text_before(self, trigger: _Trigger) -> Symbols | None:
        """Free text up to ``trigger`` and this itself; ``None`` if another one always comes first."""
        assembly = self._assembly
        text = self._without if trigger.token else self._until
        if trigger.text and (trigger.token or len(self._forbidden) > 1):
            text = intersection([text, ending_with(trigger.text.encode())], assembly.budget)
        if text.start == DEAD:
            return None
        symbol = assembly.terminal(f"text up to {trigger.text!r}", text, ("before", trigger))
        return (symbol, *assembly.written((trigger.token,) if trigger.token else ()))


def _trigger(pieces: Pieces) -> _Trigger:
    """Up to the first special token: free text has none, so that what follows is a region in any case."""
    text = pieces[0] if isinstance(pieces[0], str) else ""
    tokens = [piece for piece in pieces if isinstance(piece, SpecialToken)]
    return _Trigger(text, tokens[0] if tokens else None)


def _behind(begin: Pieces, trigger: _Trigger) -> Pieces | None:
    """What of ``begin`` is left behind ``trigger``; ``None`` if it does not begin so."""
    if trigger.token is not None:
        expected: Pieces = (trigger.text, trigger.token) if trigger.text else (trigger.token,)
        return begin[len(expected) :] if begin[: len(expected)] == expected else None
    if not isinstance(begin[0], str) or not begin[0].startswith(trigger.text):
        return None
    rest = begin[0][len(trigger.text) :]
    return (rest, *begin[1:]) if rest else begin[1:]
