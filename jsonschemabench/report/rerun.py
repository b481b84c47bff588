"""The command that repeats a run, from the options that it recorded."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ..records import RunInfo
from ..wording import size

_MEBIBYTE = 1 << 20
_NAMES = {"max_new_tokens": "most tokens"}
_NEW_LINE = " \\\n  "
_LISTS = {"datasets": "--dataset", "drafts": "--draft", "splits": "--split"}
_NUMBERS = {"every": "--every", "sample": "--sample", "seed": "--seed", "seconds": "--seconds", "threads": "--threads"}
_OF_MODELS = {
    "model": "--model",
    "prompt": "--prompt",
    "max_new_tokens": "--max-new-tokens",
    "temperature": "--temperature",
    "sampler": "--sampler",
}


def command(info: RunInfo) -> str:
    """For a shell, an option a line; where the data are, is the reader's to say."""
    ran = [engine for engine in info.engines if engine.missing is None]
    engines = [("--engine", engine.name) for engine in ran]
    limits = [("--engine-seconds", f"{each.name}={each.seconds:g}") for each in ran if each.seconds is not None]
    options = (*engines, *limits, *_options(info))
    return _NEW_LINE.join(["maskwright bench run --out RUN", *map(shlex.join, options)])


def _options(info: RunInfo) -> Iterator[tuple[str, str]]:
    options = info.options
    for name, option in _LISTS.items():
        for value in options.get(name) or ():
            yield option, str(value)
    for name, option in _NUMBERS.items():
        if options.get(name) is not None:
            yield option, _number(options[name])
    if options.get("memory"):
        yield "--memory", str(int(options["memory"]) // _MEBIBYTE)
    written = options.get("generation") or {}
    if not written and options.get("vocabulary"):
        yield "--vocabulary", str(options["vocabulary"])
    for name, value in written.items():
        if name in _OF_MODELS:
            yield _OF_MODELS[name], _number(value)


def options_in_words(options: Mapping[str, Any]) -> dict[str, str]:
    """Those that were set, with units."""
    said = {name: value for name, value in options.items() if value not in (None, [], ())}
    if "seconds" in said:
        said["seconds"] = f"{said['seconds']:g} for one schema"
    if "memory" in said:
        said["memory"] = f"{size(said['memory'])} for one schema"
    if "generation" in said:
        quoted = {**said["generation"], "prompt": f"“{said['generation']['prompt']}”"}
        said["generation"] = ", ".join(f"{_NAMES.get(name, name)} {value}" for name, value in quoted.items())
    return {name: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in said.items()}


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
