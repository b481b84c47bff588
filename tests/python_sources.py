"""Python's standard library and files like it but for a small change, judged by Lark's grammar of Python."""

from __future__ import annotations

import random
import re
import sysconfig
from functools import cache
from pathlib import Path

import lark
from lark.indenter import PythonIndenter

import maskwright as mw
from maskwright.grammar.cfg.lark_form import Lark

TEXT = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text("utf-8")
BYTES = mw.Vocabulary.from_tokens(
    [*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256], special_token_ids=[256]
)


@cache
def constraint() -> mw.Constraint:
    return mw.compile(Lark(TEXT, start="file_input", indenter=PythonIndenter()), BYTES)


@cache
def parser() -> lark.Lark:
    return lark.Lark(TEXT, parser="lalr", start="file_input", postlex=PythonIndenter(), maybe_placeholders=False)


def lark_accepts(text: str) -> bool:
    """Lark's indenter asserts, or fails to index, where it should refuse."""
    try:
        parser().parse(text)
    except (lark.exceptions.LarkError, AssertionError, IndexError):
        return False
    return True


def read_so_far(text: str) -> tuple[int, bool]:
    """How many bytes of ``text`` are read, and whether it may end there."""
    matcher = constraint().matcher()
    content = text.encode()
    return matcher.accept_tokens(list(content)), matcher.is_accepting()


def is_accepted(text: str) -> bool:
    return read_so_far(text) == (len(text.encode()), True)


def files(every: int = 1, largest: int = 1 << 30) -> list[Path]:
    """Files of the running Python's standard library, without what is installed beside it."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = [path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts]
    return [path for path in found[::every] if path.stat().st_size <= largest]


def text_of(path: Path) -> str | None:
    """The text of a file in UTF-8, None for others."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


_TOKEN = re.compile(r"\w+|\n[ \t]*|[ \t]+|.", re.DOTALL)
_OTHERS = ("if", "x", "1", "(", ")", ":", "\n", "\n    ", " ", "=", "'", '"""', "#", "\\", ",", "0", "not", "]", "\t")


def mutant(text: str, generator: random.Random) -> str:
    """``text`` with a token or a character deleted, inserted, replaced, or swapped with the next one."""
    parts = _TOKEN.findall(text) if generator.random() < 0.7 else list(text)
    place = generator.randrange(len(parts))
    kind = generator.randrange(4)
    if kind == 0:
        del parts[place]
    elif kind == 1:
        parts.insert(place, generator.choice(_OTHERS))
    elif kind == 2:
        parts[place] = generator.choice(_OTHERS)
    else:
        parts[place : place + 2] = reversed(parts[place : place + 2])
    return "".join(parts)
