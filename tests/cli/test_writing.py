"""`kgen fmt`, `new`, `reference` and `completion`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import MLP, Kgen

UGLY = "Dense( 64,relu,input_dim = 20 )->Dropout(0.5)\n"
NICE = "Dense(64, relu, input_dim=20) -> Dropout(0.5)\n"


def test_fmt_rewrites_files(kgen: Kgen) -> None:
    Path("ugly.kdsl").write_text(UGLY)
    result = kgen("fmt", "ugly.kdsl", "mlp.kdsl")
    assert Path("ugly.kdsl").read_text() == NICE
    assert Path("mlp.kdsl").read_text() == MLP
    assert result.stderr == "formatted `ugly.kdsl`\n1 file changed, 1 as they were\n"
    assert kgen("fmt", "ugly.kdsl").stderr == "0 files changed, 1 as they were\n"


def test_fmt_check_writes_nothing(kgen: Kgen) -> None:
    Path("ugly.kdsl").write_text(UGLY)
    result = kgen("fmt", "--check", "ugly.kdsl", "mlp.kdsl", status=1)
    assert result.stdout == "would reformat ugly.kdsl\n"
    assert Path("ugly.kdsl").read_text() == UGLY
    kgen("fmt", "--check", "mlp.kdsl")


def test_fmt_shows_a_diff(kgen: Kgen) -> None:
    Path("ugly.kdsl").write_text(UGLY)
    result = kgen("fmt", "--diff", "ugly.kdsl", status=1)
    assert f"-{UGLY}+{NICE}" in result.stdout
    assert Path("ugly.kdsl").read_text() == UGLY


def test_fmt_is_a_filter(kgen: Kgen) -> None:
    assert kgen("fmt", "-", stdin=UGLY).stdout == NICE


def test_fmt_goes_on_after_an_error(kgen: Kgen) -> None:
    Path("ugly.kdsl").write_text(UGLY)
    Path("bad.kdsl").write_text("Dense(3\n")
    result = kgen("fmt", "bad.kdsl", "missing.kdsl", "ugly.kdsl", status=1)
    assert "error[K002]" in result.stderr
    assert "cannot read `missing.kdsl`" in result.stderr
    assert Path("ugly.kdsl").read_text() == NICE
    assert Path("bad.kdsl").read_text() == "Dense(3\n"


@pytest.mark.parametrize("kind", ["table", "image", "sequence"])
def test_new_specs_build_unchanged(kgen: Kgen, kind: str) -> None:
    assert kgen("new", "net", "--kind", kind).stderr == (
        "wrote `net.kdsl`; train it with: kgen run net.kdsl\n"
    )
    checked = kgen("check", "net.kdsl")
    assert "no errors" in checked.stdout
    assert "warning" not in checked.output
    assert "model net =" in Path("net.kdsl").read_text()
    kgen("build", "net.kdsl")
    kgen("fmt", "--check", "net.kdsl")


def test_new_overwrites_nothing(kgen: Kgen) -> None:
    assert "`mlp.kdsl` exists" in kgen("new", "mlp", status=1).stderr
    assert Path("mlp.kdsl").read_text() == MLP
    Path("link.kdsl").symlink_to("nowhere.kdsl")
    kgen("new", "link", status=1)
    kgen("new", "mlp", "--force")
    assert "data digits()" in Path("mlp.kdsl").read_text()


@pytest.mark.parametrize("name", ["my-model", "2nd", "model", "über", "a b", "sub.kdsl"])
def test_any_name_makes_a_model(kgen: Kgen, name: str) -> None:
    kgen("new", name)
    assert "no errors" in kgen("check", f"{name.removesuffix('.kdsl')}.kdsl").stdout


def test_new_in_a_folder_that_is_not_there(kgen: Kgen) -> None:
    assert "there is no such file or folder" in kgen("new", "no/net", status=1).stderr
    kgen("new", "", status=2)


def test_reference_pages_are_current(update: bool) -> None:
    from kgen.backends.reference import pages

    for name, text in pages().items():
        path = Path(__file__).parents[2] / "docs" / name
        if update:
            path.write_text(text)
        assert path.read_text() == text, (
            f"docs/{name} is not what the catalogue says; pytest --update rewrites it"
        )


def test_reference_writes_and_checks(kgen: Kgen) -> None:
    Path("docs").mkdir()
    kgen("reference", "--check", status=1)
    kgen("reference")
    kgen("reference", "--check")
    kgen("reference")
    with Path("docs/errors.md").open("w") as file:
        file.write("my own page")
    assert "was not made by kgen" in kgen("reference", status=1).stderr
    assert "there is no such" in kgen("reference", "nowhere", status=1).stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(kgen: Kgen, shell: str) -> None:
    text = kgen("completion", shell).stdout
    assert "_KGEN_COMPLETE" in text
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=text, text=True, check=True)
    kgen("completion", "tcsh", status=2)


def test_names_are_completed() -> None:
    from click.shell_completion import ShellComplete

    from kgen.cli import cli

    completer = ShellComplete(cli, {}, "kgen", "_KGEN_COMPLETE")

    def words(args: list[str], start: str) -> set[str]:
        return {item.value for item in completer.get_completions(args, start)}

    assert words([], "b") == {"build"}
    assert {"Dense", "Dot"} <= words(["layers"], "D")
    assert "K001" in words(["explain"], "k0")
    assert "--force" in words(["build"], "--f")
