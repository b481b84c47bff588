"""The parser of ECMA-262 regular expressions.

The dialect is that of the ``u`` flag, made lenient as in Annex B where ``u`` refuses a pattern with only one sensible
reading (``\\-``, a lone ``]`` or ``{``, ``[\\w-.]``); ``(?P<name>``, ``\\A``, ``\\Z``, ``\\z`` and leading flags such
as ``(?i)`` are taken as Python takes them.

Not supported: back-references (not regular) and what ``charset`` does not know of Unicode; both raise
``UnsupportedPattern``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from . import charset
from .charset import CharSet
from .errors import InvalidPattern, LimitExceeded, UnsupportedPattern
from .regex_nodes import UNBOUNDED, Node, Nodes, TextEnd, TextStart, WordBoundary

MAX_NESTING = 100
"""Groups inside groups; walks over nodes recurse this deep."""

_CLASS_ESCAPES = {"d": charset.DIGIT, "w": charset.WORD, "s": charset.SPACE}
_CONTROL_ESCAPES = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_LOOKS = {"(?=": (True, False), "(?!": (True, True), "(?<=": (False, False), "(?<!": (False, True)}
_HEX = frozenset("0123456789abcdefABCDEF")
_ASCII_DIGITS = frozenset("0123456789")
_BRACKETS = re.compile(r"\[(?:[^\]\\]|\\.)*\]", re.DOTALL)


@dataclass
class _Group:
    """An open group: what follows its last ``|``, the options before that, how it closes, and where it opened."""

    position: int
    flags: frozenset[str]
    look: tuple[bool, bool] | None = None
    parts: list[Node] = field(default_factory=list)
    options: list[Node] = field(default_factory=list)


def parse(pattern: str, nodes: Nodes, named: Mapping[str, CharSet] | None = None) -> Node:
    """The node of ``pattern``, in which ``\\p{name}`` may name a set of ``named``.

    Raises ``InvalidPattern``, ``UnsupportedPattern`` or ``LimitExceeded`` (nesting).
    """
    return _Parser(pattern, nodes, named or {}).parse()


class _Parser:
    """One pass over the pattern with a stack of open groups."""

    def __init__(self, pattern: str, nodes: Nodes, named: Mapping[str, CharSet]) -> None:
        self.pattern = pattern
        self.nodes = nodes
        self.named = named
        self.brackets: dict[tuple[str, bool], CharSet] = {}
        self.position = 0
        self.flags: frozenset[str] = frozenset()
        self.quantifiable = False
        self.groups: list[_Group] = [_Group(0, self.flags)]

    # --- reading

    def fail(self, what: str, at: int | None = None, remedy: str = "") -> NoReturn:
        position = self.position if at is None else at
        raise InvalidPattern(f"{what} at position {position} of the pattern {shown(self.pattern)}", remedy=remedy)

    def unsupported(self, what: str, remedy: str) -> NoReturn:
        raise UnsupportedPattern(f"{what} in the pattern {shown(self.pattern)}", remedy=remedy)

    def peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self, text: str) -> bool:
        if self.pattern.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def take_until(self, closing: str) -> str:
        start = self.position
        end = self.pattern.find(closing, start)
        if end < 0:
            self.fail(f"missing {closing!r}", remedy=f"write {closing!r} behind the name")
        self.position = end + 1
        return self.pattern[start:end]

    def take_digits(self) -> str:
        start = self.position
        while self.peek() in _ASCII_DIGITS:
            self.position += 1
        return self.pattern[start : self.position]

    def take_hex(self, count: int) -> int | None:
        digits = self.pattern[self.position : self.position + count]
        if len(digits) < count or not _HEX.issuperset(digits):
            return None
        self.position += count
        return int(digits, 16)

    # --- terms

    def parse(self) -> Node:
        self.leading_flags()
        while self.position < len(self.pattern):
            self.term()
        if len(self.groups) > 1:
            self.fail(
                "a group is opened and not closed", self.groups[-1].position, "close it by ), or write \\( for itself"
            )
        return self.close()

    def leading_flags(self) -> None:
        end = self.pattern.find(")")
        if self.pattern.startswith("(?") and end > 2 and self.pattern[2:end].isalpha():
            self.flags = self.flag_set(self.pattern[2:end])
            self.position = end + 1

    def flag_set(self, letters: str) -> frozenset[str]:
        if not set(letters) <= set("ims"):
            self.fail(f"flags {letters!r} other than i, m and s", remedy="leave them out")
        return frozenset(letters)

    def term(self) -> None:
        start = self.position
        char = self.pattern[start]
        if char == "(":
            self.open_group()
        elif char == ")":
            self.close_group()
        elif char == "|":
            self.position += 1
            group = self.groups[-1]
            group.options.append(self.nodes.concat(group.parts))
            group.parts = []
            self.quantifiable = False
        elif char in "*+?" or (char == "{" and self.bounds() is not None):
            self.position = start
            self.quantify()
        else:
            self.position = start + 1
            self.push(self.atom(char))

    def push(self, node: Node, quantifiable: bool = True) -> None:
        self.groups[-1].parts.append(node)
        self.quantifiable = quantifiable and not isinstance(node, TextStart | TextEnd | WordBoundary)

    def atom(self, char: str) -> Node:
        match char:
            case ".":
                return self.nodes.chars(
                    charset.ANY if "s" in self.flags else charset.complement(charset.LINE_TERMINATOR)
                )
            case "^":
                return self.line_edge(self.nodes.text_start(), ahead=False)
            case "$":
                return self.line_edge(self.nodes.text_end(), ahead=True)
            case "[":
                return self.nodes.chars(self.bracket())
            case "\\":
                return self.escape()
        return self.chars(((ord(char), ord(char)),))

    def chars(self, chars: CharSet) -> Node:
        return self.nodes.chars(self.folded(chars))

    def folded(self, chars: CharSet) -> CharSet:
        return charset.case_closure(chars) if "i" in self.flags else chars

    def line_edge(self, edge: Node, ahead: bool) -> Node:
        if "m" not in self.flags:
            return edge
        body = self.nodes.alternation([edge, self.nodes.chars(charset.LINE_TERMINATOR)])
        return self.nodes.ahead(body, False) if ahead else self.nodes.behind(body, False)

    def word_boundary(self, negated: bool) -> Node:
        if "i" not in self.flags:
            return self.nodes.word_boundary(negated)
        word = self.chars(charset.WORD)  # two letters beyond ASCII fold into it
        sides = [
            self.nodes.concat([self.nodes.behind(word, before), self.nodes.ahead(word, before == negated)])
            for before in (False, True)
        ]
        return self.nodes.alternation(sides)

    # --- groups

    def open_group(self) -> None:
        group = _Group(self.position, self.flags)
        if len(self.groups) > MAX_NESTING:
            problem = f"groups are nested more than {MAX_NESTING} deep in the pattern {shown(self.pattern)}"
            raise LimitExceeded(problem, remedy="remove groups that neither repeat nor separate alternatives")
        opening = next((opening for opening in _LOOKS if self.take(opening)), None)
        if opening is not None:
            group.look = _LOOKS[opening]
        elif self.take("(?<") or self.take("(?P<"):
            name = self.take_until(">")
            if not name.replace("$", "_").isidentifier():
                self.fail(f"the group name {name!r} is not an identifier", group.position, "use letters and digits")
        elif self.take("(?P=") or self.take("(?P>"):
            self.unsupported("a back-reference", "it is not regular; write the repeated part out")
        elif self.take("(?"):
            self.flags = self.group_flags(group.position)
        else:
            self.position += 1
        self.groups.append(group)
        self.quantifiable = False

    def group_flags(self, position: int) -> frozenset[str]:
        letters, colon, _ = self.pattern[self.position :].partition(":")
        self.position += len(letters) + 1
        added, _, removed = letters.partition("-")
        if not colon or not set(added + removed) <= set("ims"):
            self.fail("a group of a kind that ECMA-262 does not know", position, "use (?:...) or a look-around")
        return (self.flags | set(added)) - set(removed)

    def close_group(self) -> None:
        if len(self.groups) == 1:
            self.fail("')' closes no group", remedy="leave it out, or write \\) for itself")
        self.position += 1
        node = self.close()
        group = self.groups.pop()
        self.flags = group.flags
        if group.look is None:
            self.push(node)
            self.quantifiable = True
            return
        ahead, negated = group.look
        self.push(self.nodes.ahead(node, negated) if ahead else self.nodes.behind(node, negated), quantifiable=ahead)

    def close(self) -> Node:
        group = self.groups[-1]
        return self.nodes.alternation([*group.options, self.nodes.concat(group.parts)])

    # --- quantifiers

    def quantify(self) -> None:
        if not self.quantifiable:
            character = self.peek()
            self.fail("a quantifier with nothing to repeat", remedy=f"write \\{character} for itself")
        start = self.position
        bounds = self.bounds()
        assert bounds is not None
        self.take("?")  # laziness changes the match, not the language
        low, high = bounds
        if low > high:
            self.fail("the numbers of a quantifier are out of order", start, f"write {{{high},{low}}}")
        parts = self.groups[-1].parts
        parts.append(self.nodes.repeat(parts.pop(), low, high))
        self.quantifiable = False

    def bounds(self) -> tuple[int, int] | None:
        """The bounds of the quantifier that starts here; ``None`` for a ``{`` that stands for itself."""
        char = self.peek()
        self.position += 1
        if char != "{":
            return {"*": (0, UNBOUNDED), "+": (1, UNBOUNDED), "?": (0, 1)}[char]
        low = self.take_digits()
        comma = self.take(",")
        high = self.take_digits() if comma else low
        if not low or not self.take("}"):
            return None
        return min(int(low[:19]), UNBOUNDED), min(int(high[:19]), UNBOUNDED) if high else UNBOUNDED

    # --- escapes

    def escape(self) -> Node:
        """What a backslash outside brackets introduces."""
        match self.peek():
            case "b" | "B" as letter:
                self.position += 1
                return self.word_boundary(letter == "B")
            case "A" | "Z" | "z" as letter:
                self.position += 1
                return self.nodes.text_start() if letter == "A" else self.nodes.text_end()
            case "k":
                self.unsupported("a back-reference", "it is not regular; write the repeated part out")
            case digit if digit in "123456789" and digit:
                self.unsupported("a back-reference", "it is not regular; write the repeated part out")
        chars = self.class_escape()
        if chars is not None:
            return self.nodes.chars(chars)
        code = self.character_escape()
        return self.chars(((code, code),))

    def class_escape(self) -> CharSet | None:
        """The set of ``\\d``, ``\\W``, ``\\p{..}`` and so on, case folded; ``None`` if none of them stands here."""
        letter = self.peek()
        if letter and letter in "dDwWsS":
            self.position += 1
            chars = self.folded(_CLASS_ESCAPES[letter.lower()])
            return charset.complement(chars) if letter.isupper() else chars
        if letter and letter in "pP":
            start = self.position
            self.position += 1
            if not self.take("{"):
                self.fail(f"\\{letter} without a property in braces", start, f"write \\{letter}{{...}}")
            name = self.take_until("}")
            chars = self.named[name] if name in self.named else charset.unicode_property(name)
            return self.folded(charset.complement(chars) if letter == "P" else chars)
        return None

    def character_escape(self) -> int:
        """The code point of the escape after a backslash."""
        start = self.position - 1
        char = self.peek()
        self.position += 1
        if char in _CONTROL_ESCAPES:
            return _CONTROL_ESCAPES[char]
        code: int | None = None
        if char == "0" and self.peek() not in _ASCII_DIGITS:
            code = 0
        elif char == "c" and self.peek().isascii() and self.peek().isalpha():
            code = ord(self.peek()) % 32
            self.position += 1
        elif char == "x":
            code = self.take_hex(2)
        elif char == "u":
            code = self.unicode_escape()
        elif char and not char.isalnum():
            code = ord(char)
        if code is None:
            self.fail(f"\\{char} is no escape of ECMA-262", start, "write the character itself or \\uXXXX")
        return code

    def unicode_escape(self) -> int | None:
        if self.take("{"):
            digits = self.take_until("}")
            if not digits or not _HEX.issuperset(digits):
                return None
            code = int(digits, 16)
            return code if code <= charset.LAST else None
        lead = self.take_hex(4)
        if lead is not None and 0xD800 <= lead <= 0xDBFF:
            before = self.position
            trail = self.take_hex(4) if self.take("\\u") else None
            if trail is not None and 0xDC00 <= trail <= 0xDFFF:
                return 0x10000 + ((lead - 0xD800) << 10) + (trail - 0xDC00)
            self.position = before
        return lead

    # --- brackets

    def bracket(self) -> CharSet:
        """The set of the brackets that have just opened; equal ones are read once."""
        start = self.position - 1
        found = _BRACKETS.match(self.pattern, start)
        key = (found.group() if found else "", "i" in self.flags)
        if key in self.brackets:
            self.position = start + len(key[0])
            return self.brackets[key]
        chars = self.new_bracket(start)
        if self.pattern[start : self.position] == key[0]:
            self.brackets[key] = chars
        return chars

    def new_bracket(self, start: int) -> CharSet:
        negated = self.take("^")
        members: list[CharSet] = []
        while not self.take("]"):
            if not self.peek():
                self.fail("'[' is not closed", start, "close it by ], or write \\[ for itself")
            members.append(self.class_member())
        chars = self.folded(charset.union(*members))
        return charset.complement(chars) if negated else chars

    def class_member(self) -> CharSet:
        """One code point, range or escape; as in Annex B, a dash beside an escape such as ``\\w`` is a dash."""
        start = self.position
        low = self.class_atom()
        dash = self.position
        if not self.take("-") or self.peek() in ("]", ""):
            self.position = dash
            return low
        high = self.class_atom()
        if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
            return charset.union(low, high, ((ord("-"), ord("-")),))
        if low > high:
            self.fail("a range is out of order", start, "write the lesser character first, or \\- for a dash")
        return ((low[0][0], high[0][0]),)

    def class_atom(self) -> CharSet:
        char = self.peek()
        self.position += 1
        if char != "\\":
            return ((ord(char), ord(char)),)
        chars = self.class_escape()
        if chars is not None:
            return chars
        if self.take("b"):
            return ((0x08, 0x08),)
        code = self.character_escape()
        return ((code, code),)


def shown(pattern: str) -> str:
    """``pattern`` for a message: quoted, and shortened when long."""
    return repr(pattern if len(pattern) <= 80 else pattern[:77] + "...")
