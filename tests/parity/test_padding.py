"""Queries that may look nowhere: their gradient, too, is that of TensorFlow and JAX.

Keras' torch backend returns the same for them and sends another gradient back, so this is
compared with the formula that the other two compute.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.parity.oracle import torch
from tests.parity.row import Row
from tests.parity.test_layers import make_pair

SPECS = [
    "Input(6, 5) -> MultiHeadAttention(2, 3)",
    "Input(6, 5) -> MultiHeadAttention(2, 3, 4, use_gate=True)",
    "Input(6, 5) -> GroupQueryAttention(3, 4, 2)",
]


def by_formula(attention: Any, x: Any, mask: Any) -> Any:
    """Return attention of `x` to itself where scores are replaced, as TensorFlow and JAX do."""
    q, k, v = (
        attention.split(part(x)) for part in (attention.query, attention.key, attention.value)
    )
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    scores = torch.where(mask[:, None], scores, torch.finfo(x.dtype).min * 0.7)
    y = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
    return attention.output(y * attention.gate(x) if hasattr(attention, "gate") else y)


@pytest.mark.parametrize("spec", SPECS)
def test_gradients_of_padding(spec: str, tmp_path: Path) -> None:
    (attention,) = make_pair(Row(spec), tmp_path).ours.children()
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(4, 6, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    steps = torch.arange(6) < torch.tensor([6, 4, 1, 0])[:, None]
    mask = steps[:, :, None] & steps[:, None, :]
    weights = torch.randn(4, 6, 5, dtype=torch.float64, generator=generator)
    wanted = [x, *attention.parameters()]
    outputs = attention(x, x, x, mask=mask), by_formula(attention, x, mask)
    torch.testing.assert_close(*outputs, rtol=1e-12, atol=1e-12)
    found, expected = (torch.autograd.grad((y * weights).sum(), wanted) for y in outputs)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
