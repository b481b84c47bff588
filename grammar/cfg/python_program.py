"""Python's patterns as programs, as far as programs can say them.

Not said: atomic groups, repetitions whose rounds may be empty, look-behinds of anything but one character, and
look-aheads inside of others unless they come last there.
"""

from __future__ import annotations

from .. import charset
from ..kernels import programs as k
from ..program import Code, Sets, UnsureError, ahead, choice, code, end_or, joined, repeated
from .python_nodes import Ahead, Behind, Chars, Choice, Concat, Node, Repeat, TextEnd


def pattern_program(node: Node, sets: Sets) -> Code[int]:
    return joined((_Writer(sets).written(node, inside=False, last=False), code(k.MATCH)))


class _Writer:
    def __init__(self, sets: Sets) -> None:
        self._sets = sets

    def written(self, node: Node, inside: bool, last: bool) -> Code[int]:
        """The code of ``node``; ``inside`` of a look-ahead, where it may come ``last``."""
        match node:
            case Chars(chars):
                return self._sets.chars(chars)
            case Concat(parts):
                final = len(parts) - 1
                return joined(self.written(part, inside, last and i == final) for i, part in enumerate(parts))
            case Choice(options):
                return choice([self.written(option, inside, last) for option in options])
            case Repeat(body, low, high, greedy, may_be_empty) if not may_be_empty:
                return repeated(self.written(body, inside, last and high == 1), low, high, greedy)
            case TextEnd() if last:
                return code(k.END)
            case Ahead(body, negated):
                return self._ahead(body, negated, inside, last)
            case Behind(Chars(chars), negated):
                return self._sets.behind_one(chars, negated)
        raise UnsureError

    def _ahead(self, body: Node, negated: bool, inside: bool, last: bool) -> Code[int]:
        """Where it comes last in another look-ahead, it is what has to come there."""
        if not inside:
            return ahead(self.written(body, inside=True, last=True), negated)
        if last and not negated:
            return self.written(body, inside, last)
        if last and isinstance(body, Chars):
            return end_or(self._sets.chars(charset.complement(body.chars)))
        raise UnsureError
