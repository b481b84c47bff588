"""Sets of Unicode code points, and the partition of all code points that a family of sets generates.

A set is a sorted tuple of disjoint, non-adjacent inclusive intervals. Properties come from ``unicodedata``, so that
they are those of the running Python's Unicode version; what that module cannot tell exactly (scripts, ``Alphabetic``,
emoji) is not approximated and raises ``UnsupportedPattern``.
"""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from .dfa import Alphabet
from .errors import InvalidPattern, UnsupportedPattern
from .kernels.minimizing import number_columns

CharSet = tuple[tuple[int, int], ...]

LAST = sys.maxunicode
ANY: CharSet = ((0, LAST),)
EMPTY: CharSet = ()
DIGIT: CharSet = ((0x30, 0x39),)
WORD: CharSet = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
LINE_TERMINATOR: CharSet = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
SURROGATE = (0xD800, 0xDFFF)
SPACE: CharSet = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
"""ECMA-262's ``\\s``: WhiteSpace and LineTerminator."""


def char_set(intervals: Iterable[tuple[int, int]]) -> CharSet:
    """The set that holds all of ``intervals``, which may overlap and come in any order."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def union(*sets: CharSet) -> CharSet:
    return char_set(chain.from_iterable(sets))


def complement(chars: CharSet) -> CharSet:
    gaps = []
    start = 0
    for low, high in chars:
        if start < low:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        gaps.append((start, LAST))
    return tuple(gaps)


def contains(chars: CharSet, code: int) -> bool:
    index = bisect_right(chars, (code, LAST)) - 1
    return index >= 0 and code <= chars[index][1]


# --- case folding


@cache
def _fold_classes() -> dict[int, tuple[int, ...]]:
    """Code point → all code points with the same simple case folding, for those that have company."""
    classes: dict[int, list[int]] = {}
    for code in range(0x20000):  # no plane above holds a letter with case
        folded = _simple_fold(chr(code))
        if folded != code:
            classes.setdefault(folded, [folded]).append(code)
    return {code: tuple(members) for members in classes.values() for code in members}


def _simple_fold(char: str) -> int:
    # casefold() is the full folding; where that yields several characters, the simple one is the lower case.
    for folded in (char.casefold(), char.lower()):
        if len(folded) == 1:
            return ord(folded)
    return ord(char)


@lru_cache(maxsize=1024)
def case_closure(chars: CharSet) -> CharSet:
    """``chars`` and everything that equals a member when case is ignored, as ECMA-262 does with the flags ``iu``."""
    variants = {variant for code, members in _fold_classes().items() if contains(chars, code) for variant in members}
    return union(chars, tuple((code, code) for code in variants))


# --- Unicode properties

_CATEGORIES = """
L Letter|LC Cased_Letter|Lu Uppercase_Letter|Ll Lowercase_Letter|Lt Titlecase_Letter|Lm Modifier_Letter|Lo Other_Letter
|M Mark Combining_Mark|Mn Nonspacing_Mark|Mc Spacing_Mark|Me Enclosing_Mark|N Number|Nd Decimal_Number digit
|Nl Letter_Number|No Other_Number|P Punctuation punct|Pc Connector_Punctuation|Pd Dash_Punctuation|Ps Open_Punctuation
|Pe Close_Punctuation|Pi Initial_Punctuation|Pf Final_Punctuation|Po Other_Punctuation|S Symbol|Sm Math_Symbol
|Sc Currency_Symbol|Sk Modifier_Symbol|So Other_Symbol|Z Separator|Zs Space_Separator|Zl Line_Separator
|Zp Paragraph_Separator|C Other|Cc Control cntrl|Cf Format|Cs Surrogate|Co Private_Use|Cn Unassigned
"""
_CATEGORY_OF_NAME = {name: group.split()[0] for group in _CATEGORIES.split("|") for name in group.split()}

_FIXED_PROPERTIES: dict[str, CharSet] = {
    "Any": ANY,
    "ASCII": ((0, 0x7F),),
    "ASCII_Hex_Digit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
    "Hex_Digit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66), (0xFF10, 0xFF19), (0xFF21, 0xFF26), (0xFF41, 0xFF46)),
    "Join_Control": ((0x200C, 0x200D),),
    "Noncharacter_Code_Point": char_set(
        [(0xFDD0, 0xFDEF), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, LAST, 0x10000))]
    ),
    "Pattern_White_Space": ((0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0x200E, 0x200F), (0x2028, 0x2029)),
    "Regional_Indicator": ((0x1F1E6, 0x1F1FF),),
    "White_Space": union(tuple(pair for pair in SPACE if pair[0] != 0xFEFF), ((0x85, 0x85),)),
}

_TESTED_PROPERTIES: dict[str, Callable[[str], bool]] = {
    "Bidi_Mirrored": lambda char: unicodedata.mirrored(char) == 1,
    "Lowercase": str.islower,
    "Uppercase": str.isupper,
    "XID_Start": lambda char: char != "_" and char.isidentifier(),
    "XID_Continue": lambda char: ("a" + char).isidentifier(),
}

_PROPERTY_ALIASES = {
    "AHex": "ASCII_Hex_Digit",
    "Bidi_M": "Bidi_Mirrored",
    "Hex": "Hex_Digit",
    "Join_C": "Join_Control",
    "Lower": "Lowercase",
    "NChar": "Noncharacter_Code_Point",
    "Pat_WS": "Pattern_White_Space",
    "RI": "Regional_Indicator",
    "Upper": "Uppercase",
    "XIDC": "XID_Continue",
    "XIDS": "XID_Start",
    "space": "White_Space",
}

_UNSUPPORTED_PROPERTIES = """
Alpha Alphabetic Bidi_C Bidi_Control CI CWCF CWCM CWKCF CWL CWT CWU Case_Ignorable Cased Changes_When_Casefolded
Changes_When_Casemapped Changes_When_Lowercased Changes_When_NFKC_Casefolded Changes_When_Titlecased
Changes_When_Uppercased DI Dash Default_Ignorable_Code_Point Dep Deprecated Dia Diacritic EBase EComp EMod EPres
Emoji Emoji_Component Emoji_Modifier Emoji_Modifier_Base Emoji_Presentation Ext ExtPict Extended_Pictographic
Extender Gr_Base Gr_Ext Grapheme_Base Grapheme_Extend IDC IDS IDSB IDST IDS_Binary_Operator IDS_Trinary_Operator
ID_Continue ID_Start Ideo Ideographic LOE Logical_Order_Exception Math Pat_Syn Pattern_Syntax QMark
Quotation_Mark Radical SD STerm Sentence_Terminal Soft_Dotted Term Terminal_Punctuation UIdeo Unified_Ideograph
VS Variation_Selector
"""


@cache
def _category_sets() -> dict[str, CharSet]:
    """General category → set, from one pass over all code points (some 0.1 s, once a process)."""
    codes = "".join(map(unicodedata.category, map(chr, range(LAST + 1)))).encode("ascii")
    pairs = np.frombuffer(codes, dtype=np.uint16)
    starts = [0, *(np.flatnonzero(np.diff(pairs)) + 1).tolist()]
    intervals: dict[str, list[tuple[int, int]]] = {}
    for start, end in zip(starts, [*starts[1:], LAST + 1], strict=True):
        intervals.setdefault(codes[2 * start : 2 * start + 2].decode("ascii"), []).append((start, end - 1))
    return {category: tuple(runs) for category, runs in intervals.items()}


@cache
def _category(code: str) -> CharSet:
    members = ("Lu", "Ll", "Lt") if code == "LC" else (code,)
    return union(*(runs for category, runs in _category_sets().items() if category.startswith(members)))


@cache
def _binary_property(name: str) -> CharSet:
    if name in _FIXED_PROPERTIES:
        return _FIXED_PROPERTIES[name]
    if name == "Assigned":
        return complement(_category("Cn"))
    test = _TESTED_PROPERTIES[name]
    return char_set((code, code) for code in range(LAST + 1) if test(chr(code)))


def unicode_property(expression: str) -> CharSet:
    """The set of ``\\p{expression}``: ``L``, ``Letter``, ``gc=Lu``, ``Uppercase``, ...

    Raises ``UnsupportedPattern`` for a property that ECMA-262 knows and ``unicodedata`` does not, ``InvalidPattern``
    for anything else.
    """
    name, equals, value = expression.partition("=")
    remedy = "use a general category such as \\p{L}, or write the code points out as ranges"
    if equals:
        if name in ("General_Category", "gc") and value in _CATEGORY_OF_NAME:
            return _category(_CATEGORY_OF_NAME[value])
        if name in ("Script", "sc", "Script_Extensions", "scx"):
            raise UnsupportedPattern(f"the script in \\p{{{expression}}} is not known here", remedy=remedy)
    elif name in _CATEGORY_OF_NAME:
        return _category(_CATEGORY_OF_NAME[name])
    else:
        name = _PROPERTY_ALIASES.get(name, name)
        if name in _FIXED_PROPERTIES or name in _TESTED_PROPERTIES or name == "Assigned":
            return _binary_property(name)
        if name in _UNSUPPORTED_PROPERTIES.split():
            raise UnsupportedPattern(f"the property in \\p{{{expression}}} is not known here", remedy=remedy)
    raise InvalidPattern(f"\\p{{{expression}}} names no Unicode property of ECMA-262", remedy=remedy)


# --- partitions


@lru_cache(maxsize=1024)
def _bounds(chars: CharSet) -> NDArray[np.int32]:
    """Where ``chars`` begins, ends, begins again and so on."""
    bounds = np.array(chars, np.int32).reshape(-1, 2)
    bounds[:, 1] += 1
    return bounds.ravel()


def classified(sets: Sequence[CharSet]) -> tuple[Alphabet, NDArray[np.int32]]:
    """The coarsest partition of the code points of which each of ``sets`` is a union of classes.

    Returns the alphabet and for each set which classes it holds, int32[sets, classes], 1 or 0. As no text holds a
    surrogate, surrogates never get a class of their own: they share that of the code point before them.
    """
    bounds = [_bounds(chars) for chars in sets]
    starts = np.unique(np.concatenate([np.array((0, SURROGATE[1] + 1), np.int32), *bounds]))
    starts = starts[((starts < SURROGATE[0]) | (starts > SURROGATE[1])) & (starts <= LAST)]
    holds = np.empty((len(sets), len(starts)), np.int32)
    for row, found in zip(holds, bounds, strict=True):
        np.bitwise_and(np.searchsorted(found, starts, "right"), 1, out=row, casting="unsafe")
    numbers, firsts = np.empty(len(starts), np.int32), np.empty(len(starts), np.int32)
    size = number_columns(holds, numbers, firsts)
    first = np.ones(len(starts), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    return Alphabet(starts[first], numbers[first], size), holds[:, firsts[:size]]


def partition(sets: Sequence[CharSet]) -> tuple[Alphabet, list[int]]:
    """As :func:`classified`, with the bit mask of each set's classes."""
    alphabet, holds = classified(sets)
    packed = np.packbits(holds.astype(np.uint8), axis=1, bitorder="little")
    return alphabet, [int.from_bytes(row.tobytes(), "little") for row in packed]
