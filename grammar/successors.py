"""Where each token of the vocabulary leads from a matcher's state, as keys that are equal where the states are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import LimitExceeded
from .kernels import layout as at
from .kernels.successors import UNKEYED, successor_keys
from .matcher import Matcher


def keys_after_tokens(matcher: Matcher) -> NDArray[np.int64]:
    """int64[V, 2]: for each token a key of the state it leads to; zeros where it is refused or ends the sequence.

    States of one constraint with equal keys accept the same continuations; keys are 128 bits of a hash. Raises
    ``LimitExceeded`` where a state depends on texts that are remembered in full.
    """
    keys = np.zeros((matcher.constraint.vocabulary.size, 2), np.int64)
    outcome = successor_keys(matcher._slots, keys)
    while outcome != at.DONE:
        if outcome == UNKEYED:
            raise LimitExceeded(
                "the constraint is not finite-state: it remembers keys that are not named, unique items or open blocks",
                None,
                "say additionalProperties: false and leave uniqueItems out, or decode with a matcher for each sequence",
            )
        matcher._make_way(outcome)
        keys[:] = 0
        outcome = successor_keys(matcher._slots, keys)
    return keys
