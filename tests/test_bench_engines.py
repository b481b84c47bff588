"""maskwright and its peers under the benchmark, on a small fixed sample, for correctness only; and the model's part."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from maskwright.jsonschemabench import generation
from maskwright.jsonschemabench.data import Case
from maskwright.jsonschemabench.engines.maskwright import MaskwrightEngine
from maskwright.jsonschemabench.engines.protocol import Setting
from maskwright.jsonschemabench.engines.registry import NAMES
from maskwright.jsonschemabench.generation import Writer
from maskwright.jsonschemabench.messages import Generation
from maskwright.jsonschemabench.sampled import Drawn
from maskwright.jsonschemabench.store import read_records
from maskwright.jsonschemabench.vocabularies import TINY, vocabulary_of

from .bench_cases import bench, correctness, write_maskbench

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PEOPLE = [({"name": "Zoë", "age": 3}, True), ({"name": 3, "age": 3}, False), ({"name": "a"}, False)]
MODULES = {"outlines-core": "outlines_core", "lm-format-enforcer": "lmformatenforcer", "llama.cpp": "llama_cpp"}
SAMPLE = 60


def right(found: Any) -> bool:
    return bool(found["right"] == found["judged"] > 0) and found["outcomes"]["compiled"] == found["schemas"]


def test_a_fixed_sample_of_maskbench(maskbench_folder: Path, tmp_path: Path) -> None:
    options = ["--maskbench", maskbench_folder, "--sample", str(SAMPLE), "--seed", "5", "--vocabulary", "bytes"]
    done = bench("run", "--out", tmp_path / "run", *options, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    found = correctness(tmp_path / "run")["maskwright"]["maskbench"]
    assert found["schemas"] == SAMPLE
    assert {name: count for name, count in found["outcomes"].items() if count} == {"compiled": SAMPLE}
    assert (found["over-constrained"], found["under-constrained"]) == (0, 0)


def test_a_fixed_sample_of_the_suite(suite_folder: Path, tmp_path: Path) -> None:
    options = ["--suite", suite_folder, "--every", "7", "--draft", "draft7", "--draft", "draft2020-12"]
    done = bench("run", "--out", tmp_path / "run", *options, "--vocabulary", "bytes", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    found = correctness(tmp_path / "run")["maskwright"]["suite"]
    wrong = {
        record.name: record.error
        or [at for at, verdict in enumerate(record.documents) if verdict.complete != verdict.valid]
        for record in read_records(tmp_path / "run")
        if record.error or any(verdict.complete != verdict.valid for verdict in record.documents)
    }
    assert all(str(error).startswith("UnsatisfiableSchema") for error in wrong.values()), wrong
    assert set(found["splits"]) == {"draft7", "draft2020-12"}
    assert found["keyword counts"]["over-constrained"] == 0


@pytest.mark.parametrize("engine", NAMES)
def test_each_engine_that_is_installed_judges_a_person(engine: str, tmp_path: Path) -> None:
    if find_spec(MODULES.get(engine, engine.partition("-")[0])) is None and engine != "none":
        pytest.skip(f"{engine} is not installed")
    pytest.importorskip("mistral_common")
    data = write_maskbench(tmp_path / "data", {"Some---person": PERSON}, PEOPLE)
    done = bench("run", "--out", tmp_path / "run", "--maskbench", data, "--engine", engine)
    assert done.returncode == 0, done.stderr
    (record,) = read_records(tmp_path / "run")
    expected = [True, True, True] if engine == "none" else [True, False, False]
    assert [verdict.complete for verdict in record.documents] == expected
    info = json.loads((tmp_path / "run" / "run.json").read_text())["engines"][0]
    assert engine == "none" or len(info["versions"]) >= 2


def test_a_model_writes_and_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    asked = [
        {"name": "forced", "prompt": "Say it.", "schema": {"const": {"a": [1, None]}}, "answer": {"a": [1, None]}},
        {"name": "wrong", "prompt": "Say it.", "schema": {"enum": ["b"]}, "answer": "a"},
        {"name": "free", "prompt": "A person.", "schema": {"type": "boolean"}},
    ]
    file.write_text("\n".join(map(json.dumps, asked)))
    options = [
        "--tasks",
        file,
        "--model",
        "tiny",
        "--max-new-tokens",
        "60",
        "--engine",
        "maskwright",
        "--engine",
        "none",
    ]
    done = bench("run", "--out", tmp_path / "run", *options)
    assert done.returncode == 0, done.stderr
    written = {record.key[::2]: record.generated for record in read_records(tmp_path / "run")}
    forced, wrong, free = (written["maskwright", name] for name in ("forced", "wrong", "free"))
    assert forced is not None
    assert wrong is not None
    assert free is not None
    assert json.loads(forced.text) == {"a": [1, None]}
    assert (forced.finished, forced.valid, forced.agrees) == (True, True, True)
    assert (wrong.text, wrong.valid, wrong.agrees) == ('"b"', True, False)
    assert (free.valid, free.agrees) == (True, None)
    assert forced.tokens == forced.forward_passes == forced.step_us.count
    found = correctness(tmp_path / "run")
    assert found["maskwright"]["tasks"]["quality"]["validity"] == 1.0
    assert found["maskwright"]["tasks"]["empirical coverage"] == 1.0
    assert found["none"]["tasks"]["quality"]["validity"] < 1.0


def test_a_sampler_writes_instead_of_masks(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text(json.dumps({"name": "one", "prompt": "Say it.", "schema": {"enum": ["a", "b"]}, "answer": "c"}))
    asked = ["--tasks", file, "--model", "tiny", "--max-new-tokens", "20", "--temperature", "1"]
    done = bench("run", "--out", tmp_path / "run", *asked, "--engine", "maskwright", "--sampler", "exact")
    assert done.returncode == 0, done.stderr
    (record,) = read_records(tmp_path / "run")
    written = record.generated
    assert written is not None
    assert (written.sampler, written.finished, written.valid, written.agrees) == ("exact", True, True, False)
    assert written.forward_passes > 0
    for wrong in (["--engine", "none"], ["--sampler", "best"], ["--temperature", "0"]):
        refused = bench("run", "--out", tmp_path / "wrong", *asked, "--sampler", "exact", *wrong)
        assert refused.returncode == 2
        assert "sampler" in refused.stderr


def test_a_sampler_that_finds_nothing_wrote_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary, schema = vocabulary_of(TINY), {"const": "a" * 50}
    writer = Writer(Generation(TINY, max_new_tokens=2, sampler="exact", temperature=1.0), vocabulary)
    session = MaskwrightEngine(vocabulary).compile(schema, Setting())
    too_long = writer(session, Case("n", schema))
    monkeypatch.setattr(generation, "draw", lambda *asked: Drawn([], 7, 5.0))
    exhausted = writer(session, Case("n", schema))
    assert exhausted["forward_passes"] == 7
    for written in (too_long, exhausted):
        assert (written["text"], written["finished"], written["valid"], written["tokens"]) == ("", False, False, 0)
