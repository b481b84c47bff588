"""The rules of a Lark grammar without repetitions and options, as Lark writes them.

The same rules and not just the same language, because the parser's states, and by these the terminals that the lexer
looks for, depend on them. Only the names and the order of the rules that repetitions become may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from lark.lexer import Pattern, PatternStr, TerminalDef
from lark.load_grammar import _TERMINAL_NAMES
from lark.utils import is_id_continue, is_id_start

from . import lark_expansion
from .lark_patterns import a_range, literal
from .lark_reader import (
    ALIAS,
    OPTIONAL,
    OR,
    RANGE,
    REGEXP,
    REPEAT,
    ROW,
    RULE,
    STRING,
    TEMPLATE,
    TERMINAL,
    TIMES,
    Definition,
    Tree,
    UnsureError,
    mentioned,
)

PlainRule = tuple[str, tuple[str, ...]]

_NOTHING = ""
"""Stands, in a sequence of symbols, for a part that was left out."""

_Given = dict[str, tuple[str, int]]
"""What the parameters of a template are: symbols, and how many children Lark's trees have for each."""

_Waiting = dict[str, tuple[Definition, _Given]]

_Plain = str | Tree
"""A symbol, or alternatives (``OR``) and sequences (``ROW``) of these."""


@lru_cache(maxsize=1 << 12)
def _is_identifier(value: str) -> bool:
    return bool(is_id_continue(value) and is_id_start(value[0]))


class Terminals:
    """The terminals of a grammar, by name and by pattern; those without a name get the one that Lark gives them."""

    def __init__(self, named: list[TerminalDef]) -> None:
        self.all = named
        self._names = {terminal.name for terminal in named}
        self._by_pattern = {terminal.pattern: terminal.name for terminal in named}
        self._unnamed: set[str] = set()
        self._of_literal: dict[Tree, str] = {}

    def named(self, tree: Tree) -> str:
        """The terminal of a literal or range in a rule."""
        name = self._of_literal.get(tree)
        if name is None:
            pattern = a_range(tree[1], tree[2]) if tree[0] == RANGE else literal(*tree)
            name = self._of_literal[tree] = self._by_pattern.get(pattern) or self._new(pattern)
        return name

    def _new(self, pattern: Pattern) -> str:
        name = None
        if isinstance(pattern, PatternStr):
            value = pattern.value
            name = _TERMINAL_NAMES.get(value)
            if name is None and _is_identifier(value):
                name = value.upper()
            if name in self._names:
                if name in self._unnamed:  # then it matters which came first
                    raise UnsureError
                name = None
        if name is None:
            name = f"__ANON_{len(self.all)}"
        self._names.add(name)
        self._unnamed.add(name)
        self._by_pattern[pattern] = name
        self.all.append(TerminalDef(name, pattern))
        return name

    @staticmethod
    def check_order(terminals: list[TerminalDef]) -> None:
        """Raise ``UnsureError`` where the lexer's order of two ``terminals`` depends on the order of names made up."""
        seen: dict[tuple[int, int, int], bool] = {}
        for terminal in terminals:
            if terminal.name.startswith("__ANON_"):
                pattern = terminal.pattern
                key = terminal.priority, pattern.max_width, len(pattern.value)
                plain = isinstance(pattern, PatternStr) and not pattern.flags
                if not (plain and seen.get(key, True)) and key in seen:
                    raise UnsureError
                seen[key] = plain


class Rules:
    """Turns rules into plain ones. ``definitions``: of all rules and templates, by name; ``known``: terminals."""

    def __init__(self, definitions: Mapping[str, Definition], known: set[str], terminals: Terminals) -> None:
        self._definitions = definitions
        self._known = known
        self._terminals = terminals
        self._rules: list[PlainRule] = []
        self._repeated: dict[_Plain, str] = {}
        self._waiting: _Waiting = {}
        self._used_templates: set[str] = set()
        self._prefix = ""
        self._keeps = False
        self._given: _Given = {}

    def plain(self) -> list[PlainRule]:
        """All rules. Raises ``UnsureError``."""
        self._waiting = {name: (rule, {}) for name, rule in self._definitions.items() if not rule.parameters}
        for name, (rule, given) in _growing(self._waiting):
            self._prefix, self._keeps, self._given = name, rule.keeps, given
            self._define(name, rule.tree)
        for name, rule in self._definitions.items():
            if rule.parameters:
                self._check_template(rule, name in self._used_templates)
        return self._rules

    def _check_template(self, rule: Definition, is_used: bool) -> None:
        parameters = set(rule.parameters)
        if len(parameters) < len(rule.parameters) or parameters & self._definitions.keys():
            raise UnsureError
        if not is_used and (rule.tree is None or not mentioned(rule.tree) <= parameters | self._plain_names()):
            raise UnsureError

    def _plain_names(self) -> set[str]:
        return self._known.union(name for name, rule in self._definitions.items() if not rule.parameters)

    def _define(self, name: str, tree: Tree | None) -> None:
        if tree is None:
            raise UnsureError
        alternatives: dict[tuple[str, tuple[str, ...]], None] = {}
        for sequence in tree[1:]:
            alias = ""
            if sequence[0] == ALIAS:
                _, sequence, alias = sequence
            for symbols in _multiplied(self._resolved(sequence)[0]):
                alternatives[alias, symbols] = None
        self._add(name, [symbols for _, symbols in alternatives])

    def _add(self, name: str, alternatives: list[tuple[str, ...]]) -> None:
        """Rules for the symbols of ``alternatives``, which differ."""
        found: dict[tuple[str, ...], None] = {}
        for symbols in alternatives:
            kept = tuple(filter(None, symbols)) if _NOTHING in symbols else symbols
            if kept and kept in found:
                raise UnsureError
            found[kept] = None
        self._rules += [(name, symbols) for symbols in found]

    # --- parts: what they become, and how many children Lark's trees have for them

    def _resolved(self, tree: Tree) -> tuple[_Plain, int]:
        kind = tree[0]
        if kind == RULE:
            return self._rule(tree[1])
        if kind == TERMINAL:
            if tree[1] not in self._known:
                raise UnsureError
            return tree[1], int(self._keeps or not tree[1].startswith("_"))
        if kind == STRING:
            return self._terminals.named(tree), int(self._keeps)
        if kind == ROW:
            plain: list[_Plain] = [ROW]
            sizes = 0
            for inner in tree[1:]:
                part, size = self._resolved(inner)
                plain.append(part)
                sizes += size
            return tuple(plain), sizes
        if kind == OR:
            parts = [self._resolved(part) for part in tree[1:]]
            return (OR, *(part for part, _ in parts)), max(size for _, size in parts)
        if kind == REPEAT:
            return self._repetition(tree)
        if kind == OPTIONAL:
            part, size = self._resolved(tree[1])
            return (OR, part, (ROW, *(_NOTHING,) * size)), size
        if kind in (REGEXP, RANGE):
            return self._terminals.named(tree), 1
        return self._times(tree) if kind == TIMES else self._template(tree)

    def _rule(self, name: str) -> tuple[str, int]:
        if name in self._given:
            return self._given[name]
        if name not in self._definitions or self._definitions[name].parameters:
            raise UnsureError
        return name, int(not name.startswith("_"))

    def _repetition(self, tree: Tree) -> tuple[_Plain, int]:
        part, size = self._resolved(tree[1])
        if tree[2] == "?":
            return (OR, part, (ROW,)), size
        name = self._repeated.get(part)
        if name is None:
            name = self._repeated[part] = f"__{self._prefix}_{len(self._repeated)}"
            self._add(name, list(dict.fromkeys(_multiplied((OR, part, (ROW, name, part))))))
        return (name if tree[2] == "+" else (OR, name, (ROW,))), 0

    def _times(self, tree: Tree) -> tuple[_Plain, int]:
        part, size = self._resolved(tree[1])
        least, most = tree[2], tree[2] if tree[3] is None else tree[3]
        count = _count(part)
        if most >= lark_expansion.LONG or (count > 1 and most * count.bit_length() > lark_expansion.MANY.bit_length()):
            raise UnsureError
        return (OR, *((ROW, *(part,) * times) for times in range(least, most + 1))), size * most

    def _template(self, tree: Tree) -> tuple[str, int]:
        if tree[0] != TEMPLATE or tree[1] in self._given:
            raise UnsureError
        definition = self._definitions.get(tree[1])
        if definition is None or len(definition.parameters) != len(tree) - 2:
            raise UnsureError
        arguments = [self._resolved(part) for part in tree[2:]]
        if not all(isinstance(symbol, str) for symbol, _ in arguments):
            raise UnsureError
        name = f"{tree[1]}{{{','.join(str(symbol) for symbol, _ in arguments)}}}"
        if name not in self._waiting:
            given = {p: (str(s), n) for p, (s, n) in zip(definition.parameters, arguments, strict=True)}
            self._waiting[name] = definition, given
            self._used_templates.add(tree[1])
        return name, int(not name.startswith("_"))


def _growing(waiting: _Waiting) -> Iterator[tuple[str, tuple[Definition, _Given]]]:
    """What is ``waiting``, also what comes meanwhile."""
    done = 0
    while done < len(waiting):
        fresh = list(waiting.items())[done:]
        done += len(fresh)
        yield from fresh


def _count(part: _Plain) -> int:
    """How many sequences ``part`` is multiplied out to, at most."""
    if isinstance(part, str):
        return 1
    if part[0] == OR:
        return sum(map(_count, part[1:]))
    found = 1
    for inner in part[1:]:
        found *= 1 if isinstance(inner, str) else _count(inner)
    return found


def _is_symbol(part: _Plain) -> bool:
    return isinstance(part, str)


def _multiplied(part: _Plain) -> list[tuple[str, ...]]:
    """The sequences of symbols that ``part`` stands for; ``UnsureError`` for more than ``MANY`` from one sequence."""
    if isinstance(part, str):
        return [(part,)]
    if part[0] == OR:
        return [symbols for inner in part[1:] for symbols in _multiplied(inner)]
    if all(map(_is_symbol, part)):
        return [part[1:]]
    found: list[tuple[str, ...]] = [()]
    for inner in part[1:]:
        if isinstance(inner, str):
            found = [(*before, inner) for before in found]
        else:
            following = _multiplied(inner)
            found = [before + after for before in found for after in following]
            if len(found) > lark_expansion.MANY:
                raise UnsureError
    return found
