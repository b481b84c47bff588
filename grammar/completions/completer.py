"""The shortest completion of a matcher's state that is found: always one that the matcher itself has accepted.

It is put together from the inside out: what completes the scalar or key in hand, the value that is due, then what each
open container still needs. For values that are independent of each other this is the least there is, by ``cost``; where
alternatives meet it is the least that a bounded search finds. Nothing here is trusted: every completion is read by the
matcher before it is given out, and where it is refused another one is looked for.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..kernels import layout as at
from .containers import Level, Members, is_run_by_state, members_of_object
from .probe import Configuration, Exit, Frame, Probe
from .reach import Reach, reach_of
from .records import ENDS_OF_CHARACTERS, ORDERED
from .token_search import search
from .unique import UniqueItems, is_unfinished_number
from .values import ValueTexts

if TYPE_CHECKING:
    from ..matcher import Constraint, Matcher
    from .foresight import Foresight
    from .grammar_texts import GrammarTexts

_MOST_PIECES = 1 << 12
_MOST_EXITS = 64
_SCALARS = (at.NUMBER, at.EMBEDDED_NUMBER, at.LITERAL, at.STRING, at.TEXT, at.CHOICE, at.KEY, at.OPEN_KEY)
_BETWEEN = (at.VALUE, at.AFTER, at.FIRST_KEY, at.NEXT_KEY, at.COLON, at.FIRST_ITEM)


@dataclass(frozen=True)
class Completion:
    """``content``: the bytes that complete the text; ``tokens``: the fewest tokens for them, the end token left out."""

    content: bytes
    tokens: tuple[int, ...]


class Completer:
    """Finds completions for the matchers of one constraint, which keeps it and is not kept by it."""

    def __init__(self, constraint: Constraint) -> None:
        self._lock = constraint._automaton.lock
        self._values = ValueTexts(weakref.proxy(constraint))
        self._unique = UniqueItems(self._values)
        self._tables = constraint._automaton.grammar
        self._tokens = constraint._tables
        self._grammar: GrammarTexts | None = None

    @cached_property
    def foresight(self) -> Foresight:
        """What was seen to be left after any next token, where there is no such bound."""
        from .foresight import Foresight

        return Foresight()

    @cached_property
    def reach(self) -> Reach | None:
        """Bounds on what one more token can leave to be written, if there are any."""
        with self._lock:
            return None if self._tables is not None else reach_of(self._values, self._tokens)

    def complete(self, matcher: Matcher) -> Completion | None:
        """A completion of what ``matcher`` has read; None if none was found that tokens can spell."""
        probe = Probe(matcher)
        start = probe.length
        with self._lock:
            content = self._content(probe)
            probe.back(start)
            tokens: Sequence[int] | None = None if content is None else probe.spelling.tokens(content)
            if tokens is None and (content is not None or probe.spelling.lacks_bytes):
                tokens = search(matcher, self._content)
        if tokens is None:
            return None
        spelled = matcher.constraint.vocabulary.spelled
        return Completion(b"".join([spelled[token] for token in tokens]), tuple(tokens))

    def _content(self, probe: Probe) -> bytes | None:
        """Bytes that complete the text, which the probe has read."""
        content = bytearray()
        for _ in range(_MOST_PIECES):
            if probe.matcher.is_accepting():
                return bytes(content)
            piece = self._next_piece(probe)
            if piece is None:
                return None
            content += piece
        return None

    def _next_piece(self, probe: Probe) -> bytes | None:
        """Some bytes nearer to the end, as far as the matcher has read them."""
        configuration = probe.configuration
        if configuration.mode in _SCALARS:
            return self._out_of_scalar(probe, configuration)
        if configuration.mode in _BETWEEN:
            rest = self._rest(probe, configuration)
            if rest and probe.read(rest):
                return rest
            return self._unique.next_piece(probe, configuration)
        return self._in_grammar(probe)

    def _in_grammar(self, probe: Probe) -> bytes | None:
        if self._tables is None:
            return None
        if self._grammar is None:
            from .grammar_texts import GrammarTexts  # whose kernels only grammars need

            self._grammar = GrammarTexts(self._tables, self._values)
        return self._grammar.next_piece(probe)

    # --- scalars and keys

    def _out_of_scalar(self, probe: Probe, configuration: Configuration) -> bytes | None:
        start = probe.length
        best: tuple[int, bytes] | None = None
        exits = self._exits(probe, configuration)
        for each in exits:
            if not probe.read(each.text):
                continue
            cost = self._cost_behind(probe, each) if len(exits) > 1 else 0
            probe.back(start)
            if cost is not None:
                cost += self._values.cost(each.text)
                if best is None or cost < best[0]:
                    best = (cost, each.text)
        way_out = b"" if best is None else best[1]
        if best is not None and probe.read(way_out):
            piece = way_out + self._behind_number(probe, configuration)
            if piece and not is_unfinished_number(probe):
                return piece
            probe.back(start)
        found = self._fresh_key(probe, configuration) or self._unique.out_of_scalar(probe, configuration)
        return way_out if not found and way_out and probe.read(way_out) else found

    def _fresh_key(self, probe: Probe, configuration: Configuration) -> bytes | None:
        """A longer end of a key where all short ones have come already."""
        if configuration.mode != at.OPEN_KEY:
            return None
        start, records = probe.length, self._values.records
        fields = records.node(probe.frame_at(configuration.frame).node)
        for rest in (b"",) if configuration.s == at.INSIDE else ENDS_OF_CHARACTERS:
            if probe.read(rest):
                inside = probe.configuration
                if inside.mode == at.OPEN_KEY and inside.s == at.INSIDE:
                    end = self._unique.first_read(probe, records.key_ends(fields, probe.key_state(inside)))
                    if end is not None:
                        return rest + end
                probe.back(start)
        return None

    def _exits(self, probe: Probe, configuration: Configuration) -> list[Exit]:
        if configuration.mode == at.STRING and configuration.s == at.INSIDE:
            fields = self._values.records.node(configuration.a)
            filler = self._values.filler(fields[at.MIN_LENGTH] - configuration.c)
            return [Exit(filler + b'"', at.AFTER, 0, at.PLAIN, 0)]
        return probe.exits(_MOST_EXITS if self._has_several_outcomes(configuration) else 1)

    def _has_several_outcomes(self, configuration: Configuration) -> bool:
        """Can what a scalar or key turns out to be decide about the rest?"""
        if configuration.mode in (at.NUMBER, at.EMBEDDED_NUMBER):
            return configuration.b != 0
        if configuration.mode == at.TEXT:
            return self._values.records.node(configuration.a)[at.JOINT] != 0
        return configuration.mode != at.LITERAL

    def _cost_behind(self, probe: Probe, way_out: Exit) -> int | None:
        """What is left after a way out of a scalar, which the probe has read; None if that is not known."""
        configuration = probe.configuration
        if way_out.mode == at.NUMBER:
            configuration = _after(configuration)
        rest = self._rest(probe, configuration, way_out.state if way_out.mode == at.NUMBER else at.PLAIN)
        return None if rest is None else self._values.cost(rest)

    def _behind_number(self, probe: Probe, configuration: Configuration) -> bytes:
        """A number ends where something else follows it, so that what does has to be read with it."""
        if configuration.mode not in (at.NUMBER, at.EMBEDDED_NUMBER) or probe.matcher.is_accepting():
            return b""
        configuration = probe.configuration
        if probe.frame_at(configuration.frame).kind == at.EMBEDDED:
            return self._in_grammar(probe) or b""
        outcome = self._number_outcome(probe) if configuration.b else at.PLAIN
        rest = self._rest(probe, _after(configuration), outcome)
        if rest and probe.read(rest):
            return rest
        return self._unique.behind_number(probe)

    def _number_outcome(self, probe: Probe) -> int:
        return next((each.state for each in probe.exits(1) if not each.text), at.PLAIN)

    # --- containers

    def _rest(self, probe: Probe, configuration: Configuration, state: int = at.PLAIN) -> bytes | None:
        """All that is left, from between two values on; None if it is not known.

        ``state``: what the container in hand gets as its state if that is not PLAIN.
        """
        frames = self._frames(probe, configuration.frame)
        content, first = b"", 0
        phase = at.AFTER
        if configuration.mode in (at.VALUE, at.COLON):
            content = b":" if configuration.mode == at.COLON else b""
            fields = self._values.records.node(configuration.a)
            if fields[at.JOINT] or fields[at.AFTER_ITEMS] == at.AS_IT_BEGINS:
                levels = self._levels(frames)
                path = self._values.paths.value(configuration.a, levels, self._values.text, frames[0].state)
                if path is None:
                    return None
                content, first = content + path.text, len(levels) - path.levels
            else:
                text = self._values.text(configuration.a)
                if text is None:
                    return None
                content += text
        elif configuration.mode == at.FIRST_ITEM:
            phase = at.FIRST_KEY
        else:
            phase = configuration.mode
        return self._closings(frames, content, first, phase, state)

    def _closings(self, frames: list[Frame], content: bytes, first: int, phase: int, state: int) -> bytes | None:
        while first < len(frames) and frames[first].kind not in (at.ROOT, at.EMBEDDED):
            frame = frames[first]
            if state != at.PLAIN:
                frame = frame._replace(state=state)
            closed = self._closing(frame, frames[first:], phase)
            if closed is None:
                return None
            text, levels = closed
            content, first, phase, state = content + text, first + levels, at.AFTER, at.PLAIN
        return content

    def _closing(self, frame: Frame, frames: list[Frame], phase: int) -> tuple[bytes, int] | None:
        """What completes ``frame``, and how many of ``frames``, of which it is the innermost, that closes."""
        records, ask = self._values.records, self._values.text
        level = _level(records.node(frame.node), frame)
        if is_run_by_state(records, level, frame.state):
            levels = (level, *self._levels(frames[1:]))
            path = self._values.paths.inside(frame.state, levels, phase, ask)
            return None if path is None else (path.text, len(levels) - path.levels)
        fields = records.node(frame.node)
        least = int(phase == at.NEXT_KEY)
        if frame.kind == at.ARRAY:
            members = Members.items(records, fields, frame.come, 0)
        else:
            members = members_of_object(self._values, frame.node, level, frame.come, least, ask)
        content = None if members is None else members.text(ask)
        if content is None:
            return None
        text = (b"," if content and phase == at.AFTER else b"") + content + _CLOSERS[frame.kind]
        if frame.state == at.PLAIN:
            return text, 1
        outcome = records.state(frame.state)[at.SETTLED_CLOSE]
        if outcome == at.KEEP:
            return text, 1
        rest = self._closing(frames[1]._replace(state=outcome), frames[1:], at.AFTER)
        return None if rest is None else (text + rest[0], 1 + rest[1])

    def _frames(self, probe: Probe, place: int) -> list[Frame]:
        """The open containers from the innermost one out, and the root or the value in a grammar that they are in."""
        frames = [probe.frame_at(place)]
        while frames[-1].kind not in (at.ROOT, at.EMBEDDED):
            frames.append(probe.frame_at(frames[-1].parent))
        return frames

    def _levels(self, frames: list[Frame]) -> tuple[Level, ...]:
        return tuple(
            _level(self._values.records.node(frame.node), frame)
            for frame in frames
            if frame.kind not in (at.ROOT, at.EMBEDDED)
        )


_CLOSERS = {at.ARRAY: b"]", at.OBJECT: b"}"}


def _level(fields: list[int], frame: Frame) -> Level:
    if frame.kind == at.ARRAY:
        return Level(frame.node, at.ARRAY, 0, 0)
    in_order = fields[at.POLICY] in ORDERED
    return Level(frame.node, at.OBJECT, 0 if in_order else frame.seen, frame.next if in_order else 0, frame.others)


def _after(configuration: Configuration) -> Configuration:
    return configuration._replace(mode=at.AFTER)
