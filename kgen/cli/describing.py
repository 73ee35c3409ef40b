"""`summary`, `plot`, `explain` and `layers`: what a model, an error or a layer is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from kgen.cli import files
from kgen.cli.base import (
    cli,
    define_option,
    examples,
    fail,
    force_option,
    guard,
    out_path,
    say,
    spec_argument,
    typed_model,
    write_stdout,
    write_stdout_bytes,
)


@cli.command(
    epilog=examples(
        "kgen summary mlp.kdsl                the table of layers, as Keras prints it",
        "kgen summary resnet.kdsl --depth 0   with its blocks closed",
    )
)
@spec_argument
@define_option
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    metavar="N",
    help="How far blocks and inner models are opened; all by default.",
)
def summary(spec: str, define: Sequence[tuple[str, Any]], depth: int | None) -> None:
    """Print the layers of SPEC, their shapes and parameters, and what they cost."""
    from kgen.backends.summary import summary as table

    typed = typed_model(spec, define)
    click.echo(table(typed, depth=depth, ascii_only=not prints("━")), nl=False)


def prints(character: str) -> bool:
    """Return whether the standard output can show a character."""
    try:
        character.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@cli.command(
    epilog=examples(
        "kgen plot mlp.kdsl -o mlp.svg        draw with Graphviz",
        "kgen plot mlp.kdsl -o mlp.mmd        a Mermaid flowchart, for a Markdown file",
        "kgen plot mlp.kdsl -o - --format dot print Graphviz' language",
    )
)
@spec_argument
@click.option(
    "-o",
    "--output",
    "out",
    type=out_path,
    required=True,
    help="The picture: .svg, .png, .dot or .mmd (Mermaid); - prints it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["svg", "png", "dot", "mmd"]),
    help="The format, where the name of the file does not tell.",
)
@define_option
@force_option
def plot(
    spec: str, out: str, form: str | None, define: Sequence[tuple[str, Any]], force: bool
) -> None:
    """Draw the graph of SPEC."""
    from kgen.backends.plot import FORMATS, CannotDraw, picture, to_dot, to_mermaid

    form = form or os.path.splitext(out)[1].removeprefix(".").lower()
    if form not in FORMATS:
        raise click.UsageError(
            f"the name of the picture must end in {', '.join('.' + f for f in FORMATS)},"
            " or --format tell what it is"
        )
    if out != "-":
        guard(out, spec, force)
    typed = typed_model(spec, define)
    text = to_mermaid(typed) if form == "mmd" else to_dot(typed)
    try:
        data = picture(text, form) if form in ("svg", "png") else text.encode()
    except CannotDraw as problem:
        fail(str(problem))
    if out == "-":
        write_stdout_bytes(data)
        return
    files.write(out, data)
    say(f"wrote {files.shown(out)}")


def complete_codes(ctx: click.Context, param: click.Parameter, start: str) -> list[str]:
    """Return the error codes that begin so, for the shell."""
    from kgen.codes import CODES

    return [code for code in CODES if code.startswith(start.upper())]


@cli.command(
    epilog=examples(
        "kgen explain K302                    what the error means, and how to mend it",
        "kgen explain                         all codes",
    )
)
@click.argument("code", required=False, shell_complete=complete_codes)
def explain(code: str | None) -> None:
    """Explain the error CODE, or list all codes."""
    from kgen.codes import CODES, listing
    from kgen.diagnostics import did_you_mean

    if code is None:
        write_stdout(listing())
        return
    code = code.strip().strip("[]").upper()
    if code not in CODES:
        hint = did_you_mean(code, CODES)
        raise click.UsageError(
            f"no error has the code {code!r}; {hint or '`kgen explain` lists them'}"
        )
    write_stdout(CODES[code].page.rstrip("\n") + "\n")


def complete_entries(ctx: click.Context, param: click.Parameter, start: str) -> list[str]:
    """Return the names of the catalogue that begin so, for the shell."""
    from kgen.backends.reference import entry_names

    return [name for name in entry_names() if name.lower().startswith(start.lower())]


@cli.command(
    epilog=examples(
        "kgen layers                          everything that a spec can name",
        "kgen layers Conv2D                   its parameters, in Keras' order",
        "kgen layers adam                     losses, optimizers, ... have a page too",
    )
)
@click.argument("name", required=False, shell_complete=complete_entries)
def layers(name: str | None) -> None:
    """List the layers (losses, optimizers, ...), or describe the one of that NAME."""
    from kgen.backends.reference import catalogue_text, describe, entry_names, find
    from kgen.diagnostics import did_you_mean

    if name is None:
        write_stdout(catalogue_text())
        return
    entries = find(name)
    if not entries:
        hint = did_you_mean(name, entry_names())
        raise click.UsageError(f"kgen knows no {name!r}; {hint or '`kgen layers` lists all'}")
    write_stdout("\n".join(describe(entry) for entry in entries))
