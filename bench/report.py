"""RESULTS.md: a section per measurement, each rewritten by its own command."""

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
PACKAGES = ("torch", "keras", "jax", "tensorflow")
TITLES = {
    "train": ("Training", "python -m bench.train"),
    "compile": ("Compiling", "python -m bench.compile_time"),
}


def processor() -> str:
    """The CPU's model, as Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*: (.+)", text)
    return found.group(1) if found else platform.machine()


def installed(package: str) -> str | None:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None


def machine() -> str:
    packages = [text for text in map(installed, PACKAGES) if text]
    parts = [f"Python {platform.python_version()}", *packages]
    return f"One core of: {processor()}. {', '.join(parts)}."


def write(section: str, text: str) -> None:
    """Replace one section of RESULTS.md and keep the others."""
    sections = read()
    title, command = TITLES[section]
    sections[section] = f"## {title}\n\n`{command}`\n\n{text}\n"
    body = [f"<!-- {name} -->\n{sections[name]}" for name in TITLES if name in sections]
    intro = "# Measurements\n\nWhat is measured, and how: see README.md here.\n"
    RESULTS.write_text("\n".join([intro, *body]))
    print(text)


def read() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    parts = re.split(r"^<!-- (\w+) -->\n", RESULTS.read_text(), flags=re.MULTILINE)
    return {
        name: text.rstrip("\n") + "\n" for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }
