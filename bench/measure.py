"""Run one command as a process of its own, pinned to one core, and say what it cost."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent

# One core and one thread for everyone, no GPU, and nothing printed that a contender did not mean.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONHASHSEED": "0",
}


class Failed(Exception):
    """The command did not finish; the message is the end of what it printed."""


@dataclass(frozen=True)
class Run:
    """The cost of one process, and of each epoch if it reported any (see clock.py)."""

    wall: float
    cpu: float
    epochs: list[dict[str, float]]

    def steady(self, clock: str) -> float:
        """Seconds per epoch, the first one (imports, compilation) left out."""
        return median(epoch[clock] for epoch in self.epochs[1:])

    def curve(self, metric: str) -> list[float]:
        return [epoch[metric] for epoch in self.epochs]


def last_core() -> int:
    return max(os.sched_getaffinity(0))


def run(command: Sequence[str], core: int, cwd: Path = ROOT) -> Run:
    """The exit status is awaited with wait4, which tells the CPU time of that child alone."""
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            env=environment,
            cwd=cwd,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise Failed(err.read()[-600:].strip() or f"exit status {process.returncode}")
        return Run(wall, usage.ru_utime + usage.ru_stime, epochs(out.read()))


def epochs(output: str) -> list[dict[str, float]]:
    lines = output.strip().splitlines()
    if not lines or not lines[-1].startswith('{"epochs"'):
        return []
    return json.loads(lines[-1])["epochs"]
