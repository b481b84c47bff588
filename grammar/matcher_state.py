"""The state of a matcher as a value: two matchers of a constraint with equal keys allow the same continuations."""

from __future__ import annotations

from .kernels import layout as at
from .matcher import Matcher


def state_key(matcher: Matcher) -> bytes:
    """All that a matcher's future depends on: its configuration, the arena below its top, and text if kept.

    Unequal keys say nothing: a state that is reached in two ways may lie differently in the arena. For regular
    languages there are as many keys as states of the automaton.
    """
    slots = matcher._slots
    length = int(slots[at.LENGTH])
    start = length * at.CONFIGURATION
    configuration = matcher._history[start : start + at.CONFIGURATION]
    key = configuration.tobytes() + matcher._arena[: int(configuration[at.TOP])].tobytes()
    if slots[at.KEEPS_TEXT]:
        key += matcher._text[: int(matcher._offsets[length])].tobytes()
    return key + bytes(matcher.is_terminated())
