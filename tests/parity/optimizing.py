"""Two networks, their training by an optimizer of a script, and the same by Keras' optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import kgen.catalogue.everything
from kgen.backends.assemble import imports_for, with_helpers
from kgen.backends.optimizer import render_optimizer
from kgen.catalogue.families import OPTIMIZERS, SCHEDULES
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.weights import SAME, TRANSPOSED, Layout, Weight
from kgen.passes.lowered import Placed
from kgen.torch_ir import render_lines
from kgen.verify.keras import mend_optimizer

from .oracle import keras
from .oracle import torch as torch

assert kgen.catalogue.everything  # registers all entries

nn, F = torch.nn, torch.nn.functional
STEPS = 100
TOLERANCE = 1e-12

FAST = {"learning_rate": 0.05}
MOMENTUM = FAST | {"momentum": 0.9}
DROP = ("PiecewiseConstantDecay", {"boundaries": [49], "values": [0.05, 0.005]})


class Net(nn.Module):
    """6 inputs, 16 hidden units, 3 classes; its parameters are Keras' variables transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(6, 16)
        self.frozen = nn.Linear(16, 16).requires_grad_(False)
        self.out = nn.Linear(16, 3)
        rng = np.random.default_rng(3)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(torch.from_numpy(0.4 * rng.standard_normal(p.shape)))
        self.x = torch.from_numpy(rng.standard_normal((STEPS, 8, 6)))
        self.y = torch.from_numpy(rng.integers(0, 3, (STEPS, 8)))

    def loss(self, step: int) -> Any:
        hidden = torch.tanh(self.hidden(self.x[step]))
        return F.cross_entropy(self.out(hidden + self.frozen(hidden)), self.y[step])

    def trainable(self) -> list[Any]:
        return [p for p in self.parameters() if p.requires_grad]


class Images(nn.Module):
    """Every kind of weight: an embedding, a convolution, a matrix, vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.conv = nn.Conv2d(4, 5, (2, 3)).to(memory_format=torch.channels_last)
        self.out = nn.Linear(5, 3)
        rng = np.random.default_rng(3)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(torch.from_numpy(0.4 * rng.standard_normal(p.shape)))
        self.x = torch.from_numpy(rng.integers(0, 7, (STEPS, 8, 4, 5)))
        self.y = torch.from_numpy(rng.integers(0, 3, (STEPS, 8)))

    def loss(self, step: int) -> Any:
        x = torch.tanh(self.conv(self.embedding(self.x[step]).permute(0, 3, 1, 2)))
        return F.cross_entropy(self.out(x.mean((2, 3))), self.y[step])

    def trainable(self) -> list[Any]:
        return list(self.parameters())

    def placed(self) -> list[Placed]:
        """Return the weights as the script backend has them."""
        result = []
        for name, p in self.named_parameters():
            layer, kind = name.split(".")
            kind = {"weight": "embeddings" if layer == "embedding" else "kernel"}.get(kind, kind)
            axes = {4: (3, 2, 0, 1), 2: () if layer == "embedding" else (1, 0)}.get(p.ndim, ())
            inverse = sorted(range(len(axes)), key=axes.__getitem__)
            shape = tuple(p.permute(inverse).shape if axes else p.shape)
            weight = Weight(kind, shape, Zeros(), name, Layout(permute=axes))
            result.append(Placed(layer, weight, (name,), True))
        return result


def entry(family: Any, name: str, values: dict[str, Any]) -> Any:
    """Return a catalogue entry, its schedule built."""
    made = {"learning_rate": SCHEDULES, "inner_optimizer": OPTIMIZERS}
    nested = {n: entry(made[n], *v) for n, v in values.items() if isinstance(v, tuple)}
    return family.find(name)(**values | nested)


def keras_optimizer(name: str, values: dict[str, Any]) -> Any:
    """Return the same optimizer of Keras."""
    rate = values.get("learning_rate")
    if isinstance(rate, tuple):
        schedule = getattr(keras.optimizers.schedules, rate[0])(**rate[1])
        values = values | {"learning_rate": schedule}
    if "inner_optimizer" in values:
        values = values | {"inner_optimizer": keras_optimizer(*values["inner_optimizer"])}
    return mend_optimizer(getattr(keras.optimizers, name)(**values))


def rendered(optimizer: Optimizer, weights: Sequence[Placed] = ()) -> Callable[..., Any]:
    """Return the constructor that the script has for an optimizer."""
    sections = [render_optimizer(optimizer, weights)]
    if optimizer.scheduled:
        body = render_lines(optimizer.learning_rate.lower(), 1)
        sections.insert(0, f"def learning_rate(step: int) -> float:\n{body}\n")
    text = "\n\n".join(with_helpers(sections))
    scope: dict[str, Any] = {}
    exec(imports_for(text) + "\n" + text, scope)
    cls = scope[type(optimizer).__name__]
    if optimizer.scheduled:
        return lambda model: cls(model)
    return lambda model: cls(model, optimizer.learning_rate)


def train(net: Any, optimizer: Any, first: int = 0, last: int = STEPS) -> None:
    """Make steps as the script does."""
    for step in range(first, last):
        optimizer.zero_grad()
        scale = getattr(optimizer, "scale", getattr(optimizer, "loss_scale_factor", 1))
        (net.loss(step) * scale).backward()
        optimizer.step()


def keras_train(net: Any, optimizer: Any, layouts: Sequence[Layout] = ()) -> list[Any]:
    """Make the steps with Keras' optimizer; return the weights, in torch's layout."""
    layouts = layouts or [TRANSPOSED if p.ndim == 2 else SAME for p in net.trainable()]
    pairs = list(zip(net.trainable(), layouts, strict=True))
    shapes = [
        tuple(
            p.shape[layout.permute.index(i)] if layout.permute else p.shape[i]
            for i in range(p.ndim)
        )
        for p, layout in pairs
    ]
    to_keras = [
        lambda x, a=layout, s=shape: np.ascontiguousarray(a.to_keras(x.detach().numpy(), s))
        for (_, layout), shape in zip(pairs, shapes, strict=True)
    ]
    names = [n for n, p in net.named_parameters() if p.requires_grad]
    variables = []
    for (p, _), name, convert in zip(pairs, names, to_keras, strict=True):
        with keras.name_scope(name.split(".")[0]):
            variables.append(keras.Variable(convert(p), name=name.split(".")[1]))
    for step in range(STEPS):
        with torch.no_grad():
            for (p, layout), v in zip(pairs, variables, strict=True):
                p.copy_(torch.from_numpy(layout.to_torch(v.numpy())))
        grads = torch.autograd.grad(optimizer.scale_loss(net.loss(step)), net.trainable())
        with torch.no_grad():
            arrays = [convert(g) for convert, g in zip(to_keras, grads, strict=True)]
            optimizer.apply([torch.from_numpy(a) for a in arrays], variables)
    if getattr(optimizer, "inner_optimizer", optimizer).use_ema:
        optimizer.finalize_variable_values(variables)
    return [layout.to_torch(v.numpy()) for (_, layout), v in zip(pairs, variables, strict=True)]


@pytest.fixture(autouse=True)
def float64() -> Any:
    """Let torch compute in float64; a module of tests imports it."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
