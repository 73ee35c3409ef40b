"""Every snippet and command of the documents works, and shows what it really prints.

The blocks of one document are a session in one folder, in the order of the text:

- ```kdsl is compiled. A first line such as `# mlp.kdsl: ...` also writes it to that file.
- ```console holds commands (`$ ...`) and what they print, with ... for lines left out.
- ```python is an excerpt of a script that was built, a class or a function. With a first line
  such as `# old.py: ...` it is a program of its own, written to that file.
- ```diff adds lines that the named file holds.

`pytest --update` rewrites excerpts, and the output of commands that is shown in full.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kgen.api import build_text

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/guide.md")

# Commands that prepare a machine: the Makefile's targets are checked, nothing is run.
PREPARES = ("git clone", "cd ", "pip install", "make ")


@dataclass
class Block:
    """A fenced block: its language, its text, and where the text starts in the document."""

    language: str
    text: str
    start: int


def blocks(document: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", document, re.DOTALL | re.MULTILINE):
        yield Block(found[1], found[2], found.start(2))


@dataclass
class Session:
    """What reading a document from its start has made so far."""

    folder: Path
    script: str = ""

    def kdsl(self, text: str) -> None:
        """Compile a spec, and write it to the file it names."""
        named = re.match(r"# ([\w-]+\.kdsl)\b", text)
        name = named[1] if named else "snippet.kdsl"
        self.script = build_text(text, name).script
        if named:
            (self.folder / name).write_text(text)

    def run(self, command: str) -> str:
        """Run a command and return what it prints."""
        if command.startswith(PREPARES):
            if command.startswith("make "):
                target = command.split()[1]
                assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
            return ""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "OMP_NUM_THREADS": "1",
            "KERAS_BACKEND": "torch",
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "PATH": f"{self.programs()}{os.pathsep}{os.environ['PATH']}",
        }
        result = subprocess.run(
            command, shell=True, cwd=self.folder, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        # A carriage return goes back to the start of the line, as on a terminal.
        output = re.sub(r"[^\n]*\r(?!\n)", "", result.stdout.decode())
        assert "Traceback" not in output, output
        return output

    def programs(self) -> Path:
        """Return a folder with the `kgen` and `python` of the tests."""
        folder = self.folder / ".bin"
        if not folder.exists():
            folder.mkdir()
            interpreter = shlex.quote(sys.executable)
            for name, program in (("kgen", f"{interpreter} -m kgen"), ("python", interpreter)):
                path = folder / name
                path.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
                path.chmod(0o755)
        return folder


def commands(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield each command of a console block, what it shows, and where that starts."""
    for found in re.finditer(r"^\$ (.*\n)((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        yield found[1].strip(), found[2], found.start(2)


def matches(shown: str, real: str) -> bool:
    """Return whether a text is another with lines, or parts of lines, left out at `...`."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*")
        for line in shown.splitlines(keepends=True)
    )
    return re.fullmatch(pattern, real) is not None


def timeless(text: str) -> str:
    """Return a text without what differs from run to run: seconds, and errors of rounding."""
    text = re.sub(r"\d+(s|ms/step)\b", r"0\1", text)
    return re.sub(r" +(?:0|\de-\d\d)(?= |$)", " 0", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document(name: str, tmp_path: Path, update: bool) -> None:
    path = ROOT / name
    document = path.read_text(encoding="utf-8")
    session = Session(tmp_path)
    changes: list[tuple[int, str, str]] = []
    for block in blocks(document):
        line = f"{name}:{document.count(chr(10), 0, block.start)}"
        if block.language == "kdsl":
            session.kdsl(block.text)
        elif named := re.match(r"# ([\w-]+\.py)\b", block.text):
            (tmp_path / named[1]).write_text(block.text)
        elif block.language == "python":
            real = "".join(p.read_text() for p in tmp_path.glob("*.py")) + session.script
            if matches(f"...\n{block.text}...\n", real):
                continue
            if update and (now := definition(block.text.partition("\n")[0], real)):
                changes.append((block.start, block.text, now))
                continue
            pytest.fail(f"{line}: no script holds this excerpt; pytest --update rewrites it")
        elif block.language == "diff":
            check_diff(block.text, line)
        elif block.language == "console":
            for command, shown, start in commands(block.text):
                real = session.run(command)
                if not shown.strip() or matches(timeless(shown), timeless(real)):
                    continue
                if update and "..." not in shown:
                    changes.append((block.start + start, shown, real))
                    continue
                pytest.fail(f"{line}: `{command}` prints\n{real}\nand not\n{shown}")
    for start, old, new in reversed(changes):
        document = document[:start] + new + document[start + len(old) :]
    if changes:
        path.write_text(document, encoding="utf-8")


def definition(first_line: str, script: str) -> str:
    """Return the function or class of a script that begins with a line, "" where none does."""
    found = re.search(rf"^{re.escape(first_line)}\n(?:(?:[ )].*)?\n)*", script, re.MULTILINE)
    return found[0].rstrip() + "\n" if found else ""


def check_diff(text: str, line: str) -> None:
    """Check that the added lines of a diff stand in the files that it names."""
    for part in re.split(r"^(?=--- )", text, flags=re.MULTILINE)[1:]:
        target = re.search(r"^\+\+\+ b/(.*)$", part, re.MULTILINE)
        assert target is not None, line
        content = (ROOT / target[1]).read_text(encoding="utf-8")
        hunks = re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]
        assert hunks, line
        for hunk in hunks:
            added = "".join(
                row[1:] for row in hunk.splitlines(keepends=True) if not row.startswith("-")
            )
            assert added in content, f"{line}: {target[1]} does not hold\n{added}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    path = ROOT / name
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not link.startswith(("http:", "https:")):
            assert (path.parent / link).exists(), f"{name} links to {link}"


def test_documents_name_every_command() -> None:
    from kgen.cli import cli

    guide = (ROOT / "docs" / "guide.md").read_text()
    for command in cli.commands:
        assert f"kgen {command}" in guide, command


def test_matching_leaves_lines_out() -> None:
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert matches("...\n", "")
    assert not matches("a\n...\nd\n", "a\nb\nc\n")


def test_the_speed_table_is_the_measured_one(update: bool) -> None:
    results = (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    found = re.search(r"^### How much faster.*?\n\n(\|.*?)\n\n", results, re.DOTALL | re.MULTILINE)
    assert found is not None
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    expected = f"<!-- speed -->\n{found[1]}\n<!-- /speed -->"
    pattern = r"<!-- speed -->\n.*?<!-- /speed -->"
    if update:
        readme = re.sub(pattern, lambda _: expected, readme, count=1, flags=re.DOTALL)
        path.write_text(readme, encoding="utf-8")
    assert expected in readme, "README.md has another table than bench/RESULTS.md: pytest --update"
