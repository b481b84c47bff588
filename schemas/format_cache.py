"""Automata of formats, kept on disk beside the kernels that a machine has compiled.

A format's automaton depends on nothing but the sources and the Unicode version, and some take a tenth of a second to
make. A file is current as long as the sources that it was made from are the same in size and time of change, as numba
has it for kernels. Files are written aside and then renamed, so that processes may write at once; where nothing can be
written or what was read makes no sense, automata are made anew.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..grammar.dfa import Alphabet, Dfa, TextDfa
from ..grammar.kernels import disk_cache

_HERE = Path(__file__).parent
_SOURCES = (
    *("charset", "columns", "dfa", "dfa_operations", "minimization", "program", "text_dfa", "text_product"),
    *("regex", "regex_nodes", "regex_program", "regex_syntax", "regex_terms"),
)
_HEADER = 5
"""Numbers before the tables: intervals and classes of the alphabet, states, the start, and the sum of all others."""

_MODULUS = 1 << 31


@cache
def _stamp() -> str:
    grammar = Path(disk_cache.__file__).parent.parent
    paths = [*(grammar / f"{name}.py" for name in _SOURCES), *_HERE.glob("format*.py"), _HERE / "idna_tables.py"]
    stats = [(path.name, stat.st_size, stat.st_mtime_ns) for path in sorted(paths) for stat in [path.stat()]]
    versions = sys.version, unicodedata.unidata_version, disk_cache.STAMP
    return hashlib.sha256(repr((stats, versions)).encode()).hexdigest()[:16]


def kept(name: str, build: Callable[[], TextDfa]) -> TextDfa:
    """The automaton of the format ``name``, read from disk or made by ``build`` and written there."""
    folder = disk_cache.cache_folder()
    if folder is None:
        return build()
    path = Path(folder) / f"format-{name}.{_stamp()}.bin"
    try:
        found = _unpacked(np.fromfile(path, np.int32))
    except OSError:
        found = None
    if found is None:
        found = build()
        _write(path, _packed(found))
    return found


def _packed(automaton: TextDfa) -> NDArray[np.int32]:
    alphabet, dfa = automaton.alphabet, automaton.dfa
    tables = [table.ravel() for table in (alphabet.starts, alphabet.classes, dfa.labels, dfa.transitions)]
    header = np.zeros(_HEADER, np.int32)
    header[:-1] = len(alphabet.starts), alphabet.size, len(dfa.labels), dfa.start
    packed = np.concatenate([header, *tables]).astype(np.int32)
    packed[_HEADER - 1] = int(packed.sum(dtype=np.int64)) % _MODULUS
    return packed


def _unpacked(packed: NDArray[np.int32]) -> TextDfa | None:
    """What was ``_packed``; ``None`` if it is something else."""
    if len(packed) < _HEADER:
        return None
    intervals, size, states, start, total = packed[:_HEADER].tolist()
    ends = np.cumsum([_HEADER, intervals, intervals, states, states * size]).tolist()
    others = int(packed.sum(dtype=np.int64)) - total
    if ends[-1] != len(packed) or min(intervals, size, states) < 1 or others % _MODULUS != total:
        return None
    starts, classes, labels, transitions = (packed[at:end] for at, end in pairwise(ends))
    return TextDfa(Alphabet(starts, classes, size), Dfa(transitions.reshape(states, size), labels, start))


def _write(path: Path, packed: NDArray[np.int32]) -> None:
    """Write the file if that is possible, and remove those of earlier sources."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                packed.tofile(file)
            os.replace(aside, path)
        except OSError:
            os.unlink(aside)
            raise
        for other in path.parent.glob(f"{path.name.split('.')[0]}.*.bin"):
            if other != path:
                other.unlink(missing_ok=True)
    except OSError:
        return
