"""The format ``regex``: regular expressions of ECMA-262 (flag ``u``) that are nested at most ``DEPTH`` groups deep.

Their language is not regular, so this is a part of it: whatever is accepted is a valid expression. Left out are deeper
nesting, look-around inside of groups, named groups, back-references, a counted quantifier whose two numbers are longer
than two digits, ranges in classes other than between two digits or two letters of one case, and properties other than
general categories.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import DEAD, REJECT, Dfa, TextDfa
from ..grammar.dfa_operations import trim
from ..grammar.regex import ACCEPT, compile_pattern
from ..grammar.text_dfa import from_strings, refine

DEPTH = 6
NOTE = f"only expressions without back-references and named groups, nested at most {DEPTH} deep, are accepted"

_HEX = "[0-9A-Fa-f]"
_CATEGORIES = "C[cfnos]?|L[Clmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?"
_ESCAPE = (
    rf"(?:[dDwWsStnvfr^$\\.*+?()\[\]{{}}|/]|c[A-Za-z]|0(?![0-9])|x{_HEX}{{2}}|u{_HEX}{{4}}"
    rf"|u\{{0*(?:10{_HEX}{{4}}|{_HEX}{{1,5}})\}}|[pP]\{{(?:{_CATEGORIES})\}})"
)


def _ranges() -> str:
    ordered = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    return "|".join(f"{low}-[{low}-{letters[-1]}]" for letters in ordered for low in letters)


def _counted() -> str:
    """``{n}``, ``{n,}`` and ``{n,m}``, of which ``n`` must not be the larger."""
    options = [r"[0-9]+,?"]
    options += [f"{low},(?:[{low}-9]|[1-9][0-9]+)" for low in range(10)]
    for low in range(10, 100):
        tens, ones = divmod(low, 10)
        higher = f"|[{tens + 1}-9][0-9]" if tens < 9 else ""
        options.append(f"{low},(?:{tens}[{ones}-9]{higher}|[1-9][0-9]{{2,}})")
    return rf"\{{(?:{'|'.join(options)})\}}"


def _level() -> str:
    """What stands at one level of nesting, without the groups: terms, assertions and bars in any order."""
    member = rf"(?:{_ranges()}|[^\\\]\-]|\\(?:{_ESCAPE}|[b\-]))"
    chars = rf"\[\^?-?{member}*-?\]"
    atom = rf"(?:[^\^$\\.*+?()\[\]{{}}|]|\.|\\{_ESCAPE}|{chars})"
    return rf"(?:{atom}(?:(?:[*+?]|{_counted()})\??)?|[\^$|]|\\[bB])*"


def regex() -> TextDfa:
    level = compile_pattern(_level(), anchored=True)
    brackets = from_strings({char: label for label, char in enumerate("()?:<=!", 1)})
    alphabet, (columns, _) = refine([level.alphabet, brackets.alphabet])
    split = Dfa(level.dfa.transitions[:, columns], level.dfa.labels, level.dfa.start)
    return TextDfa(alphabet, _Nesting(TextDfa(alphabet, split)).dfa())


class _Nesting:
    """Copies of the level's automaton, each opened from and closed to the one outside of it.

    Layer 0 is the outermost; ``DEPTH`` layers of groups follow, then that of a look-around and ``DEPTH - 1`` layers of
    groups in it. A group may open wherever its level may end, and closes to where a plain character would have led; a
    look-around closes to where the level starts, since no quantifier may follow.
    """

    def __init__(self, level: TextDfa) -> None:
        self._alphabet = level.alphabet
        self._count, self._start = len(level.dfa.labels), level.dfa.start
        self._ends = np.flatnonzero(level.dfa.labels != REJECT)
        self._after_atom = int(level.dfa.transitions[self._start, self._symbol("a")])
        transitions = level.dfa.transitions
        layers = range(2 * DEPTH + 1)
        copies = [np.where(transitions == DEAD, DEAD, transitions + layer * self._count) for layer in layers]
        extra = np.zeros((4 * DEPTH, level.alphabet.size), transitions.dtype)
        self._rows: NDArray[np.int32] = np.concatenate([*copies, extra]).astype(np.int32)
        self._free = len(layers) * self._count

    def dfa(self) -> Dfa:
        looked = DEPTH + 1
        for layer in (*range(2 * DEPTH, looked, -1), *range(DEPTH, 0, -1)):
            opened = self._group(layer - 1, layer)
        behind = self._new()
        self._edge(opened, "<", behind)
        for char in "=!":
            self._edge(opened, char, looked * self._count + self._start)
            self._edge(behind, char, looked * self._count + self._start)
        self._edge(self._ends + looked * self._count, ")", self._start)
        labels = np.full(len(self._rows), REJECT, np.int32)
        labels[self._ends] = ACCEPT
        return trim(Dfa(self._rows, labels, self._start))

    def _group(self, outer: int, inner: int) -> int:
        """Groups of the layer ``inner`` in ``outer``; the state after ``(?``. Inner layers come first."""
        start = inner * self._count + self._start
        self._edge(self._ends + inner * self._count, ")", outer * self._count + self._after_atom)
        first, special = self._new(), self._new()
        self._rows[first] = self._rows[start]
        self._edge(self._ends + outer * self._count, "(", first)
        self._edge(first, "?", special)
        self._edge(special, ":", start)
        return special

    def _new(self) -> int:
        self._free += 1
        return self._free - 1

    def _edge(self, sources: int | NDArray[np.int64], char: str, target: int) -> None:
        self._rows[sources, self._symbol(char)] = target

    def _symbol(self, char: str) -> int:
        alphabet = self._alphabet
        return int(alphabet.classes[np.searchsorted(alphabet.starts, ord(char), "right") - 1])
