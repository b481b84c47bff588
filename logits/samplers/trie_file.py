"""Tries on disk: NumPy's ``npz``, without pickled objects.

A file says of which model (with prompt and settings), vocabulary and limit of length it was learnt, and is refused for
another. Of the constraint only a language remains: at every prefix, the tokens that may come are compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...grammar.errors import MaskwrightError
from .node import Node
from .target import Target
from .trie import MEMORY, Trie

_VERSION = "maskwright trie 1"
_OTHER_MODEL = "give models a fingerprint, and use what was learnt for the same model, prompt and settings only"


def save_trie(trie: Trie, path: str | PathLike[str]) -> None:
    """Write a trie. Raises ``MaskwrightError`` if its model has no fingerprint, ``OSError``."""
    if not trie.target.model.fingerprint:
        raise MaskwrightError("the trie's model has no fingerprint", remedy=_OTHER_MODEL)
    nodes = list(trie.nodes())
    places = {id(node): place for place, node in enumerate(nodes)}
    np.savez_compressed(
        Path(path),
        identity=np.array(_identity(trie.target)),
        parents=np.array([-1 if node.parent is None else places[id(node.parent)] for node in nodes], np.int64),
        tokens=np.array([node.token for node in nodes], np.int64),
        allowed=np.array([node.allowed for node in nodes], np.int64),
        log_weights=np.array([node.log_weight for node in nodes], np.float64),
        counts=np.array([len(node.ids) for node in nodes], np.int64),
        ids=_joined([node.ids for node in nodes], np.int32),
        tails=np.array([node.law[-1] for node in nodes], np.float64),
        law=_joined([node.law[:-1] for node in nodes], np.float64),
        weights=_joined([node.weights[:-1] for node in nodes], np.float64),
    )


def load_trie(path: str | PathLike[str], target: Target, *, memory: int = MEMORY) -> Trie:
    """Read a trie that was learnt of ``target``. Raises ``MaskwrightError`` if it was learnt of another one."""
    with np.load(Path(path), allow_pickle=False) as file:
        tables = {name: file[name] for name in file.files}
    if tables["identity"].tolist() != _identity(target) or not target.model.fingerprint:
        raise MaskwrightError(f"{path}: the trie was learnt of another model or limit of length", remedy=_OTHER_MODEL)
    trie = Trie(target, memory=memory)
    trie.absorb(list(_nodes(tables)))
    for node, possible in _with_masks(trie):
        if np.count_nonzero(possible) != node.allowed or not possible[node.ids].all():
            raise MaskwrightError(
                f"{path}: the trie was learnt of another constraint", remedy="load it for the constraint it is of"
            )
    return trie


def _identity(target: Target) -> list[str]:
    return [_VERSION, target.model.fingerprint, target.constraint.vocabulary.fingerprint, str(target.max_tokens)]


def _joined(arrays: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *arrays])


def _nodes(tables: dict[str, NDArray[Any]]) -> Iterator[Node]:
    """The nodes, parents before children."""
    ends = tables["counts"].cumsum()
    found: list[Node] = []
    for place, end in enumerate(ends.tolist()):
        parent = int(tables["parents"][place])
        node = Node(found[parent] if parent >= 0 else None, int(tables["tokens"][place]))
        part = slice(end - int(tables["counts"][place]), end)
        node.ids = tables["ids"][part].copy()
        node.law = np.append(tables["law"][part], tables["tails"][place])
        node.weights = np.append(tables["weights"][part], 0.0)
        node.allowed = int(tables["allowed"][place])
        node.log_weight = float(tables["log_weights"][place])
        found.append(node)
        yield node


def _with_masks(trie: Trie) -> Iterator[tuple[Node, NDArray[np.bool_]]]:
    """Each node, and the tokens that may come after its prefix, bool[V]; one matcher goes from prefix to prefix."""
    target, matcher, depth = trie.target, trie.target.constraint.matcher(), 0
    for node in trie.nodes():
        if node.depth:
            matcher.rollback(depth - (node.depth - 1))
            depth = node.depth - 1 + matcher.accept_token(node.token)
        allowed = target.masks([matcher])[0]
        yield node, allowed & target.ends if target.is_last(node.depth) else allowed
