"""The command line: the only place that reads files, writes files or prints.

Every command imports what it needs when it runs: `kgen build` imports neither torch nor numpy.
"""

from __future__ import annotations

import sys

from kgen.cli import compiling, describing, saved, verifying, writing
from kgen.cli.base import cli

__all__ = ["cli", "compiling", "describing", "main", "saved", "verifying", "writing"]


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="kgen")
