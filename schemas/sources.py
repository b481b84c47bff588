"""What the nodes and states of an automaton stand for.

They are tuples, which are quick to look up; no two sorts of them can be equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .atoms import Kind
from .key_classes import KeyClasses
from .residual import Residual


class Pending(NamedTuple):
    """A value to come in a joint group: the formula, the open containers, and the key sets of those, by number."""

    formula: int
    kinds: tuple[Kind, ...]
    key_sets: tuple[int, ...]


class State(NamedTuple):
    """What is still demanded of open containers with these key sets; ``is_first`` if the innermost has just begun."""

    residual: Residual
    key_sets: tuple[int, ...]
    is_first: bool = False


class Settled(NamedTuple):
    """An object with the key set ``key_set`` that goes on as the plain one of ``formula``, about depth ``depth``."""

    formula: int
    depth: int
    key_set: int


class Tag(NamedTuple):
    """A value to come in a joint group, one of ``texts``, each with the formula that it leads to."""

    texts: tuple[tuple[str, int], ...]
    kinds: tuple[Kind, ...]
    key_sets: tuple[int, ...]

    @property
    def formula(self) -> int:
        """One of the formulas."""
        return self.texts[0][1]


@dataclass(frozen=True, eq=False)
class KeySet:
    """The keys of an object as its automaton tells them apart: ``names`` sorted by bytes, and ``classes`` of others."""

    names: tuple[str, ...]
    ranks: dict[str, int]
    classes: KeyClasses

    @cached_property
    def indices(self) -> dict[str, int]:
        """The places of ``names``."""
        return {name: index for index, name in enumerate(self.names)}

    @property
    def rows(self) -> int:
        """How many entries a state has: one for each name, and one for each class, of which one is always there."""
        return len(self.names) + max(len(self.classes.classes), 1)


class Fresh(NamedTuple):
    """An item that satisfies a value formula and is different from those before; there may be no such value left."""

    formula: int


@dataclass(frozen=True)
class Items:
    """Constants whose coming an array's states remember, and whether an item is certain to be one of them."""

    tracked: tuple[int, ...] = ()
    are_all: bool = False


Source = int | Pending | Fresh | Tag
"""Of a node; an integer is a value formula."""
