"""Everything that a script computes stays on the device it was given.

`meta` stands in for a GPU: its tensors have no values, and refuse to meet those of the CPU as a
GPU's do. What a script reads back (losses and metrics, predictions, weights to save) reads as
ones.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from kgen.verify.generated import load_script
from tests.golden.test_run import FILES, SCRIPTS

READS = ("tolist", "item", "cpu", "__bool__", "__float__", "__int__", "__index__")


@contextlib.contextmanager
def readable(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let tensors of `meta` be read, as ones."""

    def reader(name: str) -> Any:
        read = getattr(torch.Tensor, name)

        def values(tensor: torch.Tensor) -> Any:
            if tensor.is_meta:
                tensor = torch.ones(tensor.shape, dtype=tensor.dtype)
            return read(tensor)

        return values

    with patch.context() as within:
        for name in READS:
            within.setattr(torch.Tensor, name, reader(name))
        embedding = F.embedding
        # Without the arguments after the weights: `meta` has no sparse gradients.
        within.setattr(F, "embedding", lambda x, weight, *_: embedding(x, weight))
        yield


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_stays_on_its_device(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = FILES.get(path.stem, lambda folder: [])(tmp_path)
    script = load_script(path.read_text(encoding="utf-8"), tmp_path)
    monkeypatch.setattr(script, "pick_device", torch.device)
    if hasattr(script, "generate_text"):  # a symbol shows as much as hundreds
        generate_text = script.generate_text
        monkeypatch.setattr(
            script, "generate_text", lambda m, text, v, w, n, t: generate_text(m, text, v, w, 1, t)
        )
    size = [] if path.stem == "stateful_lstm" else ["--batch-size", "500"]
    options = ["--device", "meta", "--epochs", "1", "--verbose", "0", *size, *data]
    monkeypatch.setattr(sys, "argv", [path.name, *options, "--save", "w.safetensors"])
    with readable(monkeypatch):
        script.main()
    assert Path("w.safetensors").exists()


def test_a_tensor_elsewhere_is_noticed() -> None:
    with pytest.raises(RuntimeError, match="device"):
        torch.zeros(2, device="meta") + torch.zeros(2)
