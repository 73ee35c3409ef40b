"""Keras' saved models on the command line: how `build` takes them, `weights` and `convert`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from kgen.cli import files
from kgen.cli.base import (
    cli,
    examples,
    fail,
    force_option,
    guard,
    named,
    out_path,
    plural,
    say,
    show,
    write_stdout,
)
from kgen.cli.files import FileProblem

if TYPE_CHECKING:
    from kgen.api import Build, Check
    from kgen.frontends.keras.container import Saved
    from kgen.saved import Loaded

LIMIT = 64 << 30  # bytes: a file larger than this is no model that fits in memory
BESIDE = ("{}.weights.h5", "{}_weights.h5", "{}.h5", "{}.hdf5")  # weights of a `{}.json`


def is_saved(path: str) -> bool:
    """Return whether a path is a saved model and no spec, by what is in it."""
    from kgen.frontends.keras.container import is_foreign, sniff

    if path == "-":
        return False
    if os.path.isdir(path):
        return not path.endswith(".kdsl")
    if path.endswith((".keras", ".h5", ".hdf5")) or is_foreign(os.path.basename(path)):
        return True
    try:
        with open(path, "rb") as file:
            kind = sniff(file.read(64))
    except OSError:
        return False
    return kind in ("keras", "hdf5") or (kind == "json" and path.endswith(".json"))


def read_file(path: str) -> bytes:
    """Return the bytes of a file that may be large."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > LIMIT:
                raise FileProblem(f"{files.shown(path)} is larger than {LIMIT >> 30} GiB")
            return file.read()
    except OSError as error:
        raise FileProblem(f"cannot read {files.shown(path)}: {files.reason(error)}") from None


def open_path(path: str) -> Saved:
    """Return the saved model in a file or folder."""
    from kgen.frontends.keras.container import open_folder, open_saved

    if not os.path.isdir(path):
        return open_saved(named(path), read_file(path))
    names = sorted(n for n in os.listdir(path) if os.path.isfile(os.path.join(path, n)))
    return open_folder(named(path), lambda name: read_file(os.path.join(path, name)), names)


def weights_for(path: str, saved: Saved, given: str | None) -> Saved | None:
    """Return where a model's weights are: as given, in its own file, or beside a `.json`."""
    if given is not None:
        return open_path(given)
    if saved.weights:
        return saved
    stem, ending = os.path.splitext(path)
    beside = [name.format(stem) for name in BESIDE if os.path.isfile(name.format(stem))]
    if ending != ".json" or not beside:
        return None
    say(f"weights: {files.shown(beside[0])}")
    return open_path(beside[0])


def loaded(
    path: str,
    define: Iterable[tuple[str, Any]] = (),
    saved: Saved | None = None,
    weights: Saved | None = None,
) -> Loaded:
    """Return the checked model of a file.

    Args:
        path: The file.
        define: Constants, of which it has none.
        saved: What is in the file, where it is open already.
        weights: The weights, where they lie in another file.
    """
    from kgen.saved import load

    for name, _ in define:
        fail(f"`-D {name}=...`: a saved model has no constants; `kgen convert` makes a spec of it")
    return load(saved or open_path(path), weights)


def checked_saved(path: str, define: Iterable[tuple[str, Any]]) -> Check:
    """Return the checked model of a file."""
    return loaded(path, define).check


def built_saved(
    path: str,
    define: Iterable[tuple[str, Any]],
    out: str,
    weights: str | None = None,
    default: str = "",
) -> tuple[Build, bytes | None]:
    """Return the script of a saved model and its weights, after its warnings.

    Args:
        path: The model.
        define: Constants, of which it has none.
        out: What the script's docstring calls the script.
        weights: Where its weights are; in the model's own file by default.
        default: The file that the script loads them from; "" to leave them out.
    """
    from kgen.saved import build_saved

    saved = open_path(path)
    where = weights_for(path, saved, weights) if default else None
    model = loaded(path, define, saved, where)
    build, state = build_saved(model, where, os.path.basename(out), default)
    show(model.check.source, build.diagnostics, sys.stderr)
    return build, state


def build_files(
    path: str,
    out: str,
    define: Iterable[tuple[str, Any]],
    force: bool,
    weights: str | None = None,
) -> None:
    """Write the script of a saved model, and its weights beside it, and say so."""
    from kgen.backends.summary import totals

    build, beside = write_files(path, out, define, force, weights)
    cost = totals(build.typed)
    say(
        f"wrote {files.shown(out)}: {plural(cost.layers, 'layer')}, {cost.parameters:,} parameters,"
        f" {plural(build.script.count(chr(10)) + 2, 'line')}"
    )
    if beside:
        say(f"wrote {files.shown(beside)}: the weights, which the script starts from")


def write_files(
    path: str,
    out: str,
    define: Iterable[tuple[str, Any]],
    force: bool,
    weights: str | None = None,
) -> tuple[Build, str]:
    """Write a script and the weights beside it; return the build and where the weights are."""
    from kgen.provenance import seal

    beside = f"{os.path.splitext(out)[0]}.safetensors"
    guard(out, path if os.path.isfile(path) else "-", force)
    build, state = built_saved(path, define, out, weights, os.path.basename(beside))
    if state is None:
        files.write(out, seal(build.script).encode())
        return build, ""
    guard_weights(beside, force)
    before = os.path.exists(beside)
    files.write(beside, state)
    try:
        files.write(out, seal(build.script).encode())
    except BaseException:
        if not before:
            with suppress(OSError):
                os.unlink(beside)
        raise
    return build, beside


def guard_weights(path: str, force: bool) -> None:
    """Fail if a file of weights would be lost that was not converted by kgen."""
    from kgen.safetensors import is_converted

    if force or not os.path.exists(path) or not os.path.getsize(path):
        return
    if not os.path.isfile(path) or not is_converted(read_file(path)):
        fail(f"{files.shown(path)} may hold trained weights; --force overwrites it")


@cli.command(
    epilog=examples(
        "kgen weights model.keras                       write model.safetensors",
        "kgen weights model.h5 -o start.safetensors     write another file",
        "kgen weights w.weights.h5 --like model.json    weights alone, and what they are for",
        "kgen weights trained.safetensors --like model.keras -o trained.weights.h5",
        "                                               the way back: for model.load_weights",
    )
)
@click.argument("source", type=click.Path(readable=False))
@click.option("-o", "--output", "out", type=click.Path(readable=False), help="The file to write.")
@click.option(
    "--like",
    type=click.Path(readable=False),
    metavar="MODEL",
    help="The saved model that the weights are for.",
)
@force_option
def weights(source: str, out: str | None, like: str | None, force: bool) -> None:
    """Convert weights: from Keras' SOURCE to safetensors, and back with --like MODEL."""
    from kgen.api import build_checked
    from kgen.safetensors import write
    from kgen.saved import arrays, state, to_keras

    stem = os.path.splitext(os.path.basename(os.path.normpath(source)))[0]
    stem = stem.removesuffix(".weights")
    if not is_saved(source):
        if like is None:
            fail(f"say what {files.shown(source)} is for: --like model.keras")
        out = out or f"{stem}.weights.h5"
        guard_output(out, (source, like), force)
        file = open_path(like)
        model = loaded(like, (), file, weights_for(like, file, None))
        files.write(out, to_keras(model, read_file(source), named(source), os.path.basename(out)))
    else:
        out = out or f"{stem}.safetensors"
        if not out.endswith(".safetensors"):
            fail(f"{files.shown(out)} must end in .safetensors")
        given = open_path(source)
        where = given if like is not None else weights_for(source, given, None)
        model = loaded(like or source, (), None if like is not None else given, where)
        if where is None:
            fail(f"{files.shown(source)} holds no weights")
        found = arrays(model, where)
        guard_output(out, (source, like), force)
        files.write(out, write(state(model, build_checked(model.check), found, where)))
    say(f"wrote {files.shown(out)}")


def guard_output(out: str, others: Iterable[str | None], force: bool) -> None:
    """Fail if writing would lose weights: what is read from, or what kgen did not convert."""
    for other in others:
        if other is not None and os.path.exists(out) and os.path.samefile(out, other):
            fail(f"{files.shown(out)} is read from: choose another name with -o")
    guard_weights(out, force)


@cli.command(
    epilog=examples(
        "kgen convert model.keras                  print the model in kgen's language",
        "kgen convert model.keras -o model.kdsl    write it to a file",
    )
)
@click.argument("source", type=click.Path(readable=False))
@click.option("-o", "--output", "out", type=out_path, help="The spec; printed by default.")
@force_option
def convert(source: str, out: str | None, force: bool) -> None:
    """Print the saved model SOURCE in kgen's language, as a person would have written it."""
    from kgen.backends.kdsl import spec_text

    model = loaded(source)
    show(model.check.source, model.check.diagnostics, sys.stderr)
    if model.check.errors or model.check.typed is None:
        sys.exit(1)
    text = spec_text(model.check.typed.model)
    if out is None or out == "-":
        write_stdout(text)
        return
    if not force and os.path.exists(out) and os.path.getsize(out):
        fail(f"{files.shown(out)} exists; --force overwrites it")
    files.write(out, text.encode())
    say(f"wrote {files.shown(out)}; compile it with: kgen build {out}")
