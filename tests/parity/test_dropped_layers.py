"""Layers that Keras 3 dropped, against what Keras 1 and 2 say that they compute."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text

from .oracle import load_script


class Made:
    """A layer's generated model with random weights, and these in Keras' arrangement."""

    def __init__(self, spec: str, folder: Path) -> None:
        rng = np.random.default_rng(0)
        built = build_text(f"{spec}\ncompile(loss=mse)")
        self.model = load_script(built.script, folder).Model().double()
        state = dict(self.model.named_parameters())
        self.weights: dict[str, Any] = {}
        for placed in built.weights:
            array = rng.normal(size=placed.weight.shape)
            self.weights[placed.weight.name] = array
            tensor = state.pop(placed.paths[0])
            arranged = placed.weight.layout.to_torch(array)
            tensor.data.copy_(torch.from_numpy(np.ascontiguousarray(arranged)))
            assert placed.weight.layout.to_keras(arranged, array.shape) == pytest.approx(array)
        assert not state
        self.x = rng.normal(size=(3, *built.typed.graph.input_types[0].shape))

    def output(self) -> Any:
        return self.model(torch.from_numpy(self.x)).detach().numpy()


def locally(x: Any, kernel: Any, size: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """Return what Keras 2's `local_conv` does: a product of each window with its own kernel."""
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:], size, strides, strict=False)]
    y = np.empty((len(x), *counts, kernel.shape[-1]))
    for i, place in enumerate(itertools.product(*map(range, counts))):
        window = (slice(p * s, p * s + k) for p, s, k in zip(place, strides, size, strict=True))
        y[(slice(None), *place)] = x[(slice(None), *window)].reshape(len(x), -1) @ kernel[i]
    return y


@pytest.mark.parametrize(
    ("layer", "size", "strides"),
    [
        ("Input(9, 3) -> LocallyConnected1D(4, 3)", (3,), (1,)),
        ("Input(9, 3) -> LocallyConnected1D(4, 2, strides=3, use_bias=False)", (2,), (3,)),
        ("Input(6, 7, 2) -> LocallyConnected2D(3, (2, 3))", (2, 3), (1, 1)),
        ("Input(6, 7, 2) -> LocallyConnected2D(3, 2, strides=(2, 1))", (2, 2), (2, 1)),
        ("Input(6, 7, 2) -> LocallyConnected2D(nb_filter=3, nb_row=2, nb_col=3)", (2, 3), (1, 1)),
    ],
)
def test_locally_connected(
    layer: str, size: tuple[int, ...], strides: tuple[int, ...], tmp_path: Path
) -> None:
    made = Made(layer, tmp_path)
    expected = locally(made.x, made.weights["kernel"], size, strides)
    expected = expected + made.weights.get("bias", 0)
    assert np.abs(made.output() - expected).max() < 1e-12


@pytest.mark.parametrize(
    ("layer", "size", "strides"),
    [
        ("Input(3, 9) -> LocallyConnected1D(4, 2, strides=3, data_format=", (2,), (3,)),
        ("Input(2, 6, 7) -> LocallyConnected2D(3, (2, 3), data_format=", (2, 3), (1, 1)),
    ],
)
def test_locally_connected_with_the_channels_first(
    layer: str, size: tuple[int, ...], strides: tuple[int, ...], tmp_path: Path
) -> None:
    """A window's numbers are then a channel's cells after another's; the bias is reshaped."""
    made = Made(f"{layer}channels_first)", tmp_path)
    kernel, bias = made.weights["kernel"], made.weights["bias"]
    channels, filters = made.x.shape[1], kernel.shape[-1]
    cells = kernel.reshape(len(kernel), channels, -1, filters).swapaxes(1, 2)
    y = locally(np.moveaxis(made.x, 1, -1), cells.reshape(kernel.shape), size, strides)
    expected = np.moveaxis(y, -1, 1) + bias.reshape(filters, *bias.shape[:-1])
    assert np.abs(made.output() - expected).max() < 1e-12


@pytest.mark.parametrize("bias", [True, False])
def test_maxout(bias: bool, tmp_path: Path) -> None:
    made = Made(f"Input(5) -> MaxoutDense(4, nb_feature=3, bias={bias})", tmp_path)
    expected = np.einsum("ni,kio->nko", made.x, made.weights["W"]) + made.weights.get("b", 0)
    assert np.abs(made.output() - expected.max(1)).max() < 1e-12


@pytest.mark.parametrize("bias", [True, False])
def test_highway(bias: bool, tmp_path: Path) -> None:
    made = Made(f"Input(5) -> Highway(activation=tanh, bias={bias})", tmp_path)
    x, w = made.x, made.weights
    gate = 1 / (1 + np.exp(-(x @ w["W_carry"] + w.get("b_carry", 0))))
    expected = gate * np.tanh(x @ w["W"] + w.get("b", 0)) + (1 - gate) * x
    assert np.abs(made.output() - expected).max() < 1e-12


@pytest.mark.parametrize("start", [1.0, -2.0])
def test_highway_starts_its_gate_as_told(start: float, tmp_path: Path) -> None:
    spec = f"Input(5) -> Highway(activation=tanh, transform_bias={start})\ncompile(loss=mse)"
    gate = load_script(build_text(spec).script, tmp_path).Model().highway.gate
    assert gate.bias.tolist() == [start] * 5


WORDS = "Input(300, dtype=int32) -> {}Embedding(200, 4, {}){}\ncompile(loss=mse)"


@pytest.mark.parametrize(
    ("before", "more", "after"),
    [
        ("", "dropout=0.3", ""),
        ("", "embeddings_regularizer=l2(0.1), dropout=0.3, dtype=float32", ""),
        ("", "dropout=0.3, lora_rank=2", ""),
        ("Reshape([30, 10]) -> TimeDistributed(", "dropout=0.3", ") -> Reshape([300, 4])"),
    ],
)
def test_embedding_drops_words(before: str, more: str, after: str, tmp_path: Path) -> None:
    """Keras 1 multiplies rows of the matrix by one draw for all of a batch, then looks up."""
    built = build_text(WORDS.format(before, more, after))
    model = load_script(built.script, tmp_path).Model().double()
    table = model.embedding if not before else model.time_distributed
    words = torch.from_numpy(np.random.default_rng(0).integers(0, 200, (5, 300))).int()
    with torch.no_grad():
        for weight in table.parameters():
            weight.normal_()
    matrix, upstream = table.weight.detach(), torch.randn(5, 300, 4).double()
    assert torch.equal(model.eval()(words), matrix[words])
    seen = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        output = model.train()(words)
        kept = torch.zeros(200).double()
        kept[words] = (output / matrix[words]).mean(-1).detach()
        rounded = (kept > 0.5).double() / 0.7
        torch.testing.assert_close(kept, rounded, rtol=1e-12, atol=1e-12)
        assert 0.1 < (rounded == 0).double().mean() < 0.5
        product = (rounded[:, None] * table.weight)[words]
        torch.testing.assert_close(output, product, rtol=1e-12, atol=1e-12)
        trained = [p for p in table.parameters() if p.requires_grad]
        ours = torch.autograd.grad((output * upstream).sum(), trained)
        theirs = torch.autograd.grad((product * upstream).sum(), trained)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a.to_dense(), b.to_dense(), rtol=1e-12, atol=1e-12)
        seen.append(rounded)
    assert not torch.equal(*seen), "every batch drops the same words"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("Input(6, dtype=int32) -> Embedding(9, 4, dropout=1)", "K203"),
        ("Input(6, dtype=int32) -> ReversibleEmbedding(9, 4, dropout=0.5)", "K201"),
        ("Input(9, 3) -> LocallyConnected1D(4, 3, padding=same)", "K203"),
        ("Input(9, 3) -> LocallyConnected1D(4, 3, implementation=2)", "K203"),
        ("Input(None, 3) -> LocallyConnected1D(4, 3)", "K301"),
        ("Input(8, 8, 3) -> RandomHeight(0.2)", "K501"),
    ],
)
def test_refused(spec: str, code: str) -> None:
    assert [e.code for e in check_text(spec).errors] == [code]
