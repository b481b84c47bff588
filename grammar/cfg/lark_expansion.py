"""Keeps Lark's expansion of options and repetitions into plain rules small.

Lark multiplies the alternatives of a sequence out: twenty options become a million rules. Where that would be many,
groups become rules of their own first, which is the same language.
"""

from __future__ import annotations

from math import prod
from typing import TypeAlias

from lark.grammar import NonTerminal
from lark.load_grammar import Grammar
from lark.tree import Tree

from ..errors import LimitExceeded

_Tree: TypeAlias = "Tree[object]"

MANY = 256
"""So many plain rules may come of one alternative."""

LONG = 50
"""Repetitions from here on become rules of their own in Lark itself."""


def tame(grammar: Grammar) -> None:
    """Gives groups of alternatives that multiply rules of their own, in place."""
    for name, params, tree, options in list(grammar.rule_defs):
        hoisting = _Hoisting(name)
        hoisting.visit(tree)
        if hoisting.made and params:
            problem = f"the template {name} has an alternative with more than {MANY} ways to leave something out"
            raise LimitExceeded(problem, remedy="use a rule of its own for each optional part")
        grammar.rule_defs.extend((made, (), body, options) for made, body in hoisting.made)


class _Hoisting:
    def __init__(self, name: str) -> None:
        self._name = name
        self.made: list[tuple[str, _Tree]] = []

    def visit(self, node: object) -> int:
        """How many plain alternatives Lark makes of ``node``, once its parts are tamed."""
        if not isinstance(node, Tree):
            return 1
        if node.data == "expansions":
            return sum(map(self.visit, node.children))
        if node.data == "expansion":
            counts = list(map(self.visit, node.children))
            if prod(counts) > MANY:
                node.children = [
                    self._own(child) if n > 1 else child for child, n in zip(node.children, counts, strict=True)
                ]
                return 1
            return prod(counts)
        if node.data == "alias":
            return self.visit(node.children[0])
        if node.data == "maybe":
            return 1 + self.visit(node.children[0])
        return self._repeated(node) if node.data == "expr" else 1

    def _repeated(self, node: _Tree) -> int:
        count, operator = self.visit(node.children[0]), str(node.children[1])
        if operator in "?*":
            return 1 + (count if operator == "?" else 1)
        if operator == "+":
            return 1
        low, high = int(str(node.children[2])), int(str(node.children[-1]))
        if count > 1 and (high >= LONG or high * count.bit_length() > MANY.bit_length()):
            node.children[0] = self._own(node.children[0])
            count = 1
        return 1 if high >= LONG else sum(count**times for times in range(low, high + 1))

    def _own(self, group: object) -> _Tree:
        name = f"__{self._name}_group_{len(self.made)}"
        self.made.append((name, Tree("expansions", [Tree("expansion", [group])])))
        return Tree("value", [NonTerminal(name)])
