"""Python's patterns as programs, as far as programs can say them.

Not said: atomic groups, repetitions whose rounds may be empty, look-behinds of anything but one character, and
look-aheads inside of others unless they come last there.
"""

from __future__ import annotations

from ..kernels import programs as k
from ..program import Code, Sets, UnsureError, Writer, choice, code, joined, repeated
from .python_nodes import Ahead, Behind, Chars, Choice, Concat, Node, Repeat, TextEnd


def pattern_program(node: Node, sets: Sets) -> Code[int]:
    return joined((_Writer(sets).written(node, inside=False, last=False), code(k.MATCH)))


class _Writer(Writer[Node]):
    def written(self, node: Node, inside: bool, last: bool) -> Code[int]:
        match node:
            case Chars(chars):
                return self._sets.chars(chars)
            case Concat(parts):
                return self.row(parts, inside, last)
            case Choice(options):
                return choice([self.written(option, inside, last) for option in options])
            case Repeat(body, low, high, greedy, may_be_empty) if not may_be_empty:
                return repeated(self.written(body, inside, last and high == 1), low, high, greedy)
            case TextEnd() if last:
                return code(k.END)
            case Ahead(body, negated):
                only = body.chars if isinstance(body, Chars) else None
                return self.look_ahead(body, only, negated, inside, last)
            case Behind(Chars(chars), negated):
                return self._sets.behind_one(chars, negated)
        raise UnsureError
