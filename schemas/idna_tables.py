"""Which code points a label of an internationalised domain name may hold (RFC 5892), from Python's ``unicodedata``.

What ``unicodedata`` does not know is written out here: scripts and joining types (Unicode 18), as far as they matter
to code points that a label may hold.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..grammar.charset import CharSet, char_set

_UNIFORM = char_set(
    [
        *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x17000, 0x187F7), (0x20000, 0x2A6DF)),
        *((0x2A700, 0x2B738), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0), (0x30000, 0x3134A)),
    ]
)
"""Ideographs and Hangul syllables of Unicode 14: all allowed, written left to right; no need to look at each."""

_LOOKED_AT = (
    *((0, 0x3400), (0x4DC0, 0x4E00), (0xA000, 0xAC00)),
    *((0xD7B0, 0xD800), (0xF900, 0x17000), (0x187F8, 0x20000)),
)
"""Where the other code points begin and what comes after them, but for ideographs that came after Unicode 14 and what
has no use."""

_ALLOWED = (0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007)
_CONTEXTUAL = (0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB, 0x200C, 0x200D)
_DISALLOWED = frozenset(
    code
    for low, high in (
        *((0x640, 0x640), (0x7FA, 0x7FA), (0x302E, 0x302F), (0x3031, 0x3035), (0x303B, 0x303B)),  # section 2.6
        *((0x1100, 0x11FF), (0xA960, 0xA97C), (0xD7B0, 0xD7FB)),  # old Hangul syllables
        *((0x20D0, 0x20FF), (0x1D100, 0x1D1FF), (0x1D200, 0x1D24F)),  # ignorable blocks
        *((0x34F, 0x34F), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0)),
    )
    for code in range(low, high + 1)
)


def _ranges(text: str) -> CharSet:
    pairs = (part.split("-") for part in text.split())
    return char_set((int(pair[0], 16), int(pair[-1], 16)) for pair in pairs)


GREEK = _ranges(
    "371 373 375 377 37B-37D 390 3AC-3CE 3D7 3D9 3DB 3DD 3DF 3E1 3F3 3F8 3FB-3FC 1D26-1D2A 1F00-1F07 1F10-1F15 "
    "1F20-1F27 1F30-1F37 1F40-1F45 1F50-1F57 1F60-1F67 1F70 1F72 1F74 1F76 1F78 1F7A 1F7C 1FB0-1FB1 1FB6 1FC6 "
    "1FD0-1FD2 1FD6-1FD7 1FE0-1FE2 1FE4-1FE7 1FF6 AB65"
)
HEBREW = _ranges("591-5BD 5BF 5C1-5C2 5C4-5C5 5C7-5C9 5D0-5EA 5EF-5F4 FB1E")
HIRAGANA_KATAKANA_HAN = _ranges(
    "3041-3096 309D-309E 1B001-1B11F 1B132 1B150-1B152 30A1-30FA 30FD-30FE 31F0-31FF 1AFF0-1AFF3 1AFF5-1AFFB "
    "1AFFD-1AFFE 1B000 1B120-1B122 1B127-1B128 1B155 1B164-1B168 3005 3007 3400-4DBF 4E00-9FFF FA0E-FA0F FA11 "
    "FA13-FA14 FA1F FA21 FA23-FA24 FA27-FA29 16FE3 16FF0-16FF3 20000-2A6DF 2A700-2B81E 2B820-2CEAD 2CEB0-2EBE0 "
    "2EBF0-2EE5D 30000-3134A 31350-33479"
)
_DUAL_JOINING = _ranges(
    "620 626 628 62A-62E 633-63F 641-647 649-64A 66E-66F 679-687 69A-6BF 6C1-6C2 6CC 6CE 6D0-6D1 6FA-6FC 6FF 712-714 "
    "71A-71D 71F-727 729 72B 72D-72E 74E-758 75C-76A 76D-770 772 775-777 77A-77F 7CA-7EA 841-845 848 84A-853 855 860 "
    "862-865 868 886 889-88D 88F 8A0-8A9 8AF-8B0 8B3-8B8 8BA-8C8 1820-1878 1887-18A8 18AA A840-A871 10AC0-10AC4 "
    "10AD3-10AD6 10AD8-10ADC 10ADE-10AE0 10B80 10B82 10B86-10B88 10B8A-10B8B 10B8D 10B90 10D01-10D21 10D23 "
    "10EC3-10EC4 10EC6-10EC7 10F30-10F32 10F34-10F44 10F70-10F73 10F76-10F81 10FB0 10FB2-10FB3 10FB8 10FBB-10FBC "
    "10FBE-10FBF 10FC1 10FC4 1E922-1E943"
)
_LEFT_JOINING = _ranges("A872 10ACD 10AD7 10D00 10ED9-10EEE")
_RIGHT_JOINING = _ranges(
    "622-625 627 629 62F-632 648 671-673 688-699 6C0 6C3-6CB 6CD 6CF 6D2-6D3 6D5 6EE-6EF 710 715-719 71E 728 72A 72C "
    "72F 74D 759-75B 76B-76C 771 773-774 778-779 840 846-847 849 854 856-858 867 869-86A 870-882 88E 8AA-8AC 8AE "
    "8B1-8B2 8B9 10AC5 10AC7 10AC9-10ACA 10ACE-10AD2 10ADD 10AE1 10AE4 10B81 10B83-10B85 10B89 10B8C 10B8E-10B8F "
    "10B91 10D22 10EC2 10F33 10F74-10F75 10FB4-10FB6 10FB9-10FBA 10FBD 10FC2-10FC3"
)
JOINS_LEFT = char_set(_DUAL_JOINING + _LEFT_JOINING)
JOINS_RIGHT = char_set(_DUAL_JOINING + _RIGHT_JOINING)


@cache
def label_sets() -> dict[str, CharSet]:
    """The code points of a label by what the rules ask about them.

    ``all``: PVALID, CONTEXTJ and CONTEXTO; of these ``mark``: combining marks; ``virama``; ``transparent``: joining
    type T; and by bidirectional class ``L``, ``R`` (with ``AL``), ``AN``, ``EN``, ``NSM`` and ``neutral``.
    """
    others = (*_ALLOWED, *_CONTEXTUAL, 0x2D, *range(0x660, 0x66A), *range(0x6F0, 0x6FA))
    allowed = np.union1d(_letters_digits(), np.array(others, np.uint32))
    text = _text(allowed)
    categories = np.array(list(map(unicodedata.category, text)))
    directions = np.array([_DIRECTIONS.get(direction, direction) for direction in map(unicodedata.bidirectional, text)])
    marks = np.strings.startswith(categories, "M")
    viramas = [code for code in allowed[marks].tolist() if unicodedata.combining(chr(code)) == 9]
    sets = {direction: _char_set(allowed[directions == direction]) for direction in set(directions.tolist())}
    sets["L"] = char_set((*sets["L"], *_UNIFORM))
    return {
        **sets,
        "all": char_set((*_char_set(allowed), *_UNIFORM)),
        "mark": _char_set(allowed[marks]),
        "virama": char_set((code, code) for code in viramas),
        "transparent": _char_set(allowed[marks & (categories != "Mc")]),
    }


_DIRECTIONS = {**dict.fromkeys(("ES", "CS", "ET", "ON", "BN"), "neutral"), "AL": "R"}


def _letters_digits() -> NDArray[np.uint32]:
    """LetterDigits of section 2.1 that normalising and case folding leave as they are, but for ``_UNIFORM``."""
    codes = np.concatenate([np.arange(low, past, dtype=np.uint32) for low, past in _LOOKED_AT])
    codes = codes[~np.isin(codes, np.array(sorted(_DISALLOWED), np.uint32))]
    kinds = frozenset(("Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc"))
    codes = codes[[category in kinds for category in map(unicodedata.category, _text(codes))]]
    text = "\0".join(_text(codes))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split("\0")
    return codes[[char == other for char, other in zip(_text(codes), folded, strict=True)]]


def _text(codes: NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _char_set(codes: NDArray[np.uint32]) -> CharSet:
    """The set of ascending ``codes``."""
    last = np.append(np.diff(codes) != 1, True)
    first = np.append(True, last[:-1])
    return tuple(zip(codes[first].tolist(), codes[last].tolist(), strict=True))
