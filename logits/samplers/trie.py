"""What was learnt of a target: for every prefix met, an upper bound on the mass of the language that begins with it.

Bounds only fall, from children to parents, and where nothing is known they are 1. To stay within ``memory`` the
prefixes used longest ago are forgotten: their weights are 1 again, and so those of their parents rise; nothing that was
learnt of other targets is ever mixed in (``Tries``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint
from ..language_model import LanguageModel
from .node import NEVER, Allowed, Law, Node
from .target import Target

TOP_TOKENS = 400
_MOST_TOKENS = 450
"""Tokens of a node, with those that were taken out of its tail: 9 KB and the node itself."""
MEMORY = 256 << 20
_KEPT = 0.75


class Trie:
    """For one target. ``memory``: bytes; ``top_tokens``: of a node, at first.

    ``model``: the fingerprint of the target's model; only one without a fingerprint is itself kept alive.
    """

    def __init__(self, target: Target, *, memory: int = MEMORY, top_tokens: int = TOP_TOKENS) -> None:
        self.model: str | LanguageModel = target.model.fingerprint or target.model
        self.constraint = target.constraint
        self.max_tokens = target.max_tokens
        self.memory = memory
        self.top_tokens = min(top_tokens, _MOST_TOKENS)
        self.root: Node | None = None
        self.size = 0
        self._clock = 0

    @property
    def log_weight(self) -> float:
        """An upper bound on the log of the model's mass on the language."""
        return 0.0 if self.root is None else self.root.log_weight

    def nodes(self) -> Iterator[Node]:
        """Parents before children."""
        waiting = [] if self.root is None else [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children.values())

    def node(self, law: Law, allowed: Allowed, parent: Node | None, token: int) -> Node:
        """A node that is not in the trie yet."""
        return Node.of(law, allowed, self.top_tokens, parent, token)

    def name(self, node: Node, tokens: Iterable[int], law: Law, allowed: Allowed) -> None:
        """Give tokens of the tail, if there is room, places of their own, so that something can be learnt of them."""
        wanted = [token for token in set(tokens) if allowed[token] and node.place(token) is None]
        room = _MOST_TOKENS - len(node.ids)
        if wanted[:room]:
            before = node.size
            node.name(wanted[:room], law, allowed)
            self.size += node.size - before if self._holds(node) else 0

    def use(self, node: Node) -> None:
        node.used = self._clock

    def absorb(self, fresh: Iterable[Node], changed: Iterable[Node] = ()) -> None:
        """Take in new nodes, parents before children, and back up what they and changed nodes tell."""
        self._clock += 1
        linked = [node for node in fresh if self._link(node)]
        self._back_up([*linked, *(node for node in changed if self._holds(node))])
        if self.size > self.memory:
            self._forget()

    def _holds(self, node: Node) -> bool:
        return node is self.root or (node.parent is not None and node.parent.children.get(node.token) is node)

    def _link(self, node: Node) -> bool:
        if node.parent is None:
            self.root = node
        elif node.parent.place(node.token) is None or not self._holds(node.parent):
            return False  # no room there, so that nothing can be learnt of it
        else:
            node.parent.children[node.token] = node
        node.used = self._clock
        self.size += node.size
        return True

    def _back_up(self, stale: Iterable[Node]) -> None:
        levels: dict[int, dict[int, Node]] = {}
        for node in stale:
            levels.setdefault(node.depth, {})[id(node)] = node
        for depth in range(max(levels, default=-1), -1, -1):
            for node in levels.get(depth, {}).values():
                node.refresh()
                if node.parent is not None:
                    self._tell(node.parent, node)
                    levels.setdefault(depth - 1, {})[id(node.parent)] = node.parent

    def _tell(self, parent: Node, child: Node) -> None:
        place = parent.place(child.token)
        assert place is not None
        parent.weights[place] = child.log_weight
        if child.log_weight == NEVER:  # nobody will come here again
            self._drop(child)

    def _drop(self, node: Node) -> None:
        assert node.parent is not None
        del node.parent.children[node.token]
        waiting = [node]
        while waiting:
            each = waiting.pop()
            self.size -= each.size
            waiting.extend(each.children.values())

    def _forget(self) -> None:
        """Drop the leaves used longest ago; what is forgotten has weight 1, or it would be drawn too rarely."""
        while self.size > _KEPT * self.memory:
            leaves = [node for node in self.nodes() if not node.children and node.parent is not None]
            if not leaves:
                return
            for leaf in sorted(leaves, key=lambda node: node.used):
                if self.size <= _KEPT * self.memory:
                    return
                self._forget_leaf(leaf)

    def _forget_leaf(self, leaf: Node) -> None:
        self._drop(leaf)
        node: Node | None = leaf
        weight = 0.0
        while node is not None and node.parent is not None:
            place = node.parent.place(node.token)
            assert place is not None
            node.parent.weights[place] = weight
            node = node.parent
            weight = node.log_weight = node.mass()


class Tries:
    """The tries of several targets, by model, prompt, settings, constraint and limit; at most ``most`` are kept."""

    def __init__(self, most: int = 16, *, memory: int = MEMORY) -> None:
        if most < 1:
            raise MaskwrightError(f"room for {most} tries", remedy="keep at least one")
        self._most = most
        self._memory = memory
        self._tries: dict[tuple[object, ...], Trie] = {}

    def of(self, target: Target) -> Trie:
        """The trie of a target, a new one if there is none."""
        key = _key(target.model.fingerprint or target.model, target.constraint, target.max_tokens)
        trie = self._tries.get(key) or Trie(target, memory=self._memory)
        self.add(trie)
        return trie

    def add(self, trie: Trie) -> None:
        """Keep a trie, one that was loaded, say, in place of another of its target."""
        key = _key(trie.model, trie.constraint, trie.max_tokens)
        self._tries.pop(key, None)
        self._tries[key] = trie  # the last used comes last
        if len(self._tries) > self._most:
            del self._tries[next(iter(self._tries))]


def _key(model: str | LanguageModel, constraint: Constraint, max_tokens: int) -> tuple[object, ...]:
    """Tries hold what they are of, so that no other object takes the address of one of these."""
    return model if isinstance(model, str) else id(model), id(constraint), max_tokens
