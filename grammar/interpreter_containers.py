"""What the slow interpreter asks of an open container: what may come next in it, and whether it may close."""

from __future__ import annotations

from dataclasses import replace

from .interpreter_configuration import Frame
from .interpreter_strings import EVERYTHING, Ranges
from .interpreter_tables import TableReader
from .kernels import layout as at

_BY_STATE = (at.STATE_ANY_ORDER, at.STATE_ORDERED)
_IN_ORDER = (at.ORDERED, at.STATE_ORDERED)


class Containers(TableReader):
    """Questions about frames; answers are worked out anew from the keys and items that came."""

    def _is_unique(self, frame: Frame) -> bool:
        """Does it matter whether the items of ``frame`` are different from each other?"""
        return frame.kind == at.ARRAY and bool(self._node(frame.node)[at.UNIQUE])

    def _must_differ(self, frame: Frame, outcome: int = at.PLAIN) -> bool:
        """Must the item in hand, which leads to the state ``outcome`` if any, be none of those before?"""
        state = frame.state if outcome == at.PLAIN else outcome
        return self._is_unique(frame) and (state == at.PLAIN or self._state(state)[at.REPEATED] == at.PLAIN)

    def _may_close(self, frame: Frame) -> bool:
        if frame.kind == at.ROOT:
            return False
        if self._is_run_by_state(frame):
            return self._state(frame.state)[at.CLOSE] != at.MAY_NOT_CLOSE
        fields = self._node(frame.node)
        if frame.kind == at.ARRAY:
            return frame.count >= fields[at.MIN_ITEMS]
        return frame.count >= fields[at.MIN_KEYS] and not self._still_required(frame)

    def _is_run_by_state(self, frame: Frame) -> bool:
        """Is it a state that tells what may come next in ``frame``?"""
        if frame.kind == at.OBJECT and self._node(frame.node)[at.POLICY] not in _BY_STATE:
            return False
        return frame.state != at.PLAIN

    def _settled(self, frame: Frame) -> Frame:
        """The object ``frame`` as it goes on: as a plain one, if its state says so."""
        node = self._state(frame.state)[at.SETTLED_NODE] if self._is_run_by_state(frame) else at.NONE
        if node == at.NONE:
            return frame
        keys, before = self._keys(node), self._keys(frame.node)
        seen = {before[index].name for index in frame.seen}
        ranks = {key.name: key.rank for key in before}
        in_order = self._node(node)[at.POLICY] == at.ORDERED
        rank = sum(in_order and ranks[key.name] < frame.next_rank for key in keys)
        come = frozenset(index for index, key in enumerate(keys) if key.name in seen)
        return replace(frame, node=node, count=0, seen=come, next_rank=rank)

    def _still_required(self, frame: Frame) -> set[int]:
        return {index for index, key in enumerate(self._keys(frame.node)) if key.required} - frame.seen

    def _node_after(self, node: int, frame: Frame) -> int:
        with self._automaton.lock:
            return self._automaton.node_after(node, frame.items_text)

    def _other_node(self, frame: Frame, number: int) -> int:
        """The node of the value of a key of class ``number`` that is not named, NONE if no such key may come."""
        fields = self._node(frame.node)
        if fields[at.POLICY] in _BY_STATE:
            return self._entry(frame.state, len(self._keys(frame.node)) + number - 1)[0]
        required = self._still_required(frame)
        if frame.count + len(required) >= fields[at.MAX_KEYS] or (fields[at.POLICY] == at.ORDERED and required):
            return at.NONE
        if fields[at.CLASSES]:
            return int(self._automaton.item_nodes.array[fields[at.CLASS_AT] + number - 1])
        return fields[at.OTHER]

    def _other(self, frame: Frame, name: str) -> tuple[Frame, int] | None:
        """The object ``frame`` after the key ``name``, which is not a named one, and the node of its value."""
        fields, number = self._node(frame.node), 1
        if fields[at.CLASSES]:
            text = self._text(fields[at.KEY_TEXT])
            state = text.start
            for character in name:
                state = text.successor(state, ord(character))
            number = text.labels[state]
        node = at.NONE if number == 0 else self._other_node(frame, number)
        if node == at.NONE or name in frame.others:
            return None
        state = frame.state
        if fields[at.POLICY] in _BY_STATE:
            state = self._entry(frame.state, len(self._keys(frame.node)) + number - 1)[1]
        after = replace(frame, others=frame.others | {name}, count=frame.count + 1)
        return replace(after, next_rank=len(self._keys(frame.node)), state=state), node

    def _other_begins(self, frame: Frame, text: str, ranges: Ranges) -> bool:
        """May a key that is not named come that begins with ``text`` and goes on with a character of ``ranges``?

        With ``EVERYTHING``, it may end after ``text`` too. Keys are tried one by one, shortest first.
        """
        fields = self._node(frame.node)
        if not fields[at.CLASSES]:
            return self._other_node(frame, 1) != at.NONE
        automaton = self._text(fields[at.KEY_TEXT])
        start = automaton.start
        for character in text:
            start = automaton.successor(start, ord(character))
        live = {n for n in range(1, fields[at.CLASSES] + 1) if self._other_node(frame, n) != at.NONE}
        level = {(text, start)}
        if ranges is not EVERYTHING:
            level = {
                (text + chr(code_point), successor)
                for first, last, successor in automaton.edges[start]
                for low, high in ranges
                for code_point in range(max(first, low), min(last, high, max(first, low) + len(frame.others)) + 1)
            }
        for _ in range(len(automaton.labels) * (len(frame.others) + 2)):
            if any(automaton.labels[state] in live and name not in frame.others for name, state in level):
                return True
            following: dict[int, list[str]] = {}
            for name, state in sorted(level):
                for first, last, successor in automaton.edges[state]:
                    names = following.setdefault(successor, [])
                    names += [name + chr(c) for c in range(first, min(last, first + len(frame.others)) + 1)]
            kept = len(frame.others) + 1
            level = {(name, state) for state, names in following.items() for name in names[:kept]}
        return False

    def _named(self, frame: Frame, index: int) -> tuple[Frame, int] | None:
        """The object ``frame`` after the key with this index, and the node of its value; None if it may not come."""
        fields, keys = self._node(frame.node), self._keys(frame.node)
        key = keys[index]
        after = replace(frame, seen=frame.seen | {index}, next_rank=key.rank + 1, count=frame.count + 1)
        node = key.node
        if fields[at.POLICY] in _BY_STATE:
            node, state = self._entry(frame.state, index)
            after = replace(after, state=state)
        if node == at.NONE or index in frame.seen:
            return None
        if fields[at.POLICY] in _IN_ORDER and key.rank < frame.next_rank:
            return None
        if fields[at.POLICY] not in _BY_STATE and not self._count_fits(after):
            return None
        skipped = [other for other in keys if frame.next_rank <= other.rank < key.rank]
        if fields[at.POLICY] == at.ORDERED and any(other.required for other in skipped):
            return None
        return after, node

    def _count_fits(self, frame: Frame) -> bool:
        """Can the object ``frame`` still get as few and as many keys as it must?"""
        fields = self._node(frame.node)
        if frame.count + len(self._still_required(frame)) > fields[at.MAX_KEYS]:
            return False
        if fields[at.POLICY] != at.ORDERED or fields[at.OTHER] != at.NONE or fields[at.CLASSES]:
            return True
        later = [key for key in self._keys(frame.node) if key.rank >= frame.next_rank and key.node != at.NONE]
        return frame.count + len(later) >= fields[at.MIN_KEYS]

    def _live_keys(self, frame: Frame) -> list[str]:
        keys = self._keys(frame.node)
        return [key.name for index, key in enumerate(keys) if self._named(frame, index) is not None]
