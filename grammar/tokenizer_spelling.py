"""How tokenizers write bytes as printable strings, and the way back.

Two spellings cover nearly every published tokenizer. *Byte-level* BPE (GPT-2 and its heirs) maps each byte to one
printable character. *SentencePiece* writes a space as ``▁`` (U+2581), other text as itself, and single bytes as
``<0x0A>``.
"""

from __future__ import annotations

import re

SPACE_MARK = "▁"

_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def _byte_level_alphabet() -> dict[str, int]:
    """The 256 characters of byte-level BPE and their bytes: Latin-1's printable bytes stand for themselves, the others
    are numbered from U+0100 in order, so that the space is ``Ġ`` and the newline ``Ċ``.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = sorted(set(range(256)) - set(printable))
    alphabet = {chr(byte): byte for byte in printable}
    alphabet.update({chr(0x100 + place): byte for place, byte in enumerate(others)})
    return alphabet


BYTE_LEVEL_ALPHABET = _byte_level_alphabet()


def byte_level_bytes(piece: str) -> bytes:
    """The bytes of a byte-level piece; a piece with a character outside the alphabet stands for itself, in UTF-8.

    >>> byte_level_bytes("Ġhi"), byte_level_bytes("a b")
    (b' hi', b'a b')
    """
    values = [BYTE_LEVEL_ALPHABET.get(character) for character in piece]
    known = [value for value in values if value is not None]
    return bytes(known) if len(known) == len(values) else piece.encode()


def byte_piece(piece: str) -> bytes | None:
    """The byte that ``<0x0A>`` and the like stand for; None for other pieces.

    >>> byte_piece("<0x0A>"), byte_piece("<0x0A>x")
    (b'\\n', None)
    """
    match = _BYTE_PIECE.fullmatch(piece)
    return bytes([int(match[1], 16)]) if match else None


def sentencepiece_bytes(piece: str) -> bytes:
    """The bytes of an ordinary SentencePiece piece.

    >>> sentencepiece_bytes("▁hi")
    b' hi'
    """
    return piece.replace(SPACE_MARK, " ").encode()
