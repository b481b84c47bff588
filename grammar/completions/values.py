"""The least texts of values: for each independent node, a text that costs as little as any that is found.

A least fixpoint over the nodes (after Knuth, "A generalization of Dijkstra's algorithm", 1977): scalars and containers
that may be empty are known at once, others follow from what has to be in them, and whoever depends on a text is looked
at again when a cheaper one is found. Only the nodes that have to be in some value are compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..automaton import Compiler
from ..kernels import layout as at
from .containers import Level, Members, members_of_object
from .groups import GroupPaths
from .probe import Probe
from .records import Records
from .spelling import Spelling

if TYPE_CHECKING:
    from ..matcher import Constraint

Ask = Callable[[int], bytes | None]

_LITERALS = ((at.IS_NULL, b"null"), (at.IS_TRUE, b"true"), (at.IS_FALSE, b"false"))
_FILLERS = (b"a", b" ", b"-", b"=", b"0")
_LONGEST = 1 << 20


class ValueTexts:
    """The texts of one constraint's values, found as they are asked for."""

    def __init__(self, constraint: Constraint) -> None:
        self._constraint = constraint
        compiler = constraint._automaton.compiler
        assert compiler is not None
        self.compiler: Compiler = compiler
        self.records = Records(constraint._automaton)
        self.spelling = Spelling(constraint.matcher())
        self._texts: dict[int, bytes | None] = {}
        self.paths = GroupPaths(self)

    def text(self, node: int) -> bytes | None:
        """A text of the independent ``node``; None if none was found."""
        if node not in self._texts:
            self._solve(node)
        return self._texts[node]

    def _solve(self, root: int) -> None:
        found: dict[int, bytes | None] = {root: None}
        dependents: dict[int, set[int]] = {}
        work = [root]

        def asking(node: int) -> Ask:
            def ask(child: int) -> bytes | None:
                if child in self._texts:
                    return self._texts[child]
                dependents.setdefault(child, set()).add(node)
                if child not in found:
                    found[child] = None
                    work.append(child)
                return found[child]

            return ask

        while work:
            node = work.pop()
            best, known = self._evaluate(node, asking(node)), found[node]
            if best is not None and (known is None or self.cost(best) < self.cost(known)):
                found[node] = best
                work += dependents.get(node, ())
        self._texts.update(found)

    def cost(self, piece: bytes) -> int:
        return self.spelling.cost(piece)

    def cheapest(self, texts: list[bytes]) -> bytes | None:
        return min(texts, key=self.cost, default=None)

    def _evaluate(self, node: int, ask: Ask) -> bytes | None:
        fields = self.records.node(node)
        if fields[at.AFTER_ITEMS]:
            instead = self.node_after(node, b"")
            return None if instead < 0 else ask(instead)
        kinds = fields[at.KINDS]
        texts = self.scalars(node, fields)
        for kind, closed, inside in (
            (at.IS_ARRAY, b"[]", self._array_inside),
            (at.IS_OBJECT, b"{}", self._object_inside),
        ):
            if kinds & kind:
                content = inside(node, fields, ask)
                if content is not None:
                    texts.append(closed[:1] + content + closed[1:])
        return self.cheapest(texts)

    def node_after(self, node: int, items: bytes) -> int:
        """What stands in for ``node`` after ``items``; NOTHING where no value is left."""
        automaton = self._constraint._automaton
        automaton.begin_epoch()
        return automaton.node_after(node, items)

    # --- scalars

    def scalars(self, node: int, fields: list[int]) -> list[bytes]:
        """The cheapest text of each kind of scalar that an independent ``node`` allows."""
        return list(self.scalar_outcomes(node, fields).values())

    def scalar_outcomes(self, node: int, fields: list[int]) -> dict[int, bytes]:
        """For each state that a scalar of ``node`` leads to (PLAIN for independent ones), the cheapest text."""
        kinds, joint = fields[at.KINDS], fields[at.JOINT]
        found: list[tuple[int, bytes]] = []
        for (kind, text), field in zip(_LITERALS, (at.NULL_OUTCOME, at.TRUE_OUTCOME, at.FALSE_OUTCOME), strict=True):
            if kinds & kind:
                found.append((fields[field] if joint else at.PLAIN, text))
        if kinds & at.IS_STRING:
            found.append((at.PLAIN, b'"' + self.filler(fields[at.MIN_LENGTH]) + b'"'))
        if kinds & at.IS_CHOICE:
            found += [(outcome, text) for text, outcome in self._shortest(self.records.choices(fields))]
        for kind, first in ((at.IS_TEXT, (b'"',)), (at.IS_NUMBER, (b"0", b"-", *_DIGITS))):
            if kinds & kind:
                found += self._searched(node, first, bool(joint))
        best: dict[int, bytes] = {}
        for outcome, text in found:
            if outcome not in best or self.cost(text) < self.cost(best[outcome]):
                best[outcome] = text
        return best

    def filler(self, length: int) -> bytes:
        """So many characters of which few tokens are made."""
        return min((filler * min(length, _LONGEST) for filler in _FILLERS), key=self.cost) if length > 0 else b""

    def _shortest(self, choices: list[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
        """Of many strings with the same consequence, the few with the fewest bytes."""
        counts: dict[int, int] = {}
        kept = []
        for text, outcome in sorted(choices, key=lambda choice: len(choice[0])):
            counts[outcome] = counts.get(outcome, 0) + 1
            if counts[outcome] <= _FEW:
                kept.append((text, outcome))
        return kept

    def _searched(self, node: int, beginnings: tuple[bytes, ...], joint: bool) -> list[tuple[int, bytes]]:
        """Scalars found by running the automaton from each of ``beginnings`` on."""
        found = []
        for beginning in beginnings:
            probe = Probe.at_node(self._constraint, node)
            if not joint and len(beginning) == 1 and probe.completes(beginning):
                return [(at.PLAIN, beginning)]
            if probe.read(beginning):
                exits = probe.exits() if joint else probe.exits(1, is_thorough=True)
                found += [(each.state if joint else at.PLAIN, beginning + each.text) for each in exits]
        return found

    # --- containers

    def _array_inside(self, node: int, fields: list[int], ask: Ask) -> bytes | None:
        if fields[at.ARRAY_STATE] != at.PLAIN:
            return self._by_state(node, at.ARRAY, fields[at.ARRAY_STATE], ask)
        members = Members.items(self.records, fields, 0, 0)
        return None if members is None else members.text(ask)

    def _object_inside(self, node: int, fields: list[int], ask: Ask) -> bytes | None:
        if fields[at.OBJECT_STATE] != at.PLAIN:
            return self._by_state(node, at.OBJECT, fields[at.OBJECT_STATE], ask)
        members = members_of_object(self, node, Level(node, at.OBJECT, 0, 0), 0, 0, ask)
        return None if members is None else members.text(ask)

    def _by_state(self, node: int, kind: int, state: int, ask: Ask) -> bytes | None:
        path = self.paths.inside(state, (Level(node, kind, 0, 0),), at.FIRST_KEY, ask)
        return None if path is None else path.text[:-1]


_DIGITS = tuple(b"%d" % digit for digit in range(1, 10))
_FEW = 8
