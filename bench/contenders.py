"""Who takes part: a name, and the command that trains a workload."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Run, last_core, run
from bench.workloads import WORKLOADS

SPECS = Path(__file__).resolve().parent / "specs"
Command = Callable[[str, Path, int], list[str]]


@dataclass(frozen=True)
class Contender:
    """`command(workload, folder, seed)`; the folder holds `<workload>.npz`, and kgen's `.py`."""

    name: str
    title: str
    command: Command


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def script(workload: str, folder: Path, seed: int) -> list[str]:
    options = ["--data", f"{workload}.npz", "--seed", str(seed), "--verbose", "2"]
    options += ["--epochs", str(WORKLOADS[workload].epochs)]
    return python("bench.script_run", str(folder / f"{workload}.py"), *options)


def dataloader(workload: str, folder: Path, seed: int) -> list[str]:
    return python("bench.dataloader_loop", workload, f"{workload}.npz", "--seed", str(seed))


def keras(backend: str, *options: str) -> Command:
    def command(workload: str, folder: Path, seed: int) -> list[str]:
        arguments = [workload, f"{workload}.npz", "--backend", backend, "--seed", str(seed)]
        return python("bench.keras_fit", *arguments, *options)

    return command


# Keras on torch refuses steps_per_execution.
CONTENDERS = {
    c.name: c
    for c in (
        Contender("kgen", "kgen", script),
        Contender("dataloader", "DataLoader loop", dataloader),
        Contender("keras-torch", "Keras torch", keras("torch")),
        Contender("keras-jax", "Keras JAX", keras("jax")),
        Contender("keras-tf", "Keras TF", keras("tensorflow")),
        Contender("keras-jax-32", "JAX, 32 steps", keras("jax", "--steps-per-execution", "32")),
        Contender(
            "keras-tf-32", "TF, 32 steps", keras("tensorflow", "--steps-per-execution", "32")
        ),
    )
}
BACKENDS = ("keras-torch", "keras-jax", "keras-tf")  # Keras at its defaults


def build(workload: str, folder: Path) -> Run:
    """Write the generated script for a workload next to its data."""
    spec, out = str(SPECS / f"{workload}.kdsl"), str(folder / f"{workload}.py")
    return run(python("kgen", "build", spec, "-o", out, "--force"), last_core(), cwd=folder)
