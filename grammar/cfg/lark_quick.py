"""A Lark grammar loaded without Lark's loader, to the same result, or not at all.

Whatever is out of the ordinary raises ``UnsureError``: ``%extend`` and ``%override``, imports from beside the file,
large repetitions, and everything that Lark may refuse. Tests compare the results with Lark's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from lark.lexer import Pattern, TerminalDef
from lark.load_grammar import stdlib_loader

from .lark_bnf import PlainRule, Rules, Terminals
from .lark_patterns import Patterns
from .lark_reader import RULE, TEMPLATE, TERMINAL, Definition, Import, Tree, UnsureError, mentioned, statements


@dataclass(frozen=True)
class Loaded:
    """Terminals with a pattern, rules, names of ignored terminals and of all rules that were defined.

    ``undefined``: nonterminals without rules. ``uppers``: how often the text names each terminal, if that was counted.
    """

    terminals: list[TerminalDef]
    rules: list[PlainRule]
    ignored: list[str]
    defined: list[str]
    undefined: tuple[str, ...] = ()
    uppers: Counter[str] | None = None


@dataclass(frozen=True)
class _Definitions:
    """By name. ``imported``: the patterns of terminals that come from a library."""

    rules: dict[str, Definition]
    terminals: dict[str, Definition]
    imported: dict[str, Pattern]
    ignored: list[str]

    def add(self, definition: Definition) -> None:
        name = definition.name
        if name in self.rules or name in self.terminals or name.startswith("__"):
            raise UnsureError
        (self.terminals if definition.is_terminal else self.rules)[name] = definition

    def ignore(self, tree: Tree) -> None:
        if len(tree) == 2 and len(tree[1]) == 2 and tree[1][1][0] == TERMINAL:
            self.ignored.append(tree[1][1][1])
        else:
            name = f"__IGNORE_{len(self.ignored)}"
            self.ignored.append(name)
            self.terminals[name] = Definition(name, tree, is_terminal=True)


def load_quickly(text: str, start: str, keep: set[str]) -> Loaded:
    """As ``lark_loader.load``. Raises ``UnsureError``."""
    read = statements(text)
    found = _Definitions({}, {}, {}, [])
    for library, names in _merged(read.imports).items():
        _import(found, library, names)
    for definition in read.definitions:
        if isinstance(definition, Definition):
            found.add(definition)
        else:
            found.ignore(definition)
    if start not in found.rules or found.rules[start].parameters:
        raise UnsureError
    patterns = Patterns(found.terminals, found.imported)
    named = [
        TerminalDef(name, patterns.of_terminal(name), definition.priority)
        for name, definition in found.terminals.items()
        if definition.tree is not None
    ]
    if not {terminal.name for terminal in named}.issuperset(found.ignored):
        raise UnsureError
    terminals = Terminals(named)
    rules = _used(Rules(found.rules, set(found.terminals), terminals).plain(), start)
    used = {symbol for _, symbols in rules for symbol in symbols}.union(found.ignored, keep)
    kept = [terminal for terminal in terminals.all if terminal.name in used]
    terminals.check_order(kept)
    defined = [name for name, rule in found.rules.items() if not rule.parameters]
    return Loaded(kept, rules, found.ignored, defined, uppers=read.uppers)


def _used(rules: list[PlainRule], start: str) -> list[PlainRule]:
    """Without the rules that no other rule mentions, again and again."""
    parts: defaultdict[str, set[str]] = defaultdict(set)
    mentions: Counter[str] = Counter()
    for origin, symbols in rules:
        parts[origin].update(symbols)
    for origin, names in parts.items():
        mentions.update(names - {origin})
    work = [origin for origin in parts if not mentions[origin] and origin != start]
    dropped = set()
    while work:
        origin = work.pop()
        dropped.add(origin)
        for symbol in parts[origin] - {origin}:
            mentions[symbol] -= 1
            if not mentions[symbol] and symbol in parts and symbol != start:
                work.append(symbol)
    return [rule for rule in rules if rule[0] not in dropped] if dropped else rules


# --- imports


def _merged(imports: Iterable[Import]) -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for each in imports:
        merged.setdefault(each.library, {}).update(each.names)
    return merged


@lru_cache(maxsize=16)
def _library(name: str) -> tuple[_Definitions, Patterns]:
    """One of Lark's own grammars. Raises ``UnsureError`` for others, and where it imports something itself."""
    try:
        _, text = stdlib_loader(None, f"{name}.lark")
    except OSError:
        raise UnsureError from None
    read = statements(text.replace("\r\n", "\n"))
    if read.imports:
        raise UnsureError
    found = _Definitions({}, {}, {}, [])
    for definition in read.definitions:
        if isinstance(definition, Definition):
            found.add(definition)
    return found, Patterns(found.terminals, {})


def _import(into: _Definitions, name: str, names: dict[str, str]) -> None:
    library, patterns = _library(name)
    prefix = name.replace("/", "__")

    def renamed(symbol: str) -> str:
        if symbol in names:
            return names[symbol]
        return f"_{prefix}__{symbol[1:]}" if symbol[0] == "_" else f"{prefix}__{symbol}"

    needed = _needed(library, names)
    for symbol in (*library.rules, *library.terminals):
        if symbol not in needed:
            continue
        if symbol.isupper() != names.get(symbol, symbol).isupper():
            raise UnsureError
        if symbol in library.terminals:
            definition = library.terminals[symbol]
            if definition.tree is not None:
                into.imported[renamed(symbol)] = patterns.of_terminal(symbol)
            into.add(replace(definition, name=renamed(symbol)))
        else:
            into.add(_renamed(library.rules[symbol], renamed))


def _needed(library: _Definitions, names: Iterable[str]) -> set[str]:
    """``names``, and all that the rules among them are made of."""
    needed = set(names)
    work = list(needed)
    while work:
        name = work.pop()
        rule = library.rules.get(name)
        if rule is None and name not in library.terminals:
            raise UnsureError
        if rule is not None and rule.tree is not None:
            fresh = mentioned(rule.tree) - needed - set(rule.parameters)
            needed |= fresh
            work += fresh
    return needed


def _renamed(rule: Definition, renamed: Callable[[str], str]) -> Definition:
    def tree_of(tree: Tree) -> Tree:
        first = [renamed(tree[1])] if tree[0] in (RULE, TERMINAL, TEMPLATE) else []
        rest = tree[1 + len(first) :]
        return (tree[0], *first, *(tree_of(part) if isinstance(part, tuple) else part for part in rest))

    tree = None if rule.tree is None else tree_of(rule.tree)
    return replace(rule, name=renamed(rule.name), tree=tree, parameters=tuple(map(renamed, rule.parameters)))
