"""Running a generated script inside the test."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType

import torch


def load(script: str) -> ModuleType:
    """Return the script as a module, `main` not called."""
    module = ModuleType("generated")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(script, module.__name__, "exec", dont_inherit=True), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module


def run_model(module: ModuleType, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the outputs of the script's model for some inputs."""
    torch.manual_seed(0)
    model = module.Model()
    model.eval()
    with torch.inference_mode():
        result = model(*inputs)
    return list(result) if isinstance(result, tuple | list) else [result]
