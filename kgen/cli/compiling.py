"""`build`, `run` and `check`: from a spec to a script, to a training run, to a verdict."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kgen.cli import files
from kgen.cli.base import (
    built,
    checked,
    cli,
    define_option,
    examples,
    fail,
    force_option,
    guard,
    out_path,
    plural,
    say,
    show,
    spec_argument,
    write_stdout,
)
from kgen.cli.files import FileProblem

if TYPE_CHECKING:
    from kgen.api import Build, Check


@cli.command(
    epilog=examples(
        "kgen build mlp.kdsl                  write mlp.py",
        "kgen build mlp.kdsl -o train.py      write another file",
        "kgen build mlp.kdsl -D units=256     give the constant `units` another value",
        "kgen build model.keras               of a saved model, with its weights beside it",
        "kgen build mlp.kdsl --watch          write it again whenever the spec changes",
        "echo 'Dense(1, input_dim=4)' | kgen build - --stdout",
    )
)
@spec_argument
@click.option(
    "-o",
    "--output",
    "out",
    type=out_path,
    help="The script; by default the spec's name with .py, in this folder.",
)
@define_option
@force_option
@click.option("--stdout", is_flag=True, help="Print the script, write no file. Same as `-o -`.")
@click.option("--watch", is_flag=True, help="Build again whenever the spec changes.")
@click.option(
    "--weights",
    type=click.Path(readable=False),
    metavar="FILE",
    help="The weights of a saved model, where they lie in a file of their own.",
)
def build(
    spec: str,
    out: str | None,
    define: Sequence[tuple[str, Any]],
    force: bool,
    stdout: bool,
    watch: bool,
    weights: str | None,
) -> None:
    """Compile SPEC to a training script that needs torch and numpy alone.

    SPEC may be a saved Keras model: .keras, .h5, the .json of `to_json`, or a folder. Its weights
    go to a .safetensors file beside the script, which starts from them.
    """
    if stdout or out == "-":
        if out not in (None, "-"):
            raise click.UsageError("--stdout writes no file: leave -o out")
        if watch:
            raise click.UsageError("--watch needs a file to write to")
        write_stdout(script_text(built(spec, define)))
        return
    out = out or script_name(spec)
    if not watch:
        build_once(spec, out, define, force, weights)
        return
    if spec == "-":
        raise click.UsageError("--watch needs a spec file")
    watch_file(spec, lambda: build_once(spec, out, define, force, weights))


def build_once(
    spec: str,
    out: str,
    define: Sequence[tuple[str, Any]],
    force: bool,
    weights: str | None = None,
) -> None:
    """Build a script and write it where that loses nothing."""
    from kgen.cli.saved import build_files, is_saved

    if is_saved(spec):
        build_files(spec, out, define, force, weights)
        return
    if weights is not None:
        raise click.UsageError("--weights belongs to a saved model; a script has its own --weights")
    guard(out, spec, force)
    build = built(spec, define, out)
    script = script_text(build)
    files.write(out, script.encode())
    from kgen.backends.summary import totals

    cost = totals(build.typed)
    say(
        f"wrote {files.shown(out)}: {plural(cost.layers, 'layer')}, {cost.parameters:,} parameters,"
        f" {plural(script.count(chr(10)), 'line')}"
    )


def watch_file(path: str, action: Callable[[], None]) -> NoReturn:
    """Run an action now and after every change of a file, until interrupted."""
    import time

    from kgen.diagnostics import CompileError

    last: object = None
    try:
        while True:
            try:
                stamp = os.stat(path)
                now: object = (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino)
            except OSError:
                now = last or "missing"  # an editor may be replacing it
            if now != last:
                last = now
                try:
                    action()
                except CompileError as error:
                    show(error.source, error.diagnostics, sys.stderr)
                except FileProblem as problem:
                    say(f"error: {problem}")
                except SystemExit:
                    pass  # it has said why
                say(f"watching {files.shown(path)}, Ctrl-C ends")
            time.sleep(0.2)
    except KeyboardInterrupt:
        sys.exit()


def script_text(build: Build) -> str:
    """Return a script with its checksum."""
    from kgen.provenance import seal

    return seal(build.script)


def script_name(spec: str) -> str:
    """Return the default name of a script."""
    if spec == "-":
        return "model.py"
    stem = os.path.splitext(os.path.basename(os.path.normpath(spec)))[0]
    return f"{stem or 'model'}.py"


@cli.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "kgen run mlp.kdsl                    build it and train",
        "kgen run mlp.kdsl -- --epochs 3      what follows -- goes to the script",
        "kgen run mlp.kdsl -- --help          the script's own options",
    ),
)
@spec_argument
@define_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(spec: str, define: Sequence[tuple[str, Any]], arguments: Sequence[str]) -> None:
    """Build SPEC and run the script with this Python. ARGUMENTS go to the script."""
    import signal
    import subprocess
    import tempfile

    from kgen.cli.saved import is_saved, write_files

    with tempfile.TemporaryDirectory(prefix="kgen-") as folder:
        path = os.path.join(folder, script_name(spec))
        if is_saved(spec):
            write_files(spec, path, define, force=True)
        else:
            files.write(path, script_text(built(spec, define)).encode())
        missing = missing_packages(files.read_text(path))
        if missing:
            fail(
                f"the script needs packages that this Python lacks: pip install {' '.join(missing)}"
            )
        sys.stdout.flush()
        process = subprocess.Popen([sys.executable, path, *arguments])
        # Ctrl-C reaches the script by itself, since it shares our terminal; a kill does not.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        status = process.wait()
    sys.exit(status if status >= 0 else 128 - status)


def missing_packages(script: str) -> list[str]:
    """Return the packages that a script declares and this Python does not have."""
    import ast
    from importlib import metadata

    declared = re.search(r"^# dependencies = (\[.*\])$", script, re.MULTILINE)
    missing = []
    for requirement in ast.literal_eval(declared[1]) if declared else ():
        name = re.split(r"[^\w.-]", requirement)[0]
        try:
            metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.append(f'"{requirement}"' if name != requirement else name)
    return missing


@cli.command(
    epilog=examples(
        "kgen check mlp.kdsl                  errors and warnings",
        "kgen check -v mlp.kdsl               and what the spec left to defaults",
        "kgen check --format json *.kdsl      for editors and other tools",
    )
)
@click.argument(
    "specs",
    nargs=-1,
    required=True,
    type=click.Path(allow_dash=True, readable=False),
    metavar="SPEC...",
)
@define_option
@click.option("-v", "--verbose", is_flag=True, help="List the defaults that were taken.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print what was found.",
)
def check(
    specs: Sequence[str], define: Sequence[tuple[str, Any]], verbose: bool, form: str
) -> None:
    """Check each SPEC and write nothing."""
    results, unreadable = [], False
    for spec in specs:
        try:
            results.append(checked(spec, define))
        except FileProblem as problem:
            unreadable = True
            say(f"error: {problem}")
    if form == "json":
        click.echo(check_json(results))
    else:
        for result in results:
            print_check(result, verbose)
    sys.exit(unreadable or any(result.errors for result in results))


def print_check(check: Check, verbose: bool) -> None:
    """Print what checking one spec found."""
    from kgen.backends.summary import totals

    show(check.source, check.diagnostics, sys.stdout)
    if check.errors or check.typed is None:
        return
    cost = totals(check.typed)
    click.echo(
        f"{check.source.path}: {plural(cost.layers, 'layer')},"
        f" {cost.parameters:,} parameters, no errors"
    )
    if verbose:
        for default in check.defaults:
            click.echo(f"  default: {default}")


def check_json(results: Sequence[Check]) -> str:
    """Return what checking found as JSON."""
    import json

    from kgen.report import to_json

    data = {
        "ok": not any(result.errors for result in results),
        "diagnostics": [d for r in results for d in to_json(r.source, r.diagnostics)],
        "defaults": {r.source.path: list(r.defaults) for r in results},
    }
    return json.dumps(data, indent=2)
