"""The code points that the items of Python's regular expressions match: categories, and case ignored.

They are those of the running Python: categories are asked as ``re`` asks them, of all characters at once, and which
letters are equal when case is ignored is asked of ``re`` itself. Only ASCII letters, which nearly all patterns get by
with, are folded without asking.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from ..charset import CharSet, char_set, complement, contains, union

_UNICODE = {"d": np.strings.isdecimal, "w": np.strings.isalnum, "s": np.strings.isspace}
"""What ``re`` asks of single characters, but for ``_`` among the letters of words; a tenth of the time of asking it."""

ASCII_LETTERS: CharSet = ((0x41, 0x5A), (0x61, 0x7A))

_ASSIGNED = ((0, 0x40000), (0xE0000, 0xF0000))
"""The planes that have characters; a third of all, which takes a third of the time."""

_WHERE = {"d": ((0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x20000)), "s": ((0, 0x3400),), "w": _ASSIGNED}
"""Where characters of a category may be: digits not among ideographs, blanks not behind the signs before these."""

_BEYOND_ASCII = {"i": (0x130, 0x131), "s": (0x17F,), "k": (0x212A,)}
"""What equals an ASCII letter without being one when ``re`` ignores case."""


@lru_cache(maxsize=16)
def category(letter: str, ascii_only: bool) -> CharSet:
    """The set of ``\\d``, ``\\w`` or ``\\s``, or in upper case of what they leave out."""
    if letter.isupper():
        return complement(category(letter.lower(), ascii_only))
    if ascii_only:
        return char_set((code, code) for code in range(0x80) if re.match(rf"\{letter}", chr(code), re.ASCII))
    runs = []
    for low, high in _WHERE[letter]:
        codes = np.arange(low, high, dtype=np.uint32)
        found = _UNICODE[letter](codes.view("U1"))
        if letter == "w":
            found |= codes == ord("_")
        edges = np.flatnonzero(np.diff(found, prepend=False, append=False)) + low
        runs += [(first, past - 1) for first, past in edges.reshape(-1, 2).tolist()]
    return char_set(runs)


@lru_cache(maxsize=1024)
def ignoring_case(chars: CharSet, ascii_only: bool) -> CharSet:
    """``chars`` and all that equals one of them when ``re`` ignores case, only in ASCII if ``ascii_only``."""
    if ascii_only or not chars or chars[-1][1] < 0x80:
        return union(chars, _folded_in_ascii(chars, ascii_only))
    cased = _cased()
    inside = "".join(character for character in cased if contains(chars, ord(character)))
    if not inside:
        return chars
    found = re.findall(f"[{re.escape(inside)}]", cased, re.IGNORECASE)
    return union(chars, tuple((ord(character), ord(character)) for character in found))


def _folded_in_ascii(chars: CharSet, ascii_only: bool) -> CharSet:
    codes: list[int] = []
    for low, high in chars:
        for code in range(low, min(high, 0x7F) + 1):
            if contains(ASCII_LETTERS, code):
                letter = chr(code).lower()
                codes += [ord(letter), ord(letter.upper()), *(() if ascii_only else _BEYOND_ASCII.get(letter, ()))]
    return char_set((code, code) for code in codes)


@lru_cache(maxsize=1)
def _cased() -> str:
    """All characters that have another case, and those that are the other case of one."""
    found: set[str] = set()
    for character in map(chr, range(0x20000)):  # no plane above holds a letter with case
        others = {character.lower(), character.upper(), character.casefold(), character.title()} - {character}
        if others:
            found.add(character)
            found.update(other for other in others if len(other) == 1)
    return "".join(sorted(found))
