"""The optimizers that torch has a kernel for, on lists of tensors: what many weights get."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgen.api import build_text
from kgen.backends.optimizer import render_optimizer
from kgen.catalogue.families import OPTIMIZERS
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.optimizers import base
from kgen.catalogue.weights import Weight
from kgen.passes.lowered import Placed

from .optimizing import (
    DROP,
    FAST,
    TOLERANCE,
    Images,
    Net,
    entry,
    keras_optimizer,
    keras_train,
    nn,
    rendered,
    torch,
    train,
)
from .optimizing import float64 as float64
from .whole import train_both

ROWS: list[tuple[str, dict[str, Any]]] = [
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.5, "epsilon": 1e-3, "learning_rate": DROP}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 0.1}),
    ("Adam", {"learning_rate": DROP, "weight_decay": 0.01, "amsgrad": True}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}),
]
VECTOR = "flatten_parameters("


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few weights be as many."""
    monkeypatch.setattr(base, "MANY", 0)


def text(name: str, values: dict[str, Any], weights: Sequence[Placed] = ()) -> str:
    return render_optimizer(entry(OPTIMIZERS, name, values), weights)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("cls", [Net, Images])
@pytest.mark.parametrize(("name", "values"), ROWS, ids=lambda v: str(v)[:60])
def test_steps(cls: type[Any], name: str, values: dict[str, Any]) -> None:
    net = cls()
    assert VECTOR not in text(name, values)
    train(net, rendered(entry(OPTIMIZERS, name, values))(net))
    layouts = [p.weight.layout for p in net.placed()] if cls is Images else ()
    expected = keras_train(cls(), keras_optimizer(name, values), layouts)
    for p, e in zip(net.trainable(), expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(("name", "values"), ROWS, ids=lambda v: str(v)[:60])
def test_a_vector_gives_the_same(
    name: str, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    vector, lists = Images(), Images()
    train(vector, rendered(entry(OPTIMIZERS, name, values))(vector))
    monkeypatch.setattr(base, "MANY", 0)
    train(lists, rendered(entry(OPTIMIZERS, name, values))(lists))
    for p, q in zip(vector.parameters(), lists.parameters(), strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-13, atol=1e-13)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(("name", "values"), ROWS, ids=lambda v: str(v)[:60])
def test_continuing_is_exact(name: str, values: dict[str, Any]) -> None:
    make = rendered(entry(OPTIMIZERS, name, values))
    whole, half, resumed = Images(), Images(), Images()
    train(whole, make(whole))
    first, second = make(half), make(resumed)
    train(half, first, last=51)
    resumed.load_state_dict(half.state_dict())
    second.load_state_dict(first.state_dict())
    train(resumed, second, first=51)
    for p, q in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.usefixtures("listed")
def test_a_change_of_the_rate_counts_at_once() -> None:
    """As ReduceLROnPlateau makes it: like Keras' schedule that drops at the same step."""
    net = Net()
    optimizer = rendered(OPTIMIZERS.find("adam")(**FAST))(net)
    train(net, optimizer, last=50)
    optimizer.learning_rate = 0.005
    train(net, optimizer, first=50)
    expected = keras_train(Net(), keras_optimizer("Adam", {"learning_rate": DROP}))
    for p, e in zip(net.trainable(), expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("name", ["Adam", "RMSprop"])
@pytest.mark.parametrize(
    "values",
    [
        {"clipnorm": 1.0},
        {"clipvalue": 1.0},
        {"global_clipnorm": 1.0},
        {"use_ema": True},
        {"loss_scale_factor": 2.0},
        {"gradient_accumulation_steps": 2},
    ],
    ids=str,
)
def test_what_needs_a_vector(name: str, values: dict[str, Any]) -> None:
    assert VECTOR in text(name, values)
    assert VECTOR not in text(name, {n: None for n in values if n != "use_ema"})


@pytest.mark.usefixtures("listed")
def test_others_that_need_a_vector() -> None:
    assert VECTOR in text("LossScaleOptimizer", {"inner_optimizer": ("Adam", {})})
    assert VECTOR in text("RMSprop", {"weight_decay": 0.1})
    for name in ("SGD", "Nadam", "Muon"):
        assert VECTOR in text(name, {})
    table = Weight("embeddings", (9, 4), Zeros(), "weight", sparse=True)
    assert VECTOR in text("Adam", {}, [Placed("embedding", table, ("embedding.weight",), True)])


@pytest.mark.parametrize(
    ("layers", "vector"),
    [
        ("Input(50) -> Dense(400, relu) -> Dense(400, relu) -> Dense(3)", False),
        ("Input(50) -> Dense(400, relu) -> Dense(100, relu) -> Dense(3)", True),
        ("Input(9, dtype=int32) -> Embedding(9999, 20) -> Flatten() -> Dense(3)", True),
        (
            "Input(9, dtype=int32) -> Embedding(9999, 20, embeddings_regularizer=l2(0.1))"
            " -> Flatten() -> Dense(3)",
            False,
        ),
    ],
)
def test_what_a_script_has(layers: str, vector: bool) -> None:
    script = build_text(f"model m = {layers}\ncompile(loss=mse, optimizer=adam)").script
    assert (VECTOR in script) == vector


@pytest.mark.usefixtures("listed")
def test_a_checkpoint_of_a_vector_is_refused() -> None:
    """Its rows must not be taken for the tensors of a list."""
    make = rendered(OPTIMIZERS.find("adam")())
    optimizer, net = make(Net()), Net()
    state = optimizer.state_dict()
    state["m"] = torch.ones(sum(p.numel() for p in net.trainable()))
    with pytest.raises(ValueError, match="zip"):
        optimizer.load_state_dict(state)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("name", ["Adam", "RMSprop"])
def test_gradients_have_the_strides_of_the_parameters(name: str) -> None:
    """The fused kernels on a GPU ask for it, even along an axis of size 1 before torch 2.6."""

    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(2, 1, 5))
            self.unused = nn.Parameter(torch.randn(3))

    net = Product()
    optimizer = rendered(OPTIMIZERS.find(name)())(net)
    torch.bmm(torch.randn(2, 7, 5), net.weight.transpose(1, 2)).sum().backward()
    assert net.weight.grad.stride() != net.weight.stride()  # else this tests nothing
    taken: list[Any] = []
    kernel = torch._fused_adamw_
    try:
        torch._fused_adamw_ = lambda *lists, **_: taken.extend(lists)
        optimizer.step()
    finally:
        torch._fused_adamw_ = kernel
    for p, *others in zip(*taken[:4], strict=True):
        assert all(t.stride() == p.stride() and t.shape == p.shape for t in others)
    unused = net.unused.detach().clone()
    optimizer.step()
    assert torch.equal(net.unused, unused)


FIT = "fit(epochs=3, batch_size=16, shuffle=False)\n"


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    "text",
    [
        "Input(7, 7, 1) -> Conv2D(4, 3) -> BatchNormalization() -> Conv2D(3, 1, activation=relu)"
        " -> DepthwiseConv2D(3) -> Flatten() -> Dense(3, softmax)\n"
        f"compile(Adam(0.01), categorical_crossentropy, metrics=[accuracy])\n{FIT}",
        "Input(5, 4) -> LSTM(6, return_sequences=True) -> GRU(5, return_sequences=True)"
        f" -> SimpleRNN(3) -> Dense(2)\ncompile(rmsprop, mse)\n{FIT}",
    ],
    ids=["convolutions", "recurrent"],
)
def test_whole_trainings(text: str, tmp_path: Path) -> None:
    both = train_both(text, tmp_path)
    assert VECTOR not in both.built.script
    both.check_weights()
    both.check_logs()
