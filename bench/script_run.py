"""Run a generated script in this process, and read the clock at every epoch line it prints.

    python -m bench.script_run w1.py --data w1.npz --verbose 2

The script runs unchanged, as `__main__`, with the arguments that follow its name. An epoch line is
one with `loss: 1.2345` and `accuracy: 0.6789` in it. The last line of the output is JSON, as
for the other contenders (see clock.py).
"""

import re
import runpy
import sys
from typing import TextIO

from bench.clock import Clock

METRIC = re.compile(r"\b(loss|accuracy)\b[:=]? +([-+.\deE]+)")


class EpochLines:
    """Standard output that passes everything on, and laps the clock at each epoch's line."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self.stream, self.clock, self.line = stream, clock, ""

    def write(self, text: str) -> int:
        *complete, self.line = (self.line + text).split("\n")
        for line in complete:
            metrics = {name: float(value) for name, value in METRIC.findall(line)}
            if "loss" in metrics and "accuracy" in metrics:
                self.clock.lap(metrics["loss"], metrics["accuracy"])
        return self.stream.write(text)

    def __getattr__(self, name: str):
        return getattr(self.stream, name)


def main() -> None:
    script, *arguments = sys.argv[1:]
    clock = Clock()
    sys.argv = [script, *arguments]
    stream = sys.stdout
    sys.stdout = EpochLines(stream, clock)  # type: ignore[assignment]
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        sys.stdout = stream
    clock.report()


if __name__ == "__main__":
    main()
