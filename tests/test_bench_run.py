"""Runs of the benchmark: bad engines are results, killed runs are taken up again, wrong input is an error."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from maskwright.jsonschemabench.records import Outcome, Phase
from maskwright.jsonschemabench.report.headline import headline
from maskwright.jsonschemabench.report.rerun import command as rerun_command
from maskwright.jsonschemabench.report.run import read_run
from maskwright.jsonschemabench.store import read_records

from .bench_cases import BAD, SLOW, bench, command, correctness, environment, outcomes, write_maskbench
from .interrupts import heed_interrupts

DEEDS = {
    "Bad---abort": {"do": "abort"},
    "Bad---decline": {"do": "decline"},
    "Bad---eat": {"do": "eat"},
    "Bad---fail": {"do": "fail"},
    "Bad---hang": {"do": "hang"},
    "Bad---later-abort": {"do": "later abort"},
    "Bad---later-decline": {"do": "later decline"},
    "Bad---too-much": {"do": "ask for too much"},
    "Good---one": {},
    "Good---two": {},
}


@pytest.fixture(scope="module")
def bad_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    data = write_maskbench(folder / "data", DEEDS, [({"a": 1}, True), ([], False)])
    options = ["--vocabulary", "bytes", "--seconds", "4", "--memory", "200", "--jobs", "2"]
    done = bench("run", "--out", folder / "run", "--engine", BAD, "--maskbench", data, *options)
    assert done.returncode == 0, done.stderr
    assert "printed by the engine" not in done.stdout
    return folder / "run"


def test_what_an_engine_does_is_a_result_and_the_run_goes_on(bad_run: Path) -> None:
    assert outcomes(bad_run) == {
        "Bad---abort": "crash",
        "Bad---decline": "declined",
        "Bad---eat": "out of memory",
        "Bad---fail": "crash",
        "Bad---hang": "timeout",
        "Bad---later-abort": "crash",
        "Bad---later-decline": "compiled",
        "Bad---too-much": "out of memory",
        "Good---one": "compiled",
        "Good---two": "compiled",
    }


def test_records_say_how_far_it_came_and_why_not_further(bad_run: Path) -> None:
    found = {record.name: record for record in read_records(bad_run)}
    assert found["Bad---abort"].phase is Phase.COMPILE
    assert (found["Bad---abort"].error or "").startswith("SIGABRT")
    assert found["Bad---decline"].error == "ValueError: no such schema"
    assert "KeyError: 'a bug of the engine'" in (found["Bad---fail"].error or "")
    assert found["Bad---later-abort"].phase is Phase.DOCUMENTS
    assert found["Bad---later-abort"].compile_us is not None
    assert [document.error for document in found["Bad---later-decline"].documents] == ["ValueError: no such schema"] * 2
    good = found["Good---one"]
    assert good.outcome is Outcome.COMPILED
    assert good.split == "Good"
    assert [document.complete for document in good.documents] == [True, True]
    assert good.masks.count == len(json.dumps({"a": 1})) + len("[]")


def test_the_summary_counts_them(bad_run: Path) -> None:
    found = correctness(bad_run)[BAD]["maskbench"]
    assert found["schemas"] == 10
    assert found["outcomes"] == {
        "compiled": 3, "declined": 1, "failed": 0, "crash": 3, "timeout": 1, "out of memory": 2
    }  # fmt: skip
    assert found["under-constrained"] == 2
    assert found["maskbench"]["validation error"] == 1
    assert found["maskbench"]["invalidation error"] == 2
    assert found["splits"]["Good"]["declared coverage"] == 1.0


def test_a_killed_run_is_taken_up_again(tmp_path: Path) -> None:
    data = write_maskbench(tmp_path / "data", {f"Slow---{number:02}": {} for number in range(90)}, [(1, True)])
    options = ["--engine", SLOW, "--maskbench", data, "--vocabulary", "bytes", "--jobs", "2"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert bench("run", "--out", whole, *options).returncode == 0
    for some, how, code in ((3, signal.SIGKILL, -signal.SIGKILL), (12, signal.SIGINT, 130)):
        arguments = command("run", "--out", killed, *options)
        with subprocess.Popen(arguments, env=environment(), preexec_fn=heed_interrupts) as process:
            _wait_for(killed / "results.jsonl", some)
            process.send_signal(how)
        assert process.returncode == code
    with (killed / "results.jsonl").open("a") as results:
        results.write('{"engine":"torn')
    done = bench("run", "--out", killed, *options)
    assert done.returncode == 0, done.stderr
    assert len(list(read_records(killed))) == 90
    assert correctness(killed) == correctness(whole)


def _wait_for(results: Path, lines: int) -> None:
    deadline = time.monotonic() + 60
    while not results.exists() or results.read_bytes().count(b"\n") < lines:
        assert time.monotonic() < deadline, "the run writes nothing"
        time.sleep(0.02)


def test_a_run_is_not_taken_up_with_other_options(tmp_path: Path) -> None:
    data = write_maskbench(tmp_path / "data", {"a": {}})
    options = ["--engine", "none", "--maskbench", data, "--vocabulary", "bytes", "--out", tmp_path / "run"]
    assert bench("run", *options).returncode == 0
    done = bench("run", *options, "--seconds", "5")
    assert done.returncode == 2
    assert "seconds is 60.0, not 5.0" in done.stderr


def test_an_engine_may_have_a_limit_of_its_own(tmp_path: Path) -> None:
    data = write_maskbench(tmp_path / "data", {"Bad---hang": {"do": "hang"}})
    options = ["--engine", BAD, "--maskbench", data, "--vocabulary", "bytes", "--out", tmp_path / "run"]
    assert bench("run", *options, "--seconds", "50", "--engine-seconds", f"{BAD}=1.5").returncode == 0
    [record] = read_records(tmp_path / "run")
    assert (record.outcome, record.error) == (Outcome.TIMEOUT, "more than 1.5 s")
    run = read_run(tmp_path / "run")
    assert run.times(BAD, "maskbench")["ttfm_us"]["p50"] == 1.5e6
    assert f"--engine-seconds {BAD}=1.5" in rerun_command(run.info)
    assert f"allowed 50 s, but 1.5 s with {BAD}." in headline(run)

    write_maskbench(data, {"Bad---decline": {"do": "decline"}})
    done = bench("run", *options, "--seconds", "50")
    assert done.returncode == 2
    assert "with other seconds for a schema (1.5)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "none", "--engine-seconds", "none"], "--engine-seconds none is no limit"),
        (["--engine", "none", "--engine-seconds", "none=-1"], "--engine-seconds none=-1 is no limit"),
        (["--engine", "none", "--engine-seconds", "grid=4"], "--engine-seconds names grid, which is not run"),
        (["--engine", "nothing"], "there is no engine 'nothing'"),
        (["--maskbench", "/nowhere"], "/nowhere is not a folder"),
        (["--dataset", "everything"], "there is no data set everything"),
        (["--dataset", "tasks"], "nothing is not a file of tasks"),
    ],
)
def test_wrong_input_is_an_error_in_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = bench("run", "--out", tmp_path / "run", "--no-fetch", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_engine_that_is_not_installed_is_said_to_be(tmp_path: Path) -> None:
    data = write_maskbench(tmp_path / "data", {"a": {}})
    options = ["--engine", "no_such_module:Engine", "--engine", "none", "--maskbench", data, "--vocabulary", "bytes"]
    done = bench("run", "--out", tmp_path / "run", *options)
    assert done.returncode == 0, done.stderr
    assert "no_such_module:Engine is not installed: let no_such_module be importable" in done.stdout
    assert outcomes(tmp_path / "run") == {"a": "compiled"}


def test_a_ray_cluster_gives_the_same_results(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    data = write_maskbench(tmp_path / "data", {f"R---{number}": {} for number in range(6)} | DEEDS, [(1, True)])
    options = ["--engine", BAD, "--maskbench", data, "--vocabulary", "bytes", "--seconds", "4", "--memory", "200"]
    for folder, more in (("plain", []), ("ray", ["--ray"])):
        done = bench("run", "--out", tmp_path / folder, *options, "--jobs", "2", *more)
        assert done.returncode == 0, done.stderr
    assert correctness(tmp_path / "ray") == correctness(tmp_path / "plain")
