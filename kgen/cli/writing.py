"""`fmt`, `new`, `reference` and `completion`: what writes specs, documents and shell code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence

import click

from kgen.cli import files
from kgen.cli.base import (
    cli,
    examples,
    fail,
    force_option,
    guard,
    named,
    plural,
    prepare_parser,
    say,
    show,
    write_stdout,
)


@cli.command(
    epilog=examples(
        "kgen fmt *.kdsl                      rewrite the files in place",
        "kgen fmt --check *.kdsl              only say which would change (status 1)",
        "kgen fmt --diff mlp.kdsl             show what would change",
        "kgen fmt - < mlp.kdsl                print the formatted text",
    )
)
@click.argument(
    "specs",
    nargs=-1,
    required=True,
    type=click.Path(allow_dash=True, readable=False),
    metavar="FILES...",
)
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; 1 if a file would change."
)
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
def fmt(specs: Sequence[str], only_check: bool, diff: bool) -> None:
    """Format FILES and bring old spellings to those of Keras 3."""
    changed = failed = 0
    for spec in specs:
        try:
            text = files.read_text(spec)
        except files.FileProblem as problem:
            say(f"error: {problem}")
            failed += 1
            continue
        new = formatted(spec, text)
        if new is None:
            failed += 1
        elif diff:
            write_stdout(unified(spec, text, new))
            changed += new != text
        elif only_check:
            if new != text:
                click.echo(f"would reformat {named(spec)}")
            changed += new != text
        elif spec == "-":
            write_stdout(new)
        elif new != text:
            files.write(spec, new.encode())
            say(f"formatted {files.shown(spec)}")
            changed += 1
    if not diff and "-" not in specs:
        would = "would change" if only_check else "changed"
        say(f"{plural(changed, 'file')} {would}, {len(specs) - changed - failed} as they were")
    sys.exit(bool(failed or (changed and (only_check or diff))))


def formatted(spec: str, text: str) -> str | None:
    """Return a spec in its canonical layout; None after showing why there is none."""
    from kgen.diagnostics import CompileError
    from kgen.frontends.kdsl.format import format_source
    from kgen.frontends.kdsl.modern import modern
    from kgen.source import Source

    prepare_parser()
    try:
        return format_source(Source(named(spec), text), modern)
    except CompileError as error:
        show(error.source, error.diagnostics, sys.stderr)
        return None


def unified(spec: str, old: str, new: str) -> str:
    """Return a unified diff."""
    import difflib

    name = named(spec)
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


@cli.command(
    epilog=examples(
        "kgen new mlp                         write mlp.kdsl, a classifier of digits",
        "kgen new net --kind image            a convolutional network",
        "kgen new net --kind sequence         a recurrent network",
    )
)
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["table", "image", "sequence"]),
    default="table",
    show_default=True,
    help="What the model reads.",
)
@force_option
def new(name: str, kind: str, force: bool) -> None:
    """Write a first spec, NAME.kdsl: small, commented, and ready to run."""
    from kgen.backends.starter import starter

    path = name if name.endswith(".kdsl") else f"{name}.kdsl"
    if os.path.lexists(path) and not force:
        fail(f"{files.shown(path)} exists; --force overwrites it")
    stem = os.path.basename(path).removesuffix(".kdsl")
    if not stem:
        raise click.UsageError("the name must not be empty")
    files.write(path, starter(stem, kind).encode())
    say(f"wrote {files.shown(path)}; train it with: kgen run {shlex.quote(path)}")


@cli.command(
    epilog=examples(
        "kgen reference                       write the pages below docs/",
        "kgen reference --check               only say whether they are current",
    )
)
@click.argument("folder", type=click.Path(readable=False), default="docs")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; 1 if a page is not current."
)
@force_option
def reference(folder: str, only_check: bool, force: bool) -> None:
    """Write the reference, the index of errors and the table of Keras' names into FOLDER (docs)."""
    from kgen.backends.reference import pages

    stale = False
    for name, text in pages().items():
        path = os.path.join(folder, name)
        if only_check:
            if not os.path.exists(path) or files.read_text(path) != text:
                click.echo(f"{named(path)} is not current")
                stale = True
            continue
        guard(path, "-", force)
        files.write(path, text.encode())
        say(f"wrote {files.shown(path)}")
    sys.exit(stale)


@cli.command(
    epilog=examples(
        "bash:  echo 'eval \"$(kgen completion bash)\"' >> ~/.bashrc",
        "zsh:   echo 'eval \"$(kgen completion zsh)\"' >> ~/.zshrc",
        "fish:  kgen completion fish > ~/.config/fish/completions/kgen.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the code that makes SHELL complete kgen's commands, options and names."""
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None
    write_stdout(completer(cli, {}, "kgen", "_KGEN_COMPLETE").source() + "\n")
