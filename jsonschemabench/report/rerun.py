"""The command that repeats a run, from the options that it recorded."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from ..records import RunInfo

_MEBIBYTE = 1 << 20
_LISTS = {"datasets": "--dataset", "drafts": "--draft", "splits": "--split"}
_NUMBERS = {"every": "--every", "sample": "--sample", "seed": "--seed", "seconds": "--seconds", "threads": "--threads"}
_OF_MODELS = {"model": "--model", "prompt": "--prompt", "max_new_tokens": "--max-new-tokens", "temperature": "--temperature"}


def command(info: RunInfo) -> str:
    """For a shell; where the data are, is the reader's to say."""
    engines = [part for engine in info.engines for part in ("--engine", engine.name)]
    return shlex.join(["maskwright", "bench", "run", "--out", "RUN", *engines, *_options(info)])


def _options(info: RunInfo) -> Iterator[str]:
    options = info.options
    for name, option in _LISTS.items():
        for value in options.get(name) or ():
            yield from (option, str(value))
    for name, option in _NUMBERS.items():
        if options.get(name) is not None:
            yield from (option, _number(options[name]))
    if options.get("memory"):
        yield from ("--memory", str(int(options["memory"]) // _MEBIBYTE))
    written = options.get("generation")
    if written is None and options.get("vocabulary"):
        yield from ("--vocabulary", str(options["vocabulary"]))
    for name, option in _OF_MODELS.items() if written else ():
        yield from (option, _number(written[name]))


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
