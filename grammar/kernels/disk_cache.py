"""The cache of compiled kernels on disk, so that a machine compiles them once.

numba takes a cached kernel for current as long as the file that holds it is unchanged, and does not notice a change in
a kernel called from another file. Here the stamp of every kernel is a hash over all files of this folder. It is part of
the names of the cache files, too: numba writes the index of a kernel before its code, so that another process could
otherwise take the code of an earlier version for that of this one, and crash.

numba keeps kernels in ``NUMBA_CACHE_DIR``, or beside their sources, or in the user's cache, whichever can be written
first. What was compiled into one that can only be read, as in the image of a container, is used all the same. Where
nothing can be written, every process compiles anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    NullCache,
    UserProvidedCacheLocator,
)
from numba.core.registry import cpu_target

_FOLDER = Path(__file__).parent
STAMP = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_FOLDER.glob("*.py")))).hexdigest()
_folder: str | None = None


class _AnyFolder(InTreeCacheLocator):  # type: ignore[misc, unused-ignore]
    """The folder beside the sources, whether it can be written or not."""

    @classmethod
    def from_function(cls, function: Any, source: str) -> _AnyFolder:
        return cls(function, source)


class _ReadOnlyFiles(CompileResultCacheImpl):  # type: ignore[misc, unused-ignore]
    _locator_classes = [_AnyFolder]  # type: ignore[assignment, unused-ignore] # noqa: RUF012 - numba's own is a list


class _ReadOnlyCache(FunctionCache):  # type: ignore[misc, unused-ignore]
    _impl_class = _ReadOnlyFiles


def cache_folder() -> str | None:
    """Where compiled kernels are kept; ``None`` where nothing can be written."""
    return _folder


def enable_caching(compiled: Any, function: Any, signature: Any) -> bool:
    """Let ``compiled`` look for its machine code on disk, and write it there; whether it will find it."""
    global _folder
    try:
        compiled.enable_caching()
        writable = _folder = compiled._cache._cache_file._cache_path
    except RuntimeError:  # no place that can be written
        compiled._cache, writable = _ReadOnlyCache(function), None
    cache_file = compiled._cache._cache_file
    cache_file._source_stamp = STAMP
    base = f"{cache_file._index_name.removesuffix('.nbi')}.{STAMP[:16]}"
    cache_file._index_name = f"{base}.nbi"
    cache_file._data_name_pattern = f"{base}.{{number:d}}.nbc"
    key = compiled._cache._index_key(signature, cpu_target.target_context.codegen())
    for place in ([] if writable is None else [writable]) + _other_places(function):
        _look_in(cache_file, place)
        found = cache_file._load_index().get(key)
        if found is not None and os.access(cache_file._data_path(found), os.R_OK):
            return True
    if writable is None:
        compiled._cache = NullCache()
    else:
        _look_in(cache_file, writable)
    return False


def compiled_as_called(function: Callable[..., Any]) -> Any:
    """numba's own way, for what is no part of the engine: compiled for each set of types that it is called with."""
    dispatcher = numba.njit(nogil=True)(function)
    with suppress(RuntimeError):  # no place that can be written
        dispatcher.enable_caching()
    return dispatcher


def _look_in(cache_file: Any, place: str) -> None:
    cache_file._cache_path = place
    cache_file._index_path = os.path.join(place, cache_file._index_name)


def _other_places(function: Any) -> list[str]:
    """Where kernels may have been compiled by who could write there."""
    source = function.__code__.co_filename
    beside = os.path.join(os.path.dirname(source), "__pycache__")
    caches_elsewhere = getattr(config, "CACHE_DIR", "")
    return [UserProvidedCacheLocator(function, source).get_cache_path(), beside] if caches_elsewhere else [beside]
