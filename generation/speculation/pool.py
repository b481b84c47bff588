"""Which decoding a call to ``generate`` uses; what ``"auto"`` learned serves the next documents, too."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from weakref import WeakKeyDictionary

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint
from .decoding import SpeculativeDecoding
from .learned import Learned
from .model_support import check_inputs, check_support
from .options import Speculation

Choice = Speculation | Literal["auto"] | None

_OTHER_WAYS = ("assistant_model", "custom_generate", "dola_layers", "penalty_alpha", "prompt_lookup_num_tokens")
_TAKEN_OUT = ("tokenizer", "assistant_tokenizer", "trust_remote_code")
"""Arguments that transformers' ``generate`` takes for itself although its signature does not name them."""

_idle: WeakKeyDictionary[Constraint, list[Learned]] = WeakKeyDictionary()
"""What no call uses just now; nothing in it may refer to its constraint, or it would live for ever."""
_lock = threading.Lock()


@contextmanager
def chosen_decoding(
    choice: Choice, model: Any, constraint: Constraint, setting: Callable[[str], Any], given: Mapping[str, Any]
) -> Iterator[SpeculativeDecoding | None]:
    """A decoding for one call, or None for the model's own.

    ``setting``: what holds for an argument of the model's ``generate``; ``given``: the arguments of this call.

    ``"auto"`` speculates where it can. Raises ``MaskwrightError`` where ``Speculation`` options are given and it
    cannot.
    """
    options = options_of(choice)
    if options is None or (choice == "auto" and not _can(model, setting, given)):
        yield None
    else:
        _check(model, setting, given)
        with lent(choice, constraint) as learned:
            yield SpeculativeDecoding(constraint, options, learned=learned)


def options_of(choice: Choice) -> Speculation | None:
    """Raises ``MaskwrightError`` for what is no choice."""
    if choice is None or isinstance(choice, Speculation):
        return choice
    if choice != "auto":
        raise MaskwrightError(f"speculation is {choice!r}", remedy='it is "auto", None or a Speculation')
    return Speculation()


@contextmanager
def lent(choice: Choice, constraint: Constraint) -> Iterator[Learned]:
    """What speculation learns in one call; with ``"auto"`` it goes on from where an earlier call has ended."""
    if isinstance(choice, Speculation):
        yield Learned.of(choice, constraint.vocabulary)
        return
    with _lock:
        idle = _idle.setdefault(constraint, [])
        learned = idle.pop() if idle else Learned.of(Speculation(), constraint.vocabulary)
    yield learned
    with _lock:  # after an error it is left out
        idle.append(learned)


def _can(model: Any, setting: Callable[[str], Any], given: Mapping[str, Any]) -> bool:
    try:
        _check(model, setting, given)
    except MaskwrightError:
        return False
    return True


def _check(model: Any, setting: Callable[[str], Any], given: Mapping[str, Any]) -> None:
    check_support(model)
    if (setting("num_beams") or 1) > 1:
        raise MaskwrightError("speculation does not work with beams", remedy="leave num_beams or speculation= out")
    for name in _OTHER_WAYS:
        if setting(name):
            raise MaskwrightError(f"speculation does not go with {name}", remedy=f"leave {name} or speculation= out")
    check_inputs(name for name in given if given[name] is not None and _is_input(model, name))


def _is_input(model: Any, name: str) -> bool:
    """Does the model's ``generate`` hand this argument to the model?"""
    known = name in _TAKEN_OUT or name in inspect.signature(model.generate).parameters
    return not known and not hasattr(model.generation_config, name)
