"""The walk from the root of a draft tree: at each node a rule draws the next token, and says which child it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch

from .draws import Draws
from .tree import DraftTree


@dataclass(frozen=True)
class Children:
    """The drafts of one node: the ``nodes`` that follow ``node`` and their ``tokens``, in the order of drafting.

    ``law``: float[V], what they were drawn from, or None for drafts that were not drawn.
    """

    node: int
    nodes: list[int]
    tokens: list[int]
    law: torch.Tensor | None = None

    def after(self, token: int) -> tuple[int, int | None]:
        """``token``, and the first node that holds it."""
        return token, next((node for node, own in zip(self.nodes, self.tokens, strict=True) if own == token), None)


class Rule(Protocol):
    """How the next token is found with the help of drafts, so that its law is the target's."""

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        """The token after ``children.node``, and the child that it is, or None if it was not drafted.

        ``scores``: float[V], logarithms of the target's law up to a constant. ``children`` has at least one node.
        """
        ...


@dataclass(frozen=True)
class BySource:
    """A rule for each drafter; the children of a node must be drafted under one rule, that of the first of them."""

    tree: DraftTree
    rules: Mapping[int, Rule]

    def choose(self, scores: torch.Tensor, children: Children, draws: Draws) -> tuple[int, int | None]:
        return self.rules[int(self.tree.sources[children.nodes[0]])].choose(scores, children, draws)


def walk(
    tree: DraftTree,
    scores_of: Callable[[int], torch.Tensor],
    rule: Rule,
    draws: Draws,
    draft_laws: torch.Tensor | None = None,
) -> tuple[list[int], int]:
    """The accepted nodes from the root on, and the token that comes after the last of them.

    ``scores_of``: scores [V] of the target after a node, asked for the nodes of the path only.
    ``draft_laws``: float[n, V], what the children of each node were drawn from.
    """
    path = [0]
    while True:
        node = path[-1]
        nodes = tree.children[node]
        if not nodes:
            return path, draws.token(node, scores_of(node))
        law = None if draft_laws is None else draft_laws[node]
        children = Children(node, nodes, tree.tokens[nodes].tolist(), law)
        token, child = rule.choose(scores_of(node), children, draws)
        if child is None:
            return path, token
        path.append(child)
