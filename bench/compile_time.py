"""Measure what `kgen build` costs: a small spec as a whole process, and chains of many layers.

    python -m bench.compile_time        some minutes; writes its section of bench/RESULTS.md

The yardstick of the small build is a process that only imports lark, jinja2 and black and formats
the text that kgen wrote: whoever parses, fills templates and formats pays at least that. Processes
run interleaved on one pinned core; the numbers are medians of CPU time. Nothing passes or fails.
"""

import argparse
import compileall
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import report
from bench.measure import ROOT, Run, last_core, run
from bench.tables import markdown, number

SPEC = ROOT / "examples" / "mlp_softmax.kdsl"
YARDSTICK = """
import sys
import lark, jinja2, black
with open(sys.argv[1]) as script:
    black.format_str(script.read(), mode=black.Mode())
"""


def build(spec: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "kgen", "build", str(spec), "-o", str(out), "--force"]


def chain(layers: int, folder: Path) -> Path:
    """A spec of many Dense layers, one a line."""
    lines = ["Dense(8, relu, input_dim=8)", *["  -> Dense(8, relu)"] * (layers - 1)]
    path = folder / f"chain_{layers}.kdsl"
    path.write_text("\n".join(lines) + "\n")
    return path


def interleave(commands: dict[str, Sequence[str]], rounds: int, core: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command, core))
    return runs


def table(runs: dict[str, list[Run]]) -> str:
    rows = []
    for name, each in runs.items():
        cpu, wall = (median(getattr(one, clock) for one in each) for clock in ("cpu", "wall"))
        rows.append([name, number(cpu * 1e3), number(wall * 1e3)])
    return markdown(["ms, whole process", "CPU", "wall"], rows)


def ratio(runs: dict[str, list[Run]], above: str, below: str) -> float:
    return median(one.cpu for one in runs[above]) / median(one.cpu for one in runs[below])


def small(folder: Path, rounds: int, core: int) -> str:
    """One build as a whole process against the yardstick."""
    out = folder / "mlp_softmax.py"
    run(build(SPEC, out), core)  # writes the text to format, and warms the file cache
    kgen, yardstick = f"kgen build {SPEC.name}", "import lark, jinja2, black; format the same text"
    commands = {kgen: build(SPEC, out), yardstick: [sys.executable, "-c", YARDSTICK, str(out)]}
    runs = interleave(commands, rounds, core)
    return f"{table(runs)}\n\nRatio: {ratio(runs, kgen, yardstick):.2f}."


def chains(folder: Path, rounds: int, core: int, layers: int) -> str:
    """Ten times the layers should take about ten times the time."""
    sizes = {f"kgen build, {n:,} layers": n for n in (layers // 10, layers)}
    commands = {
        name: build(chain(n, folder), folder / f"chain_{n}.py") for name, n in sizes.items()
    }
    runs = interleave(commands, rounds, core)
    few, many = sizes
    return f"{table(runs)}\n\nRatio: {ratio(runs, many, few):.1f} for ten times the layers."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--layers", type=int, default=10_000, help="of the longer chain")
    parser.add_argument("--core", type=int, default=last_core(), help="the core everything runs on")
    args = parser.parse_args()
    compileall.compile_dir(ROOT / "kgen", quiet=1)  # as pip does when it installs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [report.machine(), small(folder, args.rounds, args.core)]
        parts.append(chains(folder, max(1, args.rounds // 5), args.core, args.layers))
    report.write("compile", "\n\n".join(parts))


if __name__ == "__main__":
    main()
