"""How kernels are compiled, and cached on disk so that a machine compiles them once.

numba takes a cached kernel for current as long as the file that holds it is unchanged, and does not notice a change in
a kernel called from another file. Here the stamp of every kernel is a hash over all files of this folder. It is part of
the names of the cache files, too: numba writes the index of a kernel before its code, so that another process could
otherwise take the code of an earlier version for that of this one, and crash.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.ccallback import CFunc
from numba.core.typeinfer import register_dispatcher

from .libraries import OPTIONS, PartCompiler, WholeCompiler

_FOLDER = Path(__file__).parent
STAMP = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))).hexdigest()
_announced = False
_cache_folder = ""
_callbacks: list[Any] = []  # kept alive for their machine code


def _announce_once(index_file: str) -> None:
    global _announced
    if not _announced and not os.path.exists(index_file):
        print(
            "maskwright: compiling its kernels for this machine, once (half a minute or so)",
            file=sys.stderr,
            flush=True,
        )
        _announced = True


def kernel(*signature: Any, inline: bool = False, entry: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """A function to be compiled for ``signature`` (result type first), releasing the interpreter lock.

    ``entry``: it can be called from Python, and is compiled at import, or loaded. All others are parts of entries and
    callbacks, and are compiled only when one of those has to be. Signatures are explicit because mixed integer widths
    would otherwise multiply specialisations (15.8 s of compiling against 7.0 s, measured in a trial).
    """
    result, *arguments = signature

    def declare(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(  # type: ignore[call-overload] # the stubs lack two of the options
            nogil=True,
            forceinline=inline,
            no_cpython_wrapper=not entry,
            no_cfunc_wrapper=True,
            **OPTIONS,
            pipeline_class=WholeCompiler if entry else PartCompiler,
        )(function)
        if entry:
            _enable_caching(dispatcher)
            _compile(dispatcher, result(*arguments))
        else:
            _compile_when_called(dispatcher, result(*arguments))
        return dispatcher

    return declare


def _compile(dispatcher: Any, signature: Any) -> None:
    with register_dispatcher(dispatcher):  # so that a kernel can call itself
        dispatcher.compile(signature)
    dispatcher.disable_compile()


def _compile_when_called(dispatcher: Any, signature: Any) -> None:
    """Compile ``dispatcher`` when a kernel that calls it is being compiled, which asks for the template of the call."""
    template_of = dispatcher.get_call_template

    def compile_first(*types_of_call: Any) -> Any:
        if not dispatcher.overloads:
            _compile(dispatcher, signature)
        return template_of(*types_of_call)

    dispatcher.get_call_template = compile_first


def without_checks(entry: Any) -> Any:
    """``entry`` as Python calls it in the end: types of arguments are not looked at, which takes 70 to 150 ns a call.

    Only for callers that pass just what the signature says, since an array of another type would be misread.
    """
    [compiled] = entry.overloads.values()
    return compiled.entry_point


def callback(*signature: Any) -> Callable[[Callable[..., Any]], int]:
    """Compile a function at import; what takes its name is its address.

    numba optimises a kernel together with all that it calls. Calling the largest ones through addresses halved the time
    that all kernels take to compile (27 s to 13 s of CPU time, on a busy machine).
    """
    result, *arguments = signature

    def compile_now(function: Callable[..., Any]) -> int:
        compiled = CFunc(function, (tuple(arguments), result), locals={}, options=OPTIONS, pipeline_class=WholeCompiler)
        _enable_caching(compiled)
        compiled.compile()
        _callbacks.append(compiled)
        assert compiled.address is not None
        return compiled.address

    return compile_now


def cache_folder() -> str:
    """Where compiled kernels are kept: beside their sources, or where the user may write."""
    return _cache_folder


def _enable_caching(compiled: Any) -> None:
    global _cache_folder
    compiled.enable_caching()
    cache_file = compiled._cache._cache_file
    _cache_folder = cache_file._cache_path
    cache_file._source_stamp = STAMP
    base = f"{cache_file._index_name.removesuffix('.nbi')}.{STAMP[:16]}"
    cache_file._index_name = f"{base}.nbi"
    cache_file._index_path = os.path.join(cache_file._cache_path, cache_file._index_name)
    cache_file._data_name_pattern = f"{base}.{{number:d}}.nbc"
    _announce_once(cache_file._index_path)
