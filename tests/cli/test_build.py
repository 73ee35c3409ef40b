"""`kgen build`, `run` and `check`: their results, words and statuses."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kgen.provenance import state
from tests.cli.conftest import MLP, Kgen

ROOT = Path(__file__).parents[2]


def python(*args: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, with this kgen."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, env=environment, **more
    )  # type: ignore[call-overload, no-any-return]


def test_build_writes_a_script_named_after_the_spec(kgen: Kgen) -> None:
    result = kgen("build", "mlp.kdsl")
    script = Path("mlp.py").read_text()
    assert result.stdout == ""
    assert result.stderr == (
        "wrote `mlp.py`: 3 layers, 1,994 parameters, " + f"{script.count(chr(10))} lines\n"
    )
    assert state(script) == "untouched"
    compile(script, "mlp.py", "exec")


def test_the_checksum_is_black_stable(kgen: Kgen) -> None:
    import black

    script = kgen("build", "mlp.kdsl", "--stdout").stdout
    assert black.format_str(script, mode=black.Mode()) == script


@pytest.mark.parametrize("arguments", [("--stdout",), ("-o", "-")])
def test_build_prints_the_same_bytes(kgen: Kgen, arguments: tuple[str, ...]) -> None:
    printed = kgen("build", "mlp.kdsl", *arguments)
    assert not Path("mlp.py").exists()
    kgen("build", "mlp.kdsl")
    assert printed.stdout_bytes == Path("mlp.py").read_bytes()


def test_the_script_goes_by_the_name_it_is_written_to(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl", "-o", "out.py")
    assert "python out.py --epochs 5" in Path("out.py").read_text()


def test_build_reads_the_standard_input(kgen: Kgen) -> None:
    kgen("build", "-", "-o", "out.py", stdin=MLP)
    assert "nn.Linear(20, 64)" in Path("out.py").read_text()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("units=8", "nn.Linear(4, 8)"), ("units = 8", "nn.Linear(4, 8)")],
)
def test_defines_replace_constants(kgen: Kgen, value: str, expected: str) -> None:
    spec = "units = 2\nDense(units, input_dim=4) -> Dense(1)\n"
    assert expected in kgen("build", "-", "--stdout", "-D", value, stdin=spec).stdout


def test_a_word_is_a_value(kgen: Kgen) -> None:
    spec = "act = relu\nDense(3, act, input_dim=4) -> Dense(1)\n"
    assert "tanh" in kgen("build", "-", "--stdout", "-Dact=tanh", stdin=spec).stdout


def test_an_unknown_constant_is_an_error(kgen: Kgen) -> None:
    result = kgen("build", "mlp.kdsl", "-D", "unit=3", status=1)
    assert "`-D unit=...` names no constant" in result.stderr


@pytest.mark.parametrize("value", ["units", "=3", "3=3", "a b=3", ""])
def test_a_define_has_a_form(kgen: Kgen, value: str) -> None:
    assert (
        "is not of the form name=value" in kgen("build", "mlp.kdsl", "-D", value, status=2).stderr
    )


def test_an_error_writes_nothing(kgen: Kgen) -> None:
    result = kgen("build", "wrong.kdsl", status=1)
    assert "error[K302]" in result.stderr
    assert "--> wrong.kdsl:1:34" in result.stderr
    assert result.stdout == ""
    assert not Path("wrong.py").exists()


def test_usage_errors_have_status_2(kgen: Kgen) -> None:
    assert "did you mean `build`?" in kgen("biuld", "mlp.kdsl", status=2).stderr
    assert "`kgen build mlp.kdsl` compiles it" in kgen("mlp.kdsl", status=2).stderr
    kgen("build", status=2)
    kgen("build", "mlp.kdsl", "--nonsense", status=2)
    kgen("build", "mlp.kdsl", "--watch", "--stdout", status=2)


def test_version_and_help(kgen: Kgen) -> None:
    assert kgen("--version").stdout == "kgen 0.1.0\n"
    assert "Examples:" in kgen("--help").stdout
    assert kgen("-h").stdout == kgen("--help").stdout


def test_every_command_has_examples(kgen: Kgen) -> None:
    from kgen.cli import cli

    for name in cli.commands:
        text = kgen(name, "--help").stdout
        assert "Examples:" in text, name
        assert f"kgen {name}" in text, name


def test_build_imports_no_framework(kgen: Kgen) -> None:
    code = (
        "import sys; sys.argv = ['kgen', 'build', 'mlp.kdsl']\n"
        "from kgen.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: assert not e.code\n"
        "heavy = {'torch', 'keras', 'numpy', 'jax', 'tensorflow', 'h5py', 'graphviz', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = python("-c", code)
    assert result.stdout == "[]\n", result.stderr


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("explain K001", {"black", "jinja2", "lark", "torch", "kgen.catalogue.layers"}),
        ("completion bash", {"black", "jinja2", "lark", "torch", "kgen.catalogue.layers"}),
        ("layers Dense", {"black", "jinja2", "lark", "torch"}),
        ("check mlp.kdsl", {"black", "jinja2", "torch"}),
        ("summary mlp.kdsl", {"black", "jinja2", "torch"}),
        ("fmt --check mlp.kdsl", {"black", "jinja2", "torch"}),
    ],
)
def test_commands_import_what_they_need(kgen: Kgen, command: str, unneeded: set[str]) -> None:
    code = (
        f"import sys; sys.argv = ['kgen', *{command.split()!r}]\n"
        "from kgen.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: assert not e.code\n"
        f"print(sorted({unneeded!r} & set(sys.modules)), file=sys.stderr)"
    )
    assert python("-c", code).stderr.splitlines()[-1] == "[]"


def test_watch_builds_after_every_change(kgen: Kgen, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "kgen", "build", "mlp.kdsl", "--watch"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
        # Tests that run in the background may ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_for(lambda: Path("mlp.py").exists())
        Path("mlp.kdsl").write_text("Dense(5, input_dim=3) ->\n")  # an error does not end it
        time.sleep(0.6)
        Path("mlp.kdsl").write_text("Dense(5, input_dim=3)\n")
        wait_for(lambda: "nn.Linear(3, 5)" in Path("mlp.py").read_text())
    finally:
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "error[K" in words
    assert "watching `mlp.kdsl`" in words


def wait_for(condition: object, seconds: float = 20) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


# --------------------------------------------------------------------------------- run


def test_run_trains_and_passes_arguments_on(kgen: Kgen, tmp_path: Path) -> None:
    result = python("-m", "kgen", "run", "mlp.kdsl", "--", "--epochs", "2", "--verbose", "2")
    assert result.returncode == 0, result.stderr
    assert "Epoch 2/2" in result.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "mlp.kdsl", "wrong.kdsl"]


def test_a_kill_reaches_the_script(kgen: Kgen, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "kgen", "run", "mlp.kdsl", "--epochs", "1000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.readline()  # it trains
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM
    process.stdout.close()
    assert not list(tmp_path.glob("kgen-*"))


def test_run_passes_the_status_on(kgen: Kgen) -> None:
    result = python("-m", "kgen", "run", "mlp.kdsl", "--no-such-option")
    assert result.returncode == 2
    assert "--no-such-option" in result.stderr


def test_run_runs_nothing_wrong(kgen: Kgen) -> None:
    assert "error[K302]" in kgen("run", "wrong.kdsl", status=1).stderr


def test_run_says_what_is_missing(kgen: Kgen, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    def nothing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nothing)
    message = kgen("run", "mlp.kdsl", status=1).stderr
    assert message == (
        'error: the script needs packages that this Python lacks: pip install "torch>=2.4" numpy\n'
    )


# ------------------------------------------------------------------------------- check


def test_check_finds_nothing(kgen: Kgen) -> None:
    result = kgen("check", "mlp.kdsl")
    assert result.stdout == "mlp.kdsl: 3 layers, 1,994 parameters, no errors\n"
    assert not Path("mlp.py").exists()


def test_check_lists_the_defaults(kgen: Kgen) -> None:
    text = kgen("check", "-v", "mlp.kdsl").stdout
    assert "default: optimizer: rmsprop" in text
    assert "default: loss: categorical_crossentropy" in text


def test_check_goes_through_all_files(kgen: Kgen) -> None:
    result = kgen("check", "wrong.kdsl", "mlp.kdsl", status=1)
    assert "error[K302]" in result.stdout
    assert "mlp.kdsl: 3 layers" in result.stdout


def test_check_as_json(kgen: Kgen) -> None:
    data = json.loads(kgen("check", "--format", "json", "wrong.kdsl", status=1).stdout)
    assert data["ok"] is False
    (error,) = data["diagnostics"]
    assert (error["code"], error["path"], error["line"]) == ("K302", "wrong.kdsl", 1)
    good = json.loads(kgen("check", "--format", "json", "mlp.kdsl").stdout)
    assert good["ok"] is True
    assert "optimizer: rmsprop" in good["defaults"]["mlp.kdsl"]


def test_colour_only_on_a_terminal(kgen: Kgen, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from kgen.cli.base import colored

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert "\033[" not in kgen("check", "wrong.kdsl", status=1).output
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert colored(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colored(Terminal())
    assert not colored(io.StringIO())


# ---------------------------------------------------------------------- what is no spec


@pytest.mark.parametrize("command", ["build", "check", "run", "summary"])
def test_a_script_of_keras_is_not_a_spec(kgen: Kgen, command: str) -> None:
    Path("net.py").write_text("import keras\n")
    result = kgen(command, "net.py", status=1)
    assert "Python script" in result.output and "model.save" in result.output
    assert Path("net.py").read_text() == "import keras\n"


def test_stdout_and_a_file_exclude_each_other(kgen: Kgen) -> None:
    kgen("build", "mlp.kdsl", "--stdout", "-o", "x.py", status=2)
    assert not Path("x.py").exists()


def test_all_specs_are_checked_though_one_is_missing(kgen: Kgen) -> None:
    result = kgen("check", "missing.kdsl", "wrong.kdsl", "mlp.kdsl", status=1)
    assert "missing.kdsl" in result.output
    assert "K302" in result.output and "no errors" in result.output


@pytest.mark.parametrize("value", ["many", "", "28*28", "[7"])
def test_a_word_for_a_number(kgen: Kgen, value: str) -> None:
    Path("n.kdsl").write_text("units = 4\nDense(units, input_dim=4)\n")
    result = kgen("check", "n.kdsl", "-D", f"units={value}", status=1)
    assert "K104" in result.output and "n.kdsl:1:9" in result.output


def test_a_closed_standard_output(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m kgen layers >&-"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.decode() == "error: there is no standard output to write to\n"
