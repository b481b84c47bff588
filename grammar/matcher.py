"""The state of one sequence under a constraint, and the constraint itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .automaton import Automaton, Compiler
from .grammar_scratch import NO_SCRATCH, GrammarScratch
from .kernels import layout as at
from .kernels.compilation import without_checks
from .kernels.entry import accept, accepting, fill_mask, next_bytes
from .kernels.entry import accept_byte as _accept_byte
from .pool import address_of
from .prefetch import Prefetch, place_of
from .special_tokens import parts
from .stand_ins import StandIns
from .stay_masks import StayMasks
from .token_tables import tables_of
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

    from .completions.completer import Completer

_FIRST_ARENA = 3 << 10
_FIRST_HISTORY = 1 << 6
_MISSES_END = 2 * at.MISS_CAPACITY  # in words of 32 bits
_MOST_FORCED_BYTES = 1 << 14
_STOPPED = (at.MISSED, at.ARENA_FULL)
_NO_BITMASK = np.zeros((0, 0), np.int32)
_NO_TEXT = np.zeros(0, np.uint8)

_fill_mask, _accept = without_checks(fill_mask), without_checks(accept)


class Constraint:
    """A compiled language over a vocabulary: immutable to its users, shared between sequences and threads.

    ``notes``: what the user should know about how the language was understood, such as unknown formats.
    """

    def __init__(
        self, automaton: Automaton, compiler: Compiler, vocabulary: Vocabulary, notes: Sequence[str] = ()
    ) -> None:
        self.vocabulary = vocabulary
        self.notes = tuple(notes)
        self._automaton = automaton
        automaton.compiler = compiler
        self._tables = tables_of(vocabulary)
        for style in automaton.styles:
            self._tables.strings(style.escapes)  # built now, not by the first matcher
        self._styles = automaton.style_rows(self._tables)
        self._stay_masks = StayMasks(self._tables.words, automaton.budget.limits.mask_cache)
        self._prefetch = Prefetch()
        with automaton.lock:
            if automaton.grammar is None:
                automaton.compile_node(0)
            else:
                automaton.grammar.compile_context(0, automaton.epoch)

    def matcher(self) -> Matcher:
        """A new sequence, at its beginning."""
        return Matcher(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Constraint:
        """Itself, since it does not change: decoding loops copy whatever belongs to a request."""
        return self

    @cached_property
    def completer(self) -> Completer:
        """What finds completions for the matchers of this constraint."""
        from .completions.completer import Completer

        return Completer(self)


class Matcher:
    """One sequence of tokens, read as far as it was accepted. Not to be used by two threads at once."""

    __slots__ = (
        "_address",
        "_arena",
        "_bitmask",
        "_constraint",
        "_history",
        "_misses",
        "_offsets",
        "_room",
        "_scratch",
        "_slots",
        "_standing_in",
        "_text",
    )

    def __init__(self, constraint: Constraint) -> None:
        self._constraint = constraint
        self._bitmask = _NO_BITMASK
        tables, automaton = constraint._tables, constraint._automaton
        self._slots = tables.slots(automaton.styles[0].escapes).copy()
        if len(constraint._styles):
            self._slots[at.STYLES] = address_of(constraint._styles)
        self._address = address_of(self._slots)
        self._divide(np.zeros(_room_for(_FIRST_HISTORY, _FIRST_ARENA, tables.longest_token), np.int32), _FIRST_HISTORY)
        grammar = automaton.grammar
        if grammar is None:
            self._history[at.MODE], self._history[at.TOP] = at.VALUE, at.SEEN
            self._scratch = NO_SCRATCH
        else:
            self._slots[list(grammar.CALLED)] = [address() for address in grammar.CALLED.values()]
            grammar.begin(self._history, self._arena)
            self._scratch = GrammarScratch(grammar.symbols)
            self._scratch.install(self._slots)
        self._text = _NO_TEXT
        self._standing_in = StandIns()
        self._install_shared()

    @property
    def constraint(self) -> Constraint:
        return self._constraint

    # --- masks

    def fill_next_token_bitmask(self, bitmask: NDArray[np.int32] | torch.Tensor, row: int = 0) -> None:
        """Write the tokens allowed next into ``bitmask[row]``.

        ``bitmask``: int32[rows, at least ceil(V / 32)], numpy or a torch tensor on the CPU, contiguous; bit ``t % 32``
        of word ``t // 32`` is 1 iff token ``t`` is allowed. Raises ``ValueError`` for any other array.
        """
        target: Any = bitmask if bitmask is self._bitmask else self._checked(bitmask)
        outcome = _fill_mask(self._slots, target, row)
        while outcome:
            if outcome == at.BAD_MASK:
                raise ValueError(f"{BITMASK_WANTED}; got shape {target.shape}, row {row}")
            if outcome == at.MISSED and self._keeps_mask():
                return
            self._make_way(outcome)
            outcome = _fill_mask(self._slots, target, row)

    def _checked(self, bitmask: NDArray[np.int32] | torch.Tensor) -> NDArray[np.int32]:
        """``bitmask`` as an array that kernels may write to; the last one is known again."""
        target = bitmask if type(bitmask) is np.ndarray else as_array(bitmask)
        flags = target.flags
        if target.dtype != np.int32 or target.ndim != 2 or not (flags.c_contiguous and flags.writeable):
            raise ValueError(BITMASK_WANTED)
        if target is bitmask:
            self._bitmask = target
        return target

    def prefetch(self) -> None:
        """Have what may come next compiled by another thread; returns at once.

        To be called before the model computes, and worth it where it does so without the interpreter lock for longer
        than a millisecond: what would have been compiled in some later step then often is already. Changes no mask.
        """
        constraint = self._constraint
        if constraint._automaton.grammar is None:
            start = int(self._slots[at.LENGTH]) * at.CONFIGURATION
            place = place_of(self._history[start : start + at.CONFIGURATION], self._arena)
            if place is not None:
                constraint._prefetch.near(constraint, *place)

    # --- tokens

    def accept_token(self, token_id: int) -> bool:
        """Read a token; False, and no change, if it is not allowed."""
        outcome = _accept(self._slots, token_id)
        while outcome:
            if outcome == at.REFUSED:
                return False
            self._make_way(outcome)
            outcome = _accept(self._slots, token_id)
        return True

    def accept_tokens(self, token_ids: Sequence[int]) -> int:
        """Read tokens up to the first that is not allowed; how many were read."""
        for count, token in enumerate(token_ids):
            if not self.accept_token(token):
                return count
        return len(token_ids)

    def validate_tokens(self, token_ids: Sequence[int]) -> int:
        """How many of the tokens ``accept_tokens`` would read; the matcher does not change."""
        count = self.accept_tokens(token_ids)
        self.rollback(count)
        return count

    def rollback(self, count: int) -> None:
        """Take back the last ``count`` tokens. Raises ``ValueError`` if fewer were accepted."""
        length = int(self._slots[at.LENGTH])
        if not 0 <= count <= length:
            raise ValueError(f"cannot take back {count} of {length} tokens")
        self._slots[at.LENGTH] = length - count
        if self._slots[at.TERMINATED] > length - count:
            self._slots[at.TERMINATED] = 0

    def reset(self) -> None:
        """Go back to the beginning."""
        self._slots[at.LENGTH] = 0
        self._slots[at.TERMINATED] = 0

    def fork(self) -> Matcher:
        """An independent matcher in the same state, with the same tokens to take back."""
        other = Matcher.__new__(Matcher)
        other._constraint = self._constraint
        other._bitmask = _NO_BITMASK
        other._slots = self._slots.copy()
        other._address = address_of(other._slots)
        other._divide(self._room.copy(), len(self._offsets))
        other._text = self._text.copy()
        other._scratch = self._scratch.fresh()
        other._standing_in = self._standing_in.copy()
        other._install_text()
        other._scratch.install(other._slots)
        return other

    # --- questions

    def is_accepting(self) -> bool:
        """Is the text read so far a complete member of the language?"""
        outcome = accepting(self._slots)
        while outcome < 0:
            self._make_way(-1 - outcome)
            outcome = accepting(self._slots)
        return bool(outcome)

    def is_terminated(self) -> bool:
        """Was an end-of-sequence token accepted?"""
        return bool(self._slots[at.TERMINATED])

    def forced_bytes(self) -> bytes:
        """The bytes that every continuation begins with, at most 16 KiB of them, up to the first special token."""
        first = next(parts(self._forced()), b"")
        return first if isinstance(first, bytes) else b""

    def _forced(self) -> bytes:
        """The bytes that every continuation begins with, those of special tokens included."""
        start = int(self._slots[at.LENGTH])
        forced = bytearray()
        found = np.zeros(2, np.uint8)
        while len(forced) < _MOST_FORCED_BYTES:
            if self._next_bytes(found) != 1 or not self.accept_byte(int(found[0])):
                break
            forced.append(int(found[0]))
        self._slots[at.LENGTH] = start
        return bytes(forced)

    def forced_tokens(self) -> list[int]:
        """What the language forces next, tokenised as the tokenizer itself would.

        A last token that could merge with what follows is left out: forcing it would change the tokenisation. With
        special tokens nothing merges.
        """
        vocabulary, tokens = self._constraint.vocabulary, []
        for part in parts(self._forced()):
            tokens += [part] if isinstance(part, int) else vocabulary.tokenize(part)
        while tokens and self._constraint._tables.has_longer(vocabulary.tokens[tokens[-1]]):
            tokens.pop()
        return tokens

    def next_bytes(self, most: int = 256) -> bytes:
        """The first ``most`` of the bytes that may come next, ascending."""
        found = np.zeros(most, np.uint8)
        return found[: self._next_bytes(found) % at.MAY_END].tobytes()

    def _next_bytes(self, found: NDArray[np.uint8]) -> int:
        """How many bytes were written to ``found``, plus MAY_END if the text may end."""
        outcome = next_bytes(self._slots, found)
        while outcome < 0:
            self._make_way(-1 - outcome)
            outcome = next_bytes(self._slots, found)
        return int(outcome)

    def shortest_completion(self) -> list[int] | None:
        """Tokens that complete the text, the end token last: few of them, and mostly the fewest there are.

        The least text that completes it is looked for, and spelled in the fewest tokens; one with more bytes may have
        fewer tokens still. The matcher has read what it gives out. None if nothing was found, as happens where the
        vocabulary lacks the bytes that it takes; ``[]`` after an end token.
        """
        if self.is_terminated():
            return []
        found = self._constraint.completer.complete(self)
        return None if found is None else [*found.tokens, self._constraint.vocabulary.eos_token_ids[0]]

    def accept_byte(self, byte: int) -> bool:
        """Read one byte; False, and no change, if it is not allowed. ``rollback`` counts it as a token."""
        outcome = _accept_byte(self._slots, byte)
        while outcome in _STOPPED:
            self._make_way(outcome)
            outcome = _accept_byte(self._slots, byte)
        return bool(outcome == at.DONE)

    # --- memory

    def _make_way(self, outcome: int) -> None:
        """Do what a kernel stopped for: compile what is missing, or make room."""
        if outcome == at.ARENA_FULL:
            length = int(self._slots[at.LENGTH])
            used = int(self._history[length * at.CONFIGURATION + at.TOP])
            if self._slots[at.SHORT]:
                self._slots[at.SHORT] = 0
                used = max(used, len(self._arena))
                self._scratch.grow()
            self._grow(length + 2, used + int(self._slots[at.MARGIN]))
            self._scratch.install(self._slots)
            if self._slots[at.KEEPS_TEXT]:
                self._grow_text(int(self._offsets[length]) + int(self._slots[at.MARGIN]))
            return
        automaton = self._constraint._automaton
        with automaton.lock:
            automaton.begin_epoch()
            for code in self._misses[: int(self._slots[at.MISS_COUNT])].tolist():
                kind, index = code & ((1 << at.MISS_BITS) - 1), code >> at.MISS_BITS
                if kind == at.MISS_NODE:
                    automaton.compile_node(index)
                elif kind == at.MISS_STATE:
                    automaton.compile_state(index)
                elif kind == at.MISS_MASK:
                    self._constraint._stay_masks.keep(self._slots)
                elif kind in (at.MISS_CONTEXT, at.MISS_STATE_TOKENS, at.MISS_CONTEXT_TOKENS):
                    automaton.compile_for_grammar(kind, index, self._slots)
                elif kind == at.MISS_ENTRY:
                    automaton.compile_entry(index)
                elif kind == at.MISS_AFTER:
                    self._standing_in.add(self._slots, automaton)
                else:
                    self._constraint._stay_masks.add(self._slots)
            self._standing_in.install(self._slots, len(self._text))
            self._install_shared()

    def _keeps_mask(self) -> bool:
        """Whether nothing was missing but that the mask, which is finished, be kept, as it now is."""
        if self._slots[at.MISS_COUNT] != 1 or self._misses[0] != at.MISS_MASK:
            return False
        constraint = self._constraint
        with constraint._automaton.lock:
            constraint._stay_masks.keep(self._slots)
        return True

    def _install_shared(self) -> None:
        constraint = self._constraint
        with constraint._automaton.lock:
            constraint._automaton.install(self._slots)
            constraint._stay_masks.install(self._slots)
            frames = 2 * (constraint._tables.longest_token + 3)
            self._slots[at.MARGIN] = frames * constraint._automaton.widest_frame

    def _divide(self, room: NDArray[np.int32], rows: int) -> None:
        """Take ``room`` for what is missed, for ``rows`` configurations and offsets, the arena, and a walk's stack."""
        history = _MISSES_END + rows
        arena = history + rows * at.CONFIGURATION
        stack = len(room) - _stack_for(self._constraint._tables.longest_token)
        self._room = room
        self._misses = room[:_MISSES_END].view(np.int64)
        self._offsets = room[_MISSES_END:history]
        self._history = room[history:arena]
        self._arena = room[arena:stack]
        slots, address = self._slots, address_of(room)
        slots[at.MISSES] = address
        slots[at.OFFSETS] = address + 4 * _MISSES_END
        slots[at.HISTORY] = address + 4 * history
        slots[at.HISTORY_SIZE] = rows
        slots[at.ARENA] = address + 4 * arena
        slots[at.ARENA_SIZE] = stack - arena
        slots[at.STACK] = address + 4 * stack

    def _grow(self, rows: int, arena: int) -> None:
        """Make room for ``rows`` configurations and an arena of so many words, if there is not."""
        misses, offsets, history, filled = self._misses, self._offsets, self._history, self._arena
        if rows <= len(offsets) and arena <= len(filled):
            return
        rows, arena = _enough(len(offsets), rows), _enough(len(filled), arena)
        self._divide(np.zeros(_room_for(rows, arena, self._constraint._tables.longest_token), np.int32), rows)
        self._misses[:] = misses
        self._offsets[: len(offsets)] = offsets
        self._history[: len(history)] = history
        self._arena[: len(filled)] = filled

    def _grow_text(self, size: int) -> None:
        text = self._text
        self._text = np.zeros(_enough(len(text), size), np.uint8)
        self._text[: len(text)] = text
        self._install_text()

    def _install_text(self) -> None:
        slots = self._slots
        slots[at.TEXT_READ] = address_of(self._text)
        slots[at.TEXT_SIZE] = len(self._text)
        self._standing_in.install(slots, len(self._text))


def _stack_for(longest_token: int) -> int:
    return (longest_token + 2) * at.CONFIGURATION


def _room_for(rows: int, arena: int, longest_token: int) -> int:
    return _MISSES_END + rows * (1 + at.CONFIGURATION) + arena + _stack_for(longest_token)


BITMASK_WANTED = "a bitmask is a contiguous int32 array of shape [rows, ceil(V / 32)] on the CPU"


def _enough(size: int, needed: int) -> int:
    return size if needed <= size else max(2 * size, needed)


def as_array(bitmask: Any) -> NDArray[np.int32]:
    """A bitmask that is no numpy array as one, sharing its memory. Raises ``ValueError``."""
    numpy = getattr(bitmask, "numpy", None)
    if numpy is None:
        raise ValueError(BITMASK_WANTED)
    try:
        array: NDArray[np.int32] = numpy()
    except TypeError as error:  # a tensor on a GPU
        raise ValueError(BITMASK_WANTED) from error
    return array
