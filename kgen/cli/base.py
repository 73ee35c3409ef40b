"""What the commands share: options, messages, how errors end a command."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

import click

from kgen.cli import files
from kgen.cli.files import FileProblem
from kgen.version import VERSION

if TYPE_CHECKING:
    from kgen.api import Build, Check
    from kgen.diagnostics import Diagnostic
    from kgen.ir.model import TypedModel
    from kgen.source import Source

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """A group that turns what is wrong with a spec or a file into a message and status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        from kgen.diagnostics import CompileError

        try:
            return super().invoke(ctx)
        except FileProblem as problem:
            fail(str(problem))
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output has gone: click's business
                raise
            fail(files.reason(error))
        except CompileError as error:
            show(error.source, error.diagnostics, sys.stderr)
            sys.exit(1)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from kgen.diagnostics import did_you_mean

        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.list_commands(ctx))
            spec = "" if hint or "." not in args[0] else f"; `kgen build {args[0]}` compiles it"
            ctx.fail(f"no such command {args[0]!r}{'; ' * bool(hint)}{hint}{spec}")
        return super().resolve_command(ctx, args)


class Define(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """`name=value`: a constant of the spec. A value that is no literal is a bare word."""

    name = "name=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Any]:
        import ast

        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name.strip(), re.ASCII):
            self.fail(f"{value!r} is not of the form name=value", param, ctx)
        text = text.strip()
        words = {"true": True, "false": False, "none": None}
        try:
            constant = words[text] if text in words else ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            constant = text
        return name.strip(), constant


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with status 1."""
    say(f"error: {message}")
    sys.exit(1)


def say(message: str) -> None:
    """Print words about the progress, which are no result."""
    click.echo(message, err=True)


def colored(stream: TextIO) -> bool:
    """Return whether to print in colour: to a terminal, unless NO_COLOR is set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and stream is not None and stream.isatty()


def show(source: Source, diagnostics: Sequence[Diagnostic], stream: TextIO) -> None:
    """Print diagnostics."""
    from kgen.report import render_all

    if diagnostics:
        text = render_all(source, diagnostics, colored(stream))
        click.echo(text, file=stream, nl=False, color=colored(stream))


def named(path: str) -> str:
    """Return the name that a spec is shown under."""
    return "<stdin>" if path == "-" else os.fsencode(path).decode("utf-8", "replace")


def prepare_parser() -> None:
    """Let the parser keep its tables in the user's cache folder, where there is one."""
    folder = files.cache_folder()
    if folder:
        from kgen.frontends.kdsl.parse import keep_tables

        keep_tables(os.path.join(folder, f"grammar-{VERSION}.tables"))


def refuse_python(path: str) -> None:
    """Fail on a Keras script, which Python runs and kgen does not."""
    if path.lower().endswith(".py"):
        raise FileProblem(
            f"{files.shown(path)} is a Python script, not a spec: let Python run it as far as "
            '`model.save("model.keras")`, and give kgen that file'
        )


def checked(spec: str, define: Iterable[tuple[str, Any]]) -> Check:
    """Return the checked spec."""
    from kgen.api import check_text
    from kgen.cli.saved import checked_saved, is_saved

    if is_saved(spec):
        return checked_saved(spec, define)
    refuse_python(spec)
    prepare_parser()
    return check_text(files.read_text(spec), named(spec), dict(define))


def typed_model(spec: str, define: Iterable[tuple[str, Any]]) -> TypedModel:
    """Return the model of a spec, after its warnings; errors end the command."""
    check = checked(spec, define)
    show(check.source, check.diagnostics, sys.stderr)
    if check.errors or check.typed is None:
        sys.exit(1)
    return check.typed


def built(spec: str, define: Iterable[tuple[str, Any]], out: str = "") -> Build:
    """Return the script of a spec, to be written to `out`, after its warnings."""
    from kgen.api import build_text
    from kgen.cli.saved import built_saved, is_saved
    from kgen.source import Source

    if is_saved(spec):
        return built_saved(spec, define, out)[0]
    refuse_python(spec)
    prepare_parser()
    text = files.read_text(spec)
    build = build_text(text, named(spec), dict(define), os.path.basename(out))
    show(Source(named(spec), text), build.diagnostics, sys.stderr)
    return build


def guard(out: str, spec: str, force: bool) -> None:
    """Fail if writing to a file would lose what a person wrote."""
    from kgen.provenance import MARK, state

    refuse_python(spec)
    if spec != "-" and os.path.exists(out) and os.path.samefile(out, spec):
        fail(f"{files.shown(out)} is the specification itself: choose another name with -o")
    if force or not os.path.isfile(out):
        return
    data = files.read_bytes(out)
    if not data:
        return
    found = state(data.decode("utf-8", "replace"))
    if found == "edited":
        fail(f"{files.shown(out)} was edited since kgen wrote it; --force overwrites it")
    if found == "foreign" and MARK.encode() not in data:
        fail(f"{files.shown(out)} was not made by kgen; --force overwrites it")


def plural(number: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def write_stdout(text: str) -> None:
    """Print a text as UTF-8 with plain line ends, whatever the terminal's encoding."""
    write_stdout_bytes(text.encode("utf-8", "backslashreplace"))


def write_stdout_bytes(data: bytes) -> None:
    """Print bytes."""
    if sys.stdout is None:
        raise FileProblem("there is no standard output to write to")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


spec_argument = click.argument("spec", type=click.Path(allow_dash=True, readable=False))
out_path = click.Path(allow_dash=True, readable=False)


def define_option(command: F) -> F:
    """Add `-D name=value` to a command."""
    return click.option(
        "-D",
        "--define",
        "define",
        type=Define(),
        multiple=True,
        metavar="NAME=VALUE",
        help="Give a constant of the spec another value. May be repeated.",
    )(command)


def force_option(command: F) -> F:
    """Add `--force` to a command."""
    return click.option(
        "--force", is_flag=True, help="Overwrite a file that was edited or is not kgen's."
    )(command)


def examples(*lines: str) -> str:
    """Return the examples at the end of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog=examples(
        "kgen new mlp              write a first spec, mlp.kdsl",
        "kgen run mlp.kdsl         train it",
        "kgen build mlp.kdsl       write the training script, mlp.py",
    ),
)
@click.version_option(VERSION, message="kgen %(version)s")
def cli() -> None:
    """Compile Keras-style model specifications to standalone PyTorch training scripts.

    SPEC is a .kdsl file, or `-` for the standard input. The exit status is 0, 1 when a spec or a
    file is wrong, or 2 when the command line is.
    """
