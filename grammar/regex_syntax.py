"""The syntax of ECMA-262 regular expressions: hash-consed nodes and a parser that builds them.

The dialect is that of the ``u`` flag, made lenient as in Annex B where ``u`` refuses a pattern with only one sensible
reading (``\\-``, a lone ``]`` or ``{``, ``[\\w-.]``); ``(?P<name>``, ``\\A``, ``\\Z``, ``\\z`` and leading flags such
as ``(?i)`` are taken as Python takes them. Groups that only capture leave no trace: nodes speak about languages, not
matches. The smart constructors of ``Nodes`` simplify, so that different spellings of an expression often give one node.

Not supported: back-references (not regular) and what ``charset`` does not know of Unicode; both raise
``UnsupportedPattern``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from . import charset
from .charset import CharSet
from .errors import InvalidPattern, LimitExceeded, UnsupportedPattern

UNBOUNDED = 1 << 62
"""The upper bound of ``*`` and ``+``."""

MAX_NESTING = 100
"""Groups inside groups; walks over nodes recurse this deep."""

# --- nodes


@dataclass(frozen=True, eq=False)
class Node:
    """Made by ``Nodes`` only, so that equal nodes are one object and compare by identity."""


@dataclass(frozen=True, eq=False)
class Chars(Node):
    """One code point out of ``chars``."""

    chars: CharSet


@dataclass(frozen=True, eq=False)
class Concat(Node):
    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Alternation(Node):
    options: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Repeat(Node):
    """``low`` to ``high`` times ``body``."""

    body: Node
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class TextStart(Node):
    """``^``."""


@dataclass(frozen=True, eq=False)
class TextEnd(Node):
    """``$``."""


@dataclass(frozen=True, eq=False)
class WordBoundary(Node):
    """``\\b``, or ``\\B`` when ``negated``."""

    negated: bool


@dataclass(frozen=True, eq=False)
class Ahead(Node):
    """Look-ahead: ``body`` does, or if ``negated`` does not, match from here."""

    body: Node
    negated: bool


@dataclass(frozen=True, eq=False)
class Behind(Node):
    """Look-behind: ``body`` does, or if ``negated`` does not, match up to here."""

    body: Node
    negated: bool


N = TypeVar("N", bound=Node)


@dataclass
class Nodes:
    """The smart constructors and the table that makes equal nodes identical."""

    table: dict[tuple[object, ...], Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nothing: Node = self.chars(charset.EMPTY)  # matches no text at all
        self.empty: Node = self._intern(Concat, ())  # matches the empty text

    def _intern(self, kind: type[N], *fields: object) -> N:
        key = (kind, *fields)
        node = self.table.get(key)
        if node is None:
            node = self.table[key] = kind(*fields)
        assert isinstance(node, kind)
        return node

    def chars(self, chars: CharSet) -> Chars:
        return self._intern(Chars, chars)

    def text_start(self) -> Node:
        return self._intern(TextStart)

    def text_end(self) -> Node:
        return self._intern(TextEnd)

    def word_boundary(self, negated: bool) -> Node:
        return self._intern(WordBoundary, negated)

    def concat(self, parts: Iterable[Node]) -> Node:
        flat: list[Node] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, Concat) else (part,))
        if self.nothing in flat:
            return self.nothing
        return flat[0] if len(flat) == 1 else self._intern(Concat, tuple(flat))

    def alternation(self, options: Iterable[Node]) -> Node:
        others: dict[Node, None] = {}
        singles: list[CharSet] = []
        for option in options:
            for node in option.options if isinstance(option, Alternation) else (option,):
                if isinstance(node, Chars):
                    singles.append(node.chars)
                else:
                    others[node] = None
        optional = others.pop(self.empty, self) is None
        flat = list(others)
        if any(singles):
            flat.append(self.chars(charset.union(*singles)))
        if not flat:
            return self.empty if optional else self.nothing
        node = flat[0] if len(flat) == 1 else self._intern(Alternation, tuple(flat))
        return self.repeat(node, 0, 1) if optional else node

    def repeat(self, body: Node, low: int, high: int) -> Node:
        if high == 0 or body is self.empty:
            return self.empty
        if body is self.nothing:
            return self.empty if low == 0 else body
        if isinstance(body, Repeat) and (low == high or (low + 1) * body.low <= low * body.high + 1):
            # The numbers of rounds that add up, low * body.low to high * body.high, leave no gap.
            low, high, body = low * body.low, high * body.high, body.body
        if matches_empty(body):
            low = 0
        high = min(high, UNBOUNDED)
        return body if low == high == 1 else self._intern(Repeat, body, low, high)

    def ahead(self, body: Node, negated: bool) -> Node:
        if body is self.nothing or matches_empty(body):
            return self.empty if negated == (body is self.nothing) else self.nothing
        return self._intern(Ahead, body, negated)

    def behind(self, body: Node, negated: bool) -> Node:
        if body is self.nothing or matches_empty(body):
            return self.empty if negated == (body is self.nothing) else self.nothing
        return self._intern(Behind, body, negated)

    def after_start(self, node: Node) -> Node:
        """``node`` where it is not at the start of the text: no ``^`` holds, except in look-behind."""
        match node:
            case TextStart():
                return self.nothing
            case Concat(parts):
                return self.concat(map(self.after_start, parts))
            case Alternation(options):
                return self.alternation(map(self.after_start, options))
            case Repeat(body, low, high):
                return self.repeat(self.after_start(body), low, high)
            case Ahead(body, negated):
                return self.ahead(self.after_start(body), negated)
        return node


def matches_empty(node: Node) -> bool:
    """Whether ``node`` matches the empty text wherever it stands; ``False`` where that depends on an assertion."""
    match node:
        case Concat(parts):
            return all(map(matches_empty, parts))
        case Alternation(options):
            return any(map(matches_empty, options))
        case Repeat(body, low, _):
            return low == 0 or matches_empty(body)
    return False


def shortest(node: Node) -> int:
    """A lower bound of the length of any match."""
    match node:
        case Chars():
            return 1
        case Concat(parts):
            return sum(map(shortest, parts))
        case Alternation(options):
            return min(map(shortest, options))
        case Repeat(body, low, _):
            return low * shortest(body)
    return 0


# --- parser

_CLASS_ESCAPES = {"d": charset.DIGIT, "w": charset.WORD, "s": charset.SPACE}
_CONTROL_ESCAPES = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_LOOKS = {"(?=": (True, False), "(?!": (True, True), "(?<=": (False, False), "(?<!": (False, True)}
_HEX = frozenset("0123456789abcdefABCDEF")
_ASCII_DIGITS = frozenset("0123456789")


@dataclass
class _Group:
    """An open group: what follows its last ``|``, the options before that, how it closes, and where it opened."""

    position: int
    flags: frozenset[str]
    look: tuple[bool, bool] | None = None
    parts: list[Node] = field(default_factory=list)
    options: list[Node] = field(default_factory=list)


def parse(pattern: str, nodes: Nodes) -> Node:
    """The node of ``pattern``. Raises ``InvalidPattern``, ``UnsupportedPattern`` or ``LimitExceeded`` (nesting)."""
    return _Parser(pattern, nodes).parse()


class _Parser:
    """One pass over the pattern with a stack of open groups."""

    def __init__(self, pattern: str, nodes: Nodes) -> None:
        self.pattern = pattern
        self.nodes = nodes
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
            self.fail(f"missing {closing!r}")
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
            self.fail("a group is opened and not closed", self.groups[-1].position)
        return self.close()

    def leading_flags(self) -> None:
        end = self.pattern.find(")")
        if self.pattern.startswith("(?") and end > 2 and self.pattern[2:end].isalpha():
            self.flags = self.flag_set(self.pattern[2:end])
            self.position = end + 1

    def flag_set(self, letters: str) -> frozenset[str]:
        if not set(letters) <= set("ims"):
            self.fail(f"flags {letters!r} other than i, m and s")
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
                self.fail(f"the group name {name!r} is not an identifier", group.position)
        elif self.take("(?P=") or self.take("(?P>"):
            self.unsupported("a back-reference", "it is not regular; write the repeated part out")
        elif self.take("(?"):
            self.flags = self.group_flags(self.take_until(":"), group.position)
        else:
            self.position += 1
        self.groups.append(group)
        self.quantifiable = False

    def group_flags(self, letters: str, position: int) -> frozenset[str]:
        added, _, removed = letters.partition("-")
        if not set(added + removed) <= set("ims"):
            self.fail("a group of a kind that ECMA-262 does not know", position, "use (?:...) or a look-around")
        return (self.flags | set(added)) - set(removed)

    def close_group(self) -> None:
        if len(self.groups) == 1:
            self.fail("')' closes no group")
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
            self.fail("a quantifier with nothing to repeat")
        start = self.position
        bounds = self.bounds()
        assert bounds is not None
        self.take("?")  # laziness changes the match, not the language
        low, high = bounds
        if low > high:
            self.fail("the numbers of a quantifier are out of order", start)
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
            chars = charset.unicode_property(self.take_until("}"))
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
        start = self.position - 1
        negated = self.take("^")
        members: list[CharSet] = []
        while not self.take("]"):
            if not self.peek():
                self.fail("'[' is not closed", start)
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
            self.fail("a range is out of order", start)
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
