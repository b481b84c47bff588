"""Which decoding a call to ``generate`` uses; what ``"auto"`` learned serves the next documents, too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from weakref import WeakKeyDictionary

from ...grammar.errors import MaskwrightError
from ...grammar.matcher import Constraint
from .decoding import SpeculativeDecoding
from .options import Speculation
from .tree_cache import check_support

Choice = Speculation | Literal["auto"] | None

_OTHER_WAYS = ("assistant_model", "custom_generate", "dola_layers", "penalty_alpha", "prompt_lookup_num_tokens")
_idle: WeakKeyDictionary[Constraint, list[SpeculativeDecoding]] = WeakKeyDictionary()
_lock = threading.Lock()


@contextmanager
def chosen_decoding(
    choice: Choice, model: Any, constraint: Constraint, setting: Callable[[str], Any]
) -> Iterator[SpeculativeDecoding | None]:
    """A decoding for one call, or None for the model's own; ``setting``: what holds for an argument.

    ``"auto"`` speculates where it can. Raises ``MaskwrightError`` where ``Speculation`` options are given and it
    cannot.
    """
    if choice is None:
        yield None
    elif isinstance(choice, Speculation):
        _check(model, setting)
        yield SpeculativeDecoding(constraint, choice)
    elif choice != "auto":
        raise MaskwrightError(f"speculation is {choice!r}", remedy='it is "auto", None or a Speculation')
    elif not _can(model, setting):
        yield None
    else:
        with _lock:
            idle = _idle.setdefault(constraint, [])
            decoding = idle.pop() if idle else SpeculativeDecoding(constraint)
        yield decoding
        with _lock:
            idle.append(decoding)


def _can(model: Any, setting: Callable[[str], Any]) -> bool:
    try:
        _check(model, setting)
    except MaskwrightError:
        return False
    return True


def _check(model: Any, setting: Callable[[str], Any]) -> None:
    check_support(model)
    if (setting("num_beams") or 1) > 1:
        raise MaskwrightError("speculation does not work with beams", remedy="leave num_beams or speculation= out")
    for name in _OTHER_WAYS:
        if setting(name):
            raise MaskwrightError(f"speculation does not go with {name}", remedy=f"leave {name} or speculation= out")
