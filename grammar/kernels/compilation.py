"""How kernels are compiled, and cached on disk so that a machine compiles them once.

numba takes a cached kernel for current as long as the file that holds it is unchanged, and does not notice a change in
a kernel called from another file. Here the stamp of every kernel is a hash over all files of this folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_FOLDER = Path(__file__).parent
_STAMP = (
    os.environ.get("STAMPX", "")
    + hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))).hexdigest()
)
_announced = False


def _announce_once(index_file: str) -> None:
    global _announced
    if not _announced and not os.path.exists(index_file):
        print("maskwright: compiling its kernels for this machine, once (about 15 s)", file=sys.stderr, flush=True)
    _announced = True


def kernel(*signature: Any, inline: bool = False, entry: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function at import, for ``signature`` (result type first), releasing the interpreter lock.

    Signatures are explicit because mixed integer widths would otherwise multiply specialisations (15.8 s of compiling
    against 7.0 s, measured in a trial).
    """
    result, *arguments = signature

    def compile_now(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(nogil=True, forceinline=inline, no_cpython_wrapper=not entry, no_cfunc_wrapper=True)(
            function
        )
        dispatcher.enable_caching()
        cache_file = dispatcher._cache._cache_file
        cache_file._source_stamp = _STAMP
        _announce_once(cache_file._index_path)
        dispatcher.compile(result(*arguments))
        dispatcher.disable_compile()
        return dispatcher

    return compile_now
