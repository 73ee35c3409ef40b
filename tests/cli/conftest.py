"""`kgen`: a command, run in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kgen.cli import cli

MLP = "Dense(64, relu, input_dim=20) -> Dropout(0.5) -> Dense(10, softmax)\n"
WRONG = "Dense(64, relu, input_dim=20) -> Conv2D(8, 3)\n"

Kgen = Callable[..., Result]


@pytest.fixture
def kgen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kgen:
    """Return a function that runs a command in a folder with `mlp.kdsl` and `wrong.kdsl`.

    What the command leaves as an exception is raised here: a user would see a traceback.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("mlp.kdsl").write_text(MLP)
    Path("wrong.kdsl").write_text(WRONG)

    def run(*args: str, status: int = 0, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(cli, args, input=stdin, prog_name="kgen")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run
