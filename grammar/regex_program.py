"""ECMA-262 patterns as programs, as far as programs can say them.

Not said: look-behinds of anything but one character, and look-aheads inside of others unless they come last there.
"""

from __future__ import annotations

from . import charset
from .kernels import programs as k
from .program import Code, Sets, UnsureError, ahead, choice, code, end_or, joined, repeated
from .regex_nodes import (
    Ahead,
    Alternation,
    Behind,
    Chars,
    Concat,
    Node,
    Repeat,
    TextEnd,
    TextStart,
    WordBoundary,
)


def pattern_program(node: Node, sets: Sets, search: bool) -> Code[int]:
    """The program of ``node``; if ``search``, found wherever the text holds a match."""
    body = _Writer(sets).written(node, inside=False, last=False)
    if search and not _begins_text(node):
        body = joined((code(k.SPLIT, 3, 1), sets.chars(charset.ANY), code(k.JUMP, -2), body))
    return joined((body, code(k.MATCH)))


def _begins_text(node: Node) -> bool:
    """Whether ``node`` evidently matches at the start of the text only."""
    match node:
        case TextStart():
            return True
        case Concat(parts):
            return bool(parts) and _begins_text(parts[0])
        case Alternation(options):
            return all(map(_begins_text, options))
    return False


class _Writer:
    def __init__(self, sets: Sets) -> None:
        self._sets = sets
        self._word = Chars(charset.WORD)

    def written(self, node: Node, inside: bool, last: bool) -> Code[int]:
        """The code of ``node``; ``inside`` of a look-ahead, where it may come ``last``."""
        match node:
            case Chars(chars):
                return self._sets.chars(chars)
            case Concat(parts):
                final = len(parts) - 1
                return joined(self.written(part, inside, last and i == final) for i, part in enumerate(parts))
            case Alternation(options):
                return choice([self.written(option, inside, last) for option in options])
            case Repeat(body, low, high):
                return repeated(self.written(body, inside, last and high == 1), low, high)
            case TextStart():
                return code(k.START)
            case TextEnd():
                return self._end(inside, last)
            case WordBoundary(negated):
                return choice([self._between(before, before == negated, inside, last) for before in (True, False)])
            case Ahead(body, negated):
                return self._ahead(body, negated, inside, last)
            case Behind(Chars(chars), negated):
                return self._sets.behind_one(chars, negated)
        raise UnsureError

    def _end(self, inside: bool, last: bool) -> Code[int]:
        if not inside:
            return ahead(code(k.END), False)
        if not last:
            raise UnsureError
        return code(k.END)

    def _ahead(self, body: Node, negated: bool, inside: bool, last: bool) -> Code[int]:
        """Where it comes last in another look-ahead, it is what has to come there."""
        if not inside:
            return ahead(self.written(body, inside=True, last=True), negated)
        if last and not negated:
            return self.written(body, inside, last)
        if last and isinstance(body, Chars):
            return end_or(self._sets.chars(charset.complement(body.chars)))
        raise UnsureError

    def _between(self, before: bool, after: bool, inside: bool, last: bool) -> Code[int]:
        """Between a character that is one of a word or is not, and another."""
        word = self._word
        return joined((self._sets.behind_one(word.chars, not before), self._ahead(word, not after, inside, last)))
