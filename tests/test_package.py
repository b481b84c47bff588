"""The package as a whole: what a wheel holds, the public names, what an import costs, and who imports whom."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path, PurePosixPath

import pytest

import maskwright

ROOT = Path(__file__).resolve().parents[1]
FACE = "src/maskwright"
SUBPACKAGES = ["grammar", "schemas", "logits", "generation", "jsonschemabench"]
MAY_IMPORT = {
    "grammar": {"grammar"},
    "schemas": {"schemas", "grammar"},
    "logits": {"logits", "grammar"},
    "generation": {"generation", "grammar", "schemas", "logits"},
    "jsonschemabench": {"jsonschemabench", "maskwright"},
    "maskwright": {"maskwright", *SUBPACKAGES},
}
HEAVY = ["numba", "torch", "transformers"]
PUBLIC_NAMES = {
    "Choice",
    "Constraint",
    "Ebnf",
    "Gbnf",
    "GenerationResult",
    "JsonOptions",
    "JsonSchema",
    "Lark",
    "Limits",
    "LogitsProcessor",
    "MaskwrightError",
    "Matcher",
    "Regex",
    "Substring",
    "Tags",
    "Vocabulary",
    "__version__",
    "compile",
    "fill_next_token_bitmasks",
    "generate",
}
IMPORT_MASKWRIGHT = f"""
from time import process_time
import sys
import numpy
begin = process_time()
import maskwright
print(process_time() - begin, *(name for name in {HEAVY} if name in sys.modules))
"""


def checkout_files() -> list[str]:
    """Paths, from the root, of the files and symbolic links that git tracks or would add."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not in a git checkout, so there is no list of files to compare with")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and os.path.lexists(ROOT / name)]


def in_wheel(name: str) -> str | None:
    """Where a wheel holds the file ``name``, or None for a file that does not belong into one."""
    path = PurePosixPath(name)
    if (ROOT / name).is_symlink() or path.suffix == ".md":
        return None
    if path.is_relative_to(FACE):
        return str(path.relative_to("src"))
    return f"maskwright/{name}" if path.parts[0] in SUBPACKAGES else None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of the checkout's files, without the network."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in checkout_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name, follow_symlinks=False)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    run = subprocess.run([sys.executable, "-c", build, str(out)], cwd=copy, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def package_modules() -> Iterator[tuple[str, str, ast.Module]]:
    """Path from the root, dotted name and syntax tree of every module of the package."""
    for folder in [FACE, *SUBPACKAGES]:
        prefix = ["maskwright"] if folder == FACE else ["maskwright", folder]
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = [*prefix, *path.relative_to(ROOT / folder).with_suffix("").parts]
            yield str(path.relative_to(ROOT)), ".".join(parts), ast.parse(path.read_text(encoding="utf-8"))


def imported_names(module: str, tree: ast.Module) -> Iterator[str]:
    """Absolute dotted names of all that ``module`` imports, wherever in it the import stands."""
    package = module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute_imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def layer_of(name: str) -> str:
    """The layer that an absolute name inside maskwright belongs to; ``maskwright`` is the public face."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in SUBPACKAGES else "maskwright"


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = {place for name in checkout_files() if (place := in_wheel(name))}
    assert {"maskwright/py.typed", "maskwright/generation/tiny_model/model.safetensors"} <= held
    assert sorted(expected - held) == []
    assert sorted(held - expected) == []


def test_the_wheel_carries_the_license(wheel: zipfile.ZipFile) -> None:
    licenses = [name for name in wheel.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
    assert [wheel.read(name) for name in licenses] == [(ROOT / "LICENSE").read_bytes()]


def test_every_folder_with_code_is_a_listed_package() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {path.parent for folder in [FACE, *SUBPACKAGES] for path in (ROOT / folder).rglob("*.py")}
    names = {path.relative_to(ROOT).as_posix() for path in folders}
    packages = {name: "maskwright" if name == FACE else "maskwright." + name.replace("/", ".") for name in names}
    assert set(setuptools["packages"]) == set(packages.values())
    assert setuptools["package-dir"] == {package: name for name, package in packages.items()}
    assert [name for name in sorted(names) if not (ROOT / name / "__init__.py").is_file()] == []


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_type_checkers_see_one_package(name: str) -> None:
    assert os.readlink(ROOT / FACE / name) == f"../../{name}"


def test_the_public_names_are_few_and_there() -> None:
    assert len(PUBLIC_NAMES - {"__version__"}) <= 20
    assert set(maskwright.__all__) == PUBLIC_NAMES
    assert [name for name in maskwright.__all__ if not hasattr(maskwright, name)] == []
    for error in "InvalidGrammar", "InvalidSchema", "LimitExceeded", "UnsatisfiableGrammar", "UnsupportedSchema":
        assert issubclass(getattr(maskwright, error), maskwright.MaskwrightError)
    assert callable(maskwright.tools)
    assert {*maskwright.__all__, "stream", "samplers", "tools", "Speculation", "InvalidArgument"} <= {*dir(maskwright)}


def test_importing_the_package_is_cheap() -> None:
    def measure() -> list[str]:
        command = [sys.executable, "-c", IMPORT_MASKWRIGHT]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()

    runs = [measure() for _ in range(3)]
    assert runs[0][1:] == [], "imported by the public face"
    assert min(float(run[0]) for run in runs) < 0.3


def test_imports_inside_the_package_are_relative() -> None:
    """But the benchmark imports the public face as every user does."""
    absolute = [
        f"{path}:{node.lineno}"
        for path, _, tree in package_modules()
        for node in ast.walk(tree)
        for name in absolute_imports(node)
        if name.split(".")[0] == "maskwright" and not (name == "maskwright" and path.startswith("jsonschemabench/"))
    ]
    assert absolute == []


def test_each_package_imports_only_the_layers_below_it() -> None:
    forbidden = [
        f"{path} imports {name}"
        for path, module, tree in package_modules()
        for name in imported_names(module, tree)
        if name.split(".")[0] == "maskwright" and layer_of(name) not in MAY_IMPORT[layer_of(module)]
    ]
    assert forbidden == []
