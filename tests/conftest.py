"""What all tests share: where the data are, how hypothesis runs, and no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from maskwright.grammar.kernels import compilation

from .suite import SuiteUnavailableError, fetch

ROOT = Path(__file__).resolve().parents[1]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share the cores; torch reads this when it is imported

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def kernels_are_compiled_in_silence() -> None:
    """Or the first test that needs a kernel would find a line on stderr."""
    compilation._announced = True


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The data that the repository does not hold: in ``MASKWRIGHT_DATA``, or in ``shared/data`` beside the checkout."""
    folder = Path(os.environ.get("MASKWRIGHT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("MASKWRIGHT_DATA names no folder, and there is no shared/data beside the checkout")
    return folder


@pytest.fixture(scope="session")
def maskbench_folder(data_folder: Path) -> Path:
    """The MaskBench files in the data folder."""
    folder = data_folder / "maskbench"
    if not folder.is_dir():
        pytest.skip(f"{data_folder} holds no maskbench/")
    return folder


@pytest.fixture(scope="session")
def suite_folder() -> Path:
    """The official JSON Schema Test Suite: in ``MASKWRIGHT_SUITE``, or downloaded once into the user's cache."""
    given = os.environ.get("MASKWRIGHT_SUITE")
    if given is None:
        try:
            return fetch(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "maskwright")
        except SuiteUnavailableError as error:
            pytest.skip(str(error))
    folder = Path(given)
    if not (folder / "tests").is_dir():
        pytest.skip(f"MASKWRIGHT_SUITE is {given}, which holds no tests/")
    return folder
