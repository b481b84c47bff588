"""ECMA-262 patterns as programs, as far as programs can say them.

Not said: look-behinds of anything but one character, and look-aheads inside of others unless they come last there.
"""

from __future__ import annotations

from . import charset
from .kernels import programs as k
from .program import Code, Sets, UnsureError, Writer, ahead, choice, code, joined, repeated
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


class _Writer(Writer[Node]):
    def __init__(self, sets: Sets) -> None:
        super().__init__(sets)
        self._word = Chars(charset.WORD)

    def written(self, node: Node, inside: bool, last: bool) -> Code[int]:
        match node:
            case Chars(chars):
                return self._sets.chars(chars)
            case Concat(parts):
                return self.row(parts, inside, last)
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
                only = body.chars if isinstance(body, Chars) else None
                return self.look_ahead(body, only, negated, inside, last)
            case Behind(Chars(chars), negated):
                return self._sets.behind_one(chars, negated)
        raise UnsureError

    def _end(self, inside: bool, last: bool) -> Code[int]:
        if not inside:
            return ahead(code(k.END), False)
        if not last:
            raise UnsureError
        return code(k.END)

    def _between(self, before: bool, after: bool, inside: bool, last: bool) -> Code[int]:
        """Between a character that is one of a word or is not, and another."""
        word = self._word
        return joined(
            (self._sets.behind_one(word.chars, not before), self.look_ahead(word, word.chars, not after, inside, last))
        )
