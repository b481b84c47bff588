"""The automaton executed slowly and plainly: what the kernels are tested against, and what explanations are made of.

Everything is immutable: a configuration says what the automaton is in the middle of, frames are the open containers.
What the kernels keep in counters and bitsets is worked out anew from what was read: keys and enumerated strings are
compared with the text so far, blanks are judged as a whole, lengths are those of the text.

Not supported: speed. A byte takes some 10 microseconds, a mask that for every token of the vocabulary.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .automaton import Automaton, Style
from .blanks import state_after
from .dfa import DEAD, REJECT
from .interpreter_configuration import Configuration, Frame, comparable, parsed
from .interpreter_containers import Containers
from .interpreter_strings import EVERYTHING, Ranges, is_whole, possible_code_points, some_begins
from .kernels import layout as at
from .number_dfa import SYMBOL_OF_BYTE
from .vocabulary import Vocabulary

_BLANKS = b" \t\n\r"
_POINT_AND_ZERO = (at.POINT_SYMBOL, at.ZERO_SYMBOL)
_LITERALS = {
    b"n": (b"null", at.IS_NULL, at.NULL_OUTCOME),
    b"t": (b"true", at.IS_TRUE, at.TRUE_OUTCOME),
    b"f": (b"false", at.IS_FALSE, at.FALSE_OUTCOME),
}


class Interpreter(Containers):
    """Runs the tables of ``automaton``, compiling nodes and states as it comes to them."""

    def __init__(self, automaton: Automaton) -> None:
        super().__init__(automaton)
        self._written = b""
        self._completable: dict[tuple[int, int, int, int], bool] = {}

    def start(self) -> Configuration:
        return self.start_at(0)

    def start_at(self, node: int) -> Configuration:
        """Where a value of ``node`` is to be written, and nothing else."""
        style = int(self._automaton.nodes.array[node, at.NODE_STYLE])
        return Configuration(at.VALUE, Frame(None, at.ROOT, style=style), node=node)

    def read(self, configuration: Configuration, content: bytes) -> Configuration | None:
        """The configuration after all of ``content``, None if a byte of it is refused."""
        current: Configuration | None = configuration
        for byte in content:
            current = None if current is None else self.step(current, byte)
        return current

    def mask(self, configuration: Configuration, vocabulary: Vocabulary) -> NDArray[np.bool_]:
        """Which tokens may come next; bool[V]."""
        reached: dict[bytes, Configuration | None] = {b"": configuration}

        def reach(content: bytes) -> Configuration | None:
            if content not in reached:
                before = reach(content[:-1])
                reached[content] = None if before is None else self.step(before, content[-1])
            return reached[content]

        begins = {byte for byte in range(256) if self.step(configuration, byte) is not None}
        allowed = np.array(
            [token != b"" and token[0] in begins and reach(token) is not None for token in vocabulary.spelled], np.bool_
        )
        allowed[list(vocabulary.eos_token_ids)] = self.is_accepting(configuration)
        return allowed

    def is_accepting(self, configuration: Configuration) -> bool:
        """Is the text so far a complete document?"""
        if configuration.frame.kind != at.ROOT:
            return False
        if configuration.mode == at.NUMBER:
            return self._number_label(configuration) != 0
        return configuration.mode == at.AFTER

    def step(self, configuration: Configuration, byte: int) -> Configuration | None:
        """The configuration after ``byte``, or None: no document goes on like this."""
        self._written = configuration.written + bytes([byte])
        after = self._step(configuration, byte)
        return None if after is None else replace(after, written=self._written)

    def _step(self, configuration: Configuration, byte: int) -> Configuration | None:
        mode = configuration.mode
        if mode in (at.STRING, at.TEXT, at.CHOICE, at.KEY):
            return self._in_string(configuration, bytes([byte]))
        if mode == at.NUMBER:
            return self._in_number(configuration, bytes([byte]))
        if mode == at.LITERAL:
            return self._in_literal(configuration, chr(byte))
        return self._between(configuration, bytes([byte]))

    # --- between values

    def _between(self, configuration: Configuration, byte: bytes) -> Configuration | None:
        frame, mode = configuration.frame, configuration.mode
        if byte in _SINGLE_BLANKS:
            longer = replace(configuration, blanks=configuration.blanks + byte)
            return longer if self._blanks_allowed(longer) else None
        if not self._blanks_may_end(configuration):
            return None
        if mode == at.VALUE:
            return self._begin_value(frame, configuration.node, byte)
        if mode == at.COLON:
            return Configuration(at.VALUE, frame, configuration.node, behind=b":") if byte == b":" else None
        if mode == at.NEXT_KEY:
            return self._begin_key(frame, byte)
        if mode == at.FIRST_KEY:
            return self._close(frame) if byte == b"}" else self._begin_key(frame, byte)
        if mode == at.FIRST_ITEM:
            if byte == b"]":
                return self._close(frame)
            item = self._item(frame)
            return None if item is None else self._begin_value(*item, byte)
        return self._after_value(configuration, byte)

    def _style(self, frame: Frame) -> Style:
        return self._automaton.styles[frame.style]

    def _blanks_allowed(self, configuration: Configuration) -> bool:
        style = self._style(configuration.frame)
        if style.whitespace == at.ANY_BLANKS:
            return True
        if style.whitespace == at.BLANKS_BY_PATTERN:
            reached = state_after(style.blank_next, configuration.blanks)
            return configuration.frame.kind != at.ROOT and reached != at.NONE
        if style.whitespace == at.COMPACT or configuration.mode == at.COLON:
            return False
        frame, blanks, behind = configuration.frame, configuration.blanks, configuration.behind
        if configuration.mode == at.AFTER and not self._may_close(frame):
            return False
        if blanks == b" ":
            return behind in (b",", b":")
        columns = sum(at.TAB_COLUMNS if blank == 0x09 else 1 for blank in blanks[1:])
        return (
            behind != b":"
            and frame.kind != at.ROOT
            and blanks[:1] == b"\n"
            and set(blanks[1:]) <= set(b" \t")
            and columns <= at.COLUMNS_PER_LEVEL * frame.depth
        )

    def _blanks_may_end(self, configuration: Configuration) -> bool:
        style = self._style(configuration.frame)
        if style.whitespace != at.BLANKS_BY_PATTERN or configuration.frame.kind == at.ROOT:
            return True
        runs = style.blank_next
        return bool(runs[state_after(runs, configuration.blanks), at.BLANKS_MAY_END])

    def _after_value(self, configuration: Configuration, byte: bytes) -> Configuration | None:
        frame = configuration.frame
        if frame.kind == at.ROOT:
            return None
        if byte == b",":
            if configuration.blanks and self._style(frame).whitespace == at.FORMATTED:
                return None
            if frame.kind == at.OBJECT:
                frame = self._settled(frame)
                has_more = self._other_begins(frame, "", EVERYTHING) or self._live_keys(frame)
                return Configuration(at.NEXT_KEY, frame, behind=byte) if has_more else None
            item = self._item(frame)
            return None if item is None else Configuration(at.VALUE, *item, behind=byte)
        return self._close(frame) if byte == (b"}" if frame.kind == at.OBJECT else b"]") else None

    def _begin_value(self, frame: Frame, node: int, byte: bytes) -> Configuration | None:
        fields = self._node(node)
        if fields[at.AFTER_ITEMS] == at.AS_IT_BEGINS:
            node = self._node_after(node, frame)
            fields = self._node(node)
        kinds = fields[at.KINDS]
        if byte == b'"':
            for kind, mode in ((at.IS_STRING, at.STRING), (at.IS_CHOICE, at.CHOICE), (at.IS_TEXT, at.TEXT)):
                if kinds & kind:
                    start = self._text(fields[at.TEXT_ID]).start if kind == at.IS_TEXT else 0
                    return Configuration(mode, frame, node, state=start)
        elif byte == b"{" and kinds & at.IS_OBJECT:
            inner = Frame(frame, at.OBJECT, node, fields[at.OBJECT_STATE], depth=frame.depth + 1, style=frame.style)
            return Configuration(at.FIRST_KEY, inner)
        elif byte == b"[" and kinds & at.IS_ARRAY:
            inner = Frame(frame, at.ARRAY, node, fields[at.ARRAY_STATE], depth=frame.depth + 1, style=frame.style)
            return Configuration(at.FIRST_ITEM, inner)
        elif byte in _LITERALS:
            word, kind, outcome = _LITERALS[byte]
            repeated = comparable(json.loads(word)) in frame.items
            if kinds & kind and not (repeated and self._must_differ(frame, fields[outcome])):
                return Configuration(at.LITERAL, frame, text=word[1:].decode(), outcome=fields[outcome])
        elif kinds & at.IS_NUMBER:
            return self._in_number(Configuration(at.NUMBER, frame, node, state=fields[at.NUMBER_START]), byte)
        return None

    def _finish(self, frame: Frame, outcome: int = at.PLAIN, behind: int = 0) -> Configuration | None:
        """A value in ``frame`` is complete, ``behind`` bytes ago; ``outcome`` is the frame's new state, if any.

        None if it is an item that has to be different from those before, and is not.
        """
        after = frame if outcome == at.PLAIN else replace(frame, state=outcome)
        if not self._is_unique(frame):
            return Configuration(at.AFTER, after)
        text = self._written[frame.item_from : len(self._written) - behind]
        item = comparable(parsed(text))
        if item in frame.items:
            if self._must_differ(frame, outcome):
                return None
            after = replace(after, state=self._state(after.state)[at.REPEATED])
        before = frame.items_text + b"," if frame.items else b""
        return Configuration(at.AFTER, replace(after, items=(*frame.items, item), items_text=before + text))

    # --- containers

    def _close(self, frame: Frame) -> Configuration | None:
        if not self._may_close(frame):
            return None
        assert frame.parent is not None
        if frame.state == at.PLAIN:
            return self._finish(frame.parent)
        outcome = self._state(frame.state)[at.CLOSE if self._is_run_by_state(frame) else at.SETTLED_CLOSE]
        return self._finish(frame.parent, at.PLAIN if outcome == at.KEEP else outcome)

    def _item(self, frame: Frame) -> tuple[Frame, int] | None:
        """The array ``frame`` once its next item has begun, and the node of that item; None if none may come."""
        start = len(self._written) - (self._written[-1:] != b",")
        after = replace(frame, count=frame.count + 1, item_from=start)
        if frame.state != at.PLAIN:
            state = self._state(frame.state)
            node, after = state[at.ITEM_NODE], replace(after, state=state[at.ITEM_STATE])
        else:
            fields = self._node(frame.node)
            if frame.count < fields[at.PREFIX]:
                node = int(self._automaton.item_nodes.array[fields[at.PREFIX_AT] + frame.count])
            else:
                node = fields[at.ITEM]
            if frame.count >= fields[at.MAX_ITEMS]:
                return None
        if node == at.NONE:
            return None
        if self._node(node)[at.AFTER_ITEMS] == at.BEFORE_IT_BEGINS:
            node = self._node_after(node, frame)
        return None if node == at.NOTHING else (after, node)

    def _begin_key(self, frame: Frame, byte: bytes) -> Configuration | None:
        if byte == b'"' and (self._other_begins(frame, "", EVERYTHING) or self._live_keys(frame)):
            return Configuration(at.KEY, frame)
        return None

    def _finish_key(self, frame: Frame, name: str) -> Configuration | None:
        names = [key.name for key in self._keys(frame.node)]
        found = self._named(frame, names.index(name)) if name in names else self._other(frame, name)
        return None if found is None else Configuration(at.COLON, *found)

    # --- scalars

    def _in_literal(self, configuration: Configuration, character: str) -> Configuration | None:
        if configuration.text[0] != character:
            return None
        if len(configuration.text) == 1:
            return self._finish(configuration.frame, configuration.outcome)
        return replace(configuration, text=configuration.text[1:])

    def _in_number(self, configuration: Configuration, byte: bytes) -> Configuration | None:
        successor = int(self._automaton.number_next.array[configuration.state, SYMBOL_OF_BYTE[byte[0]]])
        integer = 10 * configuration.integer + int(byte) if byte.isdigit() else configuration.integer
        longer = replace(configuration, state=successor, integer=integer)
        if successor != DEAD and self._number_goes_on(longer):
            return longer if self._may_settle(longer) else None
        label = self._number_label(configuration)
        if label == 0:
            return None
        outcome = label if self._node(configuration.node)[at.JOINT] else at.PLAIN
        finished = self._finish(configuration.frame, outcome, behind=1)
        return None if finished is None else self._between(finished, byte)

    def _number_goes_on(self, configuration: Configuration) -> bool:
        numbers, state = self._automaton.numbers_with(configuration.state)
        return numbers.residues is None or numbers.residues.is_live(state, configuration.integer)

    def _number_label(self, configuration: Configuration) -> int:
        numbers, state = self._automaton.numbers_with(configuration.state)
        if numbers.residues is None:
            return int(numbers.dfa.labels[state])
        return numbers.residues.label(state, configuration.integer)

    def _may_settle(self, configuration: Configuration) -> bool:
        """False if nothing can change the value of the number in hand any more, and it must not be repeated, but is."""
        frame = configuration.frame
        if not self._is_unique(frame):
            return True
        facts = self._automaton.number_next.array[configuration.state, at.NUMBER_FACTS]
        is_settled, is_power = facts & at.SETTLED, self._written[-1:] in b"eE"
        if not is_settled and not is_power:
            return True
        number = parsed(self._written[frame.item_from :].rstrip(b".eE+-").strip() or b"0")
        if not is_settled and number != 0:
            return True
        if comparable(number) not in frame.items:
            return True
        if not self._node(configuration.node)[at.JOINT]:
            return not self._must_differ(frame)
        if self._automaton.numbers_with(configuration.state)[0].residues is not None:
            return True
        return not all(self._must_differ(frame, outcome) for outcome in self._settled_outcomes(configuration.state))

    def _settled_outcomes(self, number: int) -> set[int]:
        """The states that a number can lead to of which only zeros, and a point before them, are still missing."""
        found, open_states, outcomes = {DEAD, number}, [number], set()
        while open_states:
            state = open_states.pop()
            outcomes.add(int(self._automaton.number_label.array[state]))
            following = {int(self._automaton.number_next.array[state, symbol]) for symbol in _POINT_AND_ZERO} - found
            found |= following
            open_states += following
        return outcomes - {REJECT}

    def _in_string(self, configuration: Configuration, byte: bytes) -> Configuration | None:
        if byte == b'"' and not configuration.pending:
            return self._finish_string(configuration)
        written = configuration.pending + byte
        ranges = possible_code_points(written, self._style(configuration.frame).escapes)
        if not ranges or not self._goes_on(configuration, ranges):
            return None
        if not is_whole(written):
            return replace(configuration, pending=written)
        code_point, state = ranges[0][0], configuration.state
        if configuration.mode == at.TEXT:
            state = self._text(self._node(configuration.node)[at.TEXT_ID]).successor(state, code_point)
        longer = configuration.text + chr(code_point)
        if configuration.mode == at.STRING and self._must_differ(configuration.frame):
            longest = self._node(configuration.node)[at.MAX_LENGTH]
            if len(longer) == longest and ("string", longer) in configuration.frame.items:
                return None
        return Configuration(configuration.mode, configuration.frame, configuration.node, longer, state=state)

    def _finish_string(self, configuration: Configuration) -> Configuration | None:
        frame, mode, text = configuration.frame, configuration.mode, configuration.text
        if mode == at.KEY:
            return self._finish_key(frame, text)
        fields = self._node(configuration.node)
        if mode == at.CHOICE:
            outcomes = self._choices(fields)
            return self._finish(frame, outcomes[text]) if text in outcomes else None
        if not fields[at.MIN_LENGTH] <= len(text) <= fields[at.MAX_LENGTH]:
            return None
        if mode == at.STRING:
            return self._finish(frame)
        label = self._text(fields[at.TEXT_ID]).labels[configuration.state]
        return self._finish(frame, label if fields[at.JOINT] else at.PLAIN) if label else None

    def _goes_on(self, configuration: Configuration, ranges: Ranges) -> bool:
        """Is there a string that goes on with a character of ``ranges``?"""
        text = configuration.text
        if configuration.mode == at.KEY:
            if self._other_begins(configuration.frame, text, ranges):
                return True
            return some_begins(self._live_keys(configuration.frame), text, ranges)
        fields = self._node(configuration.node)
        if configuration.mode == at.CHOICE:
            return some_begins([*self._choices(fields)], text, ranges)
        if configuration.mode == at.STRING:
            return len(text) < fields[at.MAX_LENGTH]
        return any(
            first <= high and low <= last and self._is_completable(configuration.node, successor, len(text) + 1)
            for low, high in ranges
            for first, last, successor in self._text(fields[at.TEXT_ID]).edges[configuration.state]
        )

    def _is_completable(self, node: int, state: int, length: int) -> bool:
        """Can a text of ``length`` code points, having led to ``state``, be made one that the node allows?"""
        fields = self._node(node)
        minimum, maximum = fields[at.MIN_LENGTH], fields[at.MAX_LENGTH]
        question = fields[at.TEXT_ID], state, max(minimum - length, 0), min(maximum - length, at.UNBOUNDED // 2)
        if question not in self._completable:
            self._completable[question] = self._text(question[0]).accepts_after(*question[1:])
        return self._completable[question]


_SINGLE_BLANKS = tuple(bytes([blank]) for blank in _BLANKS)
