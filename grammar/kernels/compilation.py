"""How functions are declared to be kernels, and when they are compiled.

What is not on disk yet is compiled when it is needed first, because all kernels together take half a minute: a schema
without patterns needs a fourth of them, and those for grammars wait for a grammar. What is on disk is loaded at import.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numba
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock
from numba.core.typeinfer import register_dispatcher

from .disk_cache import enable_caching
from .libraries import OPTIONS, PartCompiler, WholeCompiler
from .stopwatch import waiting

_announced = False
_entries: list[Callable[[], object]] = []


def _announce_once() -> None:
    global _announced
    if not _announced:
        print(
            "maskwright: compiling kernels for this machine, once (`maskwright warm` compiles all of them ahead)",
            file=sys.stderr,
            flush=True,
        )
        _announced = True


def kernel(*signature: Any, inline: bool = False, entry: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """A function to be compiled for ``signature`` (result type first), releasing the interpreter lock.

    ``entry``: it can be called from Python, and is kept on disk. All others are parts of entries and callbacks, and are
    compiled only when one of those has to be. Signatures are explicit because mixed integer widths would otherwise
    multiply specialisations (15.8 s of compiling against 7.0 s, measured in a trial).
    """
    result, *arguments = signature

    def declare(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(  # type: ignore[call-overload] # the stubs lack some of the options
            nogil=True,
            forceinline=inline,
            no_cpython_wrapper=not entry,
            no_cfunc_wrapper=True,
            pipeline_class=WholeCompiler if entry else PartCompiler,
            **OPTIONS,
        )(function)
        _compile_when_needed(dispatcher, result(*arguments), entry)
        return dispatcher

    return declare


def _compile_when_needed(dispatcher: Any, signature: Any, entry: bool) -> None:
    """Compile ``dispatcher`` when it is called, or when the compiler asks a call to it for its template."""
    on_disk = entry and enable_caching(dispatcher, dispatcher.py_func, signature)
    template_of = dispatcher.get_call_template

    def compile_first() -> None:
        if dispatcher.overloads:
            return
        with waiting(), global_compiler_lock:
            if not dispatcher.overloads:
                if entry and not on_disk:
                    _announce_once()
                with register_dispatcher(dispatcher):  # so that a kernel can call itself
                    dispatcher.compile(signature)
                dispatcher.disable_compile()

    def template_of_compiled(*types_of_call: Any) -> Any:
        compile_first()
        return template_of(*types_of_call)

    def called(*_arguments: Any) -> Any:
        compile_first()
        return dispatcher  # which looks at the arguments once more

    dispatcher.get_call_template = template_of_compiled
    dispatcher._compile_for_args = called
    dispatcher.compile_now = compile_first
    if entry:
        _entries.append(compile_first)
    if on_disk:
        compile_first()


def compile_all() -> int:
    """Compile or load all entries and callbacks, of all modules; how many there are."""
    folder = Path(__file__).parent
    for path in sorted(folder.glob("*.py")):
        import_module(f".{path.stem}", __package__)
    for compile_first in _entries:
        compile_first()
    return len(_entries)


def without_checks(entry: Any) -> Any:
    """``entry`` as Python calls it in the end: types of arguments are not looked at, which takes 70 to 150 ns a call.

    Only for callers that pass just what the signature says, since an array of another type would be misread.
    """
    entry.compile_now()
    [compiled] = entry.overloads.values()
    return compiled.entry_point


def callback(*signature: Any) -> Callable[[Callable[..., Any]], Callable[[], int]]:
    """A function that kernels call through an address; what takes its name tells the address, and compiles it first.

    numba optimises a kernel together with all that it calls. Calling the largest ones through addresses halved the time
    that all kernels take to compile (27 s to 13 s of CPU time, on a busy machine).
    """
    result, *arguments = signature

    def declare(function: Callable[..., Any]) -> Callable[[], int]:
        types_of_call = tuple(arguments), result
        compiled: Any = CFunc(function, types_of_call, {}, OPTIONS, WholeCompiler)  # type: ignore[arg-type, unused-ignore]
        on_disk = enable_caching(compiled, function, compiled._sig)

        def address() -> int:
            if compiled.address is None:
                with waiting(), global_compiler_lock:
                    if compiled.address is None:
                        if not on_disk:
                            _announce_once()
                        compiled.compile()
            found: int = compiled.address
            return found

        _entries.append(address)
        if on_disk:
            address()
        return address

    return declare
