"""The wheel: it holds the grammar and the templates, and works where there is only itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = "Dense(64, relu, input_dim=20) -> Dropout(0.5) -> Dense(10, softmax)\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("kgen", "grammar", "templates"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (built,) = folder.glob("*.whl")
    return built


def pip(*args: str) -> None:
    """Run pip without a network."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *args]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def requirements(name: str) -> set[str]:
    """Return a distribution and all that it needs, by name."""
    found: set[str] = set()
    pending = [name]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        for requirement in metadata.requires(name) or ():
            marker = requirement.partition(";")[2]
            if "extra ==" not in marker and "python_version <" not in marker:
                pending.append(re.split(r"[^\w.-]", requirement)[0].lower())
    return {name for name in found if installed(name)}


def installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with kgen and its requirements, and nothing else."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for needed in ("lark", "jinja2", "black", "click"):
        for name in requirements(needed):
            distribution = metadata.distribution(name)
            for part in {file.parts[0] for file in distribution.files or ()} - {".."}:
                target = site / part
                if part != "__pycache__" and not target.exists():
                    target.symlink_to(Path(str(distribution.locate_file(part))))
    pip(
        "--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel)
    )
    return folder / "bin"


def run(program: Path, *args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with nothing of this checkout in its environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["XDG_CACHE_HOME"] = str(folder)
    return subprocess.run(
        [str(program), *args], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_wheel_holds_what_kgen_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (path,) = (name for name in names if name.endswith("METADATA"))
        text = archive.read(path).decode()
    expected = {f"kgen/_data/{p.relative_to(ROOT)}" for p in (ROOT / "grammar").glob("*.lark")}
    expected |= {
        f"kgen/_data/{p.relative_to(ROOT)}"
        for p in (ROOT / "templates").rglob("*")
        if p.is_file() and p.suffix in (".py", ".j2")
    }
    expected |= {str(p.relative_to(ROOT)) for p in (ROOT / "kgen" / "explanations").glob("*.md")}
    assert expected <= names
    assert "kgen/py.typed" in names
    assert all(name.startswith(("kgen/", "kgen-")) for name in names)
    core = [
        line.removeprefix("Requires-Dist: ")
        for line in text.splitlines()
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    ]
    assert sorted(re.split(r"[^\w]", line)[0] for line in core) == [
        "black", "click", "jinja2", "lark",
    ]  # fmt: skip
    assert "black==26.10.1" in core


def test_an_installed_kgen_compiles(clean: Path, tmp_path: Path) -> None:
    from kgen.api import build_text
    from kgen.provenance import seal

    (tmp_path / "mlp.kdsl").write_text(SPEC)
    result = run(clean / "kgen", "build", "mlp.kdsl", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "mlp.py").read_text() == seal(build_text(SPEC, "mlp.kdsl").script)


def test_an_installed_kgen_needs_nothing_else(clean: Path, tmp_path: Path) -> None:
    missing = run(clean / "python", "-c", "import torch", folder=tmp_path)
    assert "No module named 'torch'" in missing.stderr
    (tmp_path / "mlp.kdsl").write_text(SPEC)
    for command in (
        "check mlp.kdsl",
        "summary mlp.kdsl",
        "plot mlp.kdsl -o m.dot",
        "layers LSTM",
        "explain K001",
        "new first",
        "fmt --check mlp.kdsl",
        "--version",
    ):
        result = run(clean / "kgen", *command.split(), folder=tmp_path)
        assert result.returncode == 0, result.stderr
    result = run(clean / "kgen", "run", "mlp.kdsl", folder=tmp_path)
    assert result.returncode == 1
    assert "pip install" in result.stderr
