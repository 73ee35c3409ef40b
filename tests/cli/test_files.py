"""Hostile paths, and that nothing is lost: no file of a person's is overwritten, none half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kgen.cli import files
from kgen.provenance import seal, state
from tests.cli.conftest import MLP, Kgen

READERS = (
    ("build", "{}", "-o", "out.py"),
    ("check", "{}"),
    ("summary", "{}"),
    ("plot", "{}", "-o", "m.dot"),
    ("fmt", "{}"),
    ("run", "{}"),
)


def attempt(kgen: Kgen, command: tuple[str, ...], path: str) -> str:
    """Run a command on a path that cannot be read; return its one-line message."""
    result = kgen(*(part.format(path) for part in command), status=1)
    assert result.stderr.startswith("error: ")
    return str(result.stderr)


@pytest.mark.parametrize("command", READERS)
def test_what_cannot_be_read_is_said(kgen: Kgen, command: tuple[str, ...]) -> None:
    Path("folder.kdsl").mkdir()
    Path("latin.kdsl").write_bytes(b"# first\n# caf\xe9\nDense(1, input_dim=2)\n")
    Path("picture.kdsl").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    Path("loop.kdsl").symlink_to("loop.kdsl")
    Path("dangling.kdsl").symlink_to("nowhere.kdsl")
    assert "cannot read `no.kdsl`: there is no such file" in attempt(kgen, command, "no.kdsl")
    assert "there is no such file" in attempt(kgen, command, "no/such/folder.kdsl")
    assert "there is no such file" in attempt(kgen, command, "dangling.kdsl")
    assert "`folder.kdsl`: it is a directory" in attempt(kgen, command, "folder.kdsl")
    assert "not UTF-8 text (byte 0xe9 in line 2)" in attempt(kgen, command, "latin.kdsl")
    assert "not UTF-8 text" in attempt(kgen, command, "picture.kdsl")
    assert "cannot read `loop.kdsl`" in attempt(kgen, command, "loop.kdsl")
    assert "cannot read" in attempt(kgen, command, "x" * 5000 + ".kdsl")
    assert "cannot read" in attempt(kgen, command, "mlp.kdsl/x")


def test_permissions_are_respected(kgen: Kgen, monkeypatch: pytest.MonkeyPatch) -> None:
    kgen("build", "mlp.kdsl")
    # Root may read and write everything, so the refusals are played.
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        message = kgen("build", "mlp.kdsl", status=1).stderr
    assert message == "error: cannot write `mlp.py`: it is write-protected\n"

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "open", refuse, raising=False)
    message = kgen("check", "mlp.kdsl", status=1).stderr
    assert message == "error: cannot read `mlp.kdsl`: permission denied\n"


def test_a_giant_file_is_no_spec(kgen: Kgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMIT", 1 << 20)
    Path("giant.kdsl").write_bytes(b"#" * ((1 << 20) + 1))
    assert "is larger than 1 MiB" in kgen("check", "giant.kdsl", status=1).stderr
    assert "cannot" not in kgen("check", "/dev/zero", status=1).stderr


@pytest.mark.parametrize(
    "name",
    [
        "a b.kdsl",
        "ü.kdsl",
        "-x.kdsl",
        "a'\"b.kdsl",
        "$(id).kdsl",
        "new\nline.kdsl",
        "\033[31mred.kdsl",
        "bad\udcff.kdsl",
    ],
)
def test_strange_names_work(kgen: Kgen, name: str) -> None:
    try:
        Path(name).write_text(MLP)
    except (OSError, UnicodeError):
        pytest.skip("this file system refuses the name")
    result = kgen("build", "--", name)
    assert "\033" not in result.stderr
    script = Path(os.path.splitext(name)[0] + ".py").read_text()
    compile(script, "script", "exec")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# only a comment\n",
        "\0",
        "->" * 500,
        "(" * 10_000,
        "Dense(" * 3_000,
        "[" * 500 + "]" * 500,
        "\ufeff",
        "'",
        '"""',
    ],
)
@pytest.mark.parametrize("command", ["check", "summary", "fmt", "build"])
def test_no_text_makes_a_traceback(kgen: Kgen, text: str, command: str) -> None:
    Path("odd.kdsl").write_text(text)
    output = kgen(command, "odd.kdsl", status=1).output
    assert "error[K" in output


# ----------------------------------------------------------------------------- writing


def test_an_untouched_script_is_replaced(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl")
    Path("mlp.kdsl").write_text(MLP.replace("64", "32"))
    kgen("build", "mlp.kdsl")
    assert "nn.Linear(20, 32)" in Path("mlp.py").read_text()


def test_an_edited_script_is_kept(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl")
    edited = Path("mlp.py").read_text().replace("nn.Linear(20, 64)", "nn.Linear(20, 99)")
    Path("mlp.py").write_text(edited)
    result = kgen("build", "mlp.kdsl", status=1)
    assert result.stderr == (
        "error: `mlp.py` was edited since kgen wrote it; --force overwrites it\n"
    )
    assert Path("mlp.py").read_text() == edited
    kgen("build", "mlp.kdsl", "--force")
    assert "nn.Linear(20, 64)" in Path("mlp.py").read_text()


def test_text_below_the_checksum_is_an_edit(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl")
    with Path("mlp.py").open("a") as file:
        file.write("print('mine')\n")
    kgen("build", "mlp.kdsl", status=1)


def test_other_line_ends_are_no_edit(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl")
    Path("mlp.py").write_bytes(Path("mlp.py").read_bytes().replace(b"\n", b"\r\n"))
    kgen("build", "mlp.kdsl")


def test_a_foreign_file_is_kept(kgen: Kgen) -> None:
    Path("mlp.py").write_text("print('mine')\n")
    message = kgen("build", "mlp.kdsl", status=1).stderr
    assert message == "error: `mlp.py` was not made by kgen; --force overwrites it\n"
    assert Path("mlp.py").read_text() == "print('mine')\n"
    Path("m.dot").write_text("digraph { mine }\n")
    kgen("plot", "mlp.kdsl", "-o", "m.dot", status=1)
    assert Path("m.dot").read_text() == "digraph { mine }\n"


def test_an_empty_file_holds_nothing_to_lose(kgen: Kgen) -> None:
    Path("mlp.py").touch()
    kgen("build", "mlp.kdsl")


def test_the_spec_is_never_overwritten(kgen: Kgen) -> None:
    Path("link.py").symlink_to("mlp.kdsl")
    for out in ("mlp.kdsl", "./mlp.kdsl", "link.py"):
        message = kgen("build", "mlp.kdsl", "-o", out, "--force", status=1).stderr
        assert "is the specification itself" in message
    assert Path("mlp.kdsl").read_text() == MLP


def test_what_cannot_be_written_is_said(kgen: Kgen) -> None:
    Path("folder").mkdir()
    build = ("build", "mlp.kdsl", "--force", "-o")
    assert "`folder`: it is a directory" in kgen(*build, "folder", status=1).stderr
    assert "there is no such file or folder" in kgen(*build, "no/out.py", status=1).stderr
    assert "cannot write" in kgen(*build, "mlp.kdsl/out.py", status=1).stderr
    assert "cannot write" in kgen(*build, "x" * 5000, status=1).stderr


def test_devices_are_written_not_replaced(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl", "-o", os.devnull)
    assert not Path(os.devnull).is_file()


def test_a_link_stays_a_link(kgen: Kgen) -> None:
    Path("real").mkdir()
    kgen("build", "mlp.kdsl", "-o", "real/out.py")
    Path("out.py").symlink_to("real/out.py")
    Path("real/out.py").chmod(0o640)
    kgen("build", "mlp.kdsl", "-o", "out.py")
    assert Path("out.py").is_symlink()
    assert Path("real/out.py").stat().st_mode & 0o777 == 0o640


def test_an_exception_while_writing_leaves_the_old_file(
    kgen: Kgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    kgen("build", "mlp.kdsl")
    old = Path("mlp.py").read_bytes()
    Path("mlp.kdsl").write_text(MLP.replace("64", "32"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    message = kgen("build", "mlp.kdsl", status=1).stderr
    assert message == "error: cannot write `mlp.py`: no space left on device\n"
    assert Path("mlp.py").read_bytes() == old
    assert not list(Path().glob(".*.tmp"))


def test_a_kill_while_writing_leaves_the_old_file(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl")
    old = Path("mlp.py").read_bytes()
    Path("mlp.kdsl").write_text(MLP.replace("64", "32"))
    code = (
        "import os, signal, sys\n"
        "from kgen.cli import main\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.argv = ['kgen', 'build', 'mlp.kdsl']\n"
        "main()"
    )
    root = str(Path(__file__).parents[2])
    result = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root})
    assert result.returncode == -signal.SIGKILL
    assert Path("mlp.py").read_bytes() == old
    kgen("build", "mlp.kdsl")
    assert Path("mlp.py").read_bytes() != old


def test_a_reader_that_leaves_early_is_no_error(kgen: Kgen) -> None:
    root = str(Path(__file__).parents[2])
    result = subprocess.run(
        f"{sys.executable} -m kgen layers | head -1",
        shell=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert result.stdout.startswith("Statements")
    assert "Traceback" not in result.stderr


def test_a_broken_cache_is_made_anew(kgen: Kgen, tmp_path: Path) -> None:
    kgen("check", "mlp.kdsl")
    root = str(Path(__file__).parents[2])
    cache = tmp_path / "cache" / "kgen"
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-m", "kgen", "check", "mlp.kdsl"]
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 0
    (tables,) = cache.iterdir()
    whole = tables.read_bytes()
    for content in (b"", whole[:100], b"nonsense\n" + whole[20:]):
        tables.write_bytes(content)
        result = subprocess.run(command, env=environment, capture_output=True)
        assert (result.returncode, result.stderr) == (0, b"")


# ------------------------------------------------------------------------- provenance


@pytest.mark.parametrize(
    "script", ["", "x = 1\n", "x = 1", "é = '\udcff'\n", "# kgen checksum: 1\n"]
)
def test_a_sealed_text_is_untouched(script: str) -> None:
    sealed = seal(script)
    assert state(sealed) == "untouched"
    assert state(sealed + " ") == "edited"
    assert state("#" + sealed) == "edited"
    assert seal(script) == sealed


def test_foreign_texts() -> None:
    assert state("") == "foreign"
    assert state("print(1)\n") == "foreign"
