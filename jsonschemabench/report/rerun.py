"""The command that repeats a run, from the options that it recorded."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ..records import RunInfo
from ..wording import size

_MEBIBYTE = 1 << 20
_LISTS = {"datasets": "--dataset", "drafts": "--draft", "splits": "--split"}
_NUMBERS = {"every": "--every", "sample": "--sample", "seed": "--seed", "seconds": "--seconds", "threads": "--threads"}
_OF_MODELS = {
    "model": "--model",
    "prompt": "--prompt",
    "max_new_tokens": "--max-new-tokens",
    "temperature": "--temperature",
}


def command(info: RunInfo) -> str:
    """For a shell; where the data are, is the reader's to say."""
    ran = [engine for engine in info.engines if engine.missing is None]
    engines = [part for engine in ran for part in ("--engine", engine.name)]
    own = [
        part
        for engine in ran
        if engine.seconds is not None
        for part in ("--engine-seconds", f"{engine.name}={engine.seconds:g}")
    ]
    return shlex.join(["maskwright", "bench", "run", "--out", "RUN", *engines, *own, *_options(info)])


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
    written = options.get("generation") or {}
    if not written and options.get("vocabulary"):
        yield from ("--vocabulary", str(options["vocabulary"]))
    for name, value in written.items():
        if name in _OF_MODELS:
            yield from (_OF_MODELS[name], _number(value))


def options_in_words(options: Mapping[str, Any]) -> dict[str, str]:
    """Those that were set, with units."""
    said = {name: value for name, value in options.items() if value not in (None, [], ())}
    if "seconds" in said:
        said["seconds"] = f"{said['seconds']:g} for one schema"
    if "memory" in said:
        said["memory"] = f"{size(said['memory'])} for one schema"
    if "generation" in said:
        said["generation"] = ", ".join(f"{name} {value}" for name, value in said["generation"].items())
    return {name: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in said.items()}


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
