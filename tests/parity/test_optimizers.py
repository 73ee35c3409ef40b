"""Every optimizer against Keras: 100 steps of a small network, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import kgen.catalogue.everything
from kgen.backends.assemble import imports_for, with_helpers
from kgen.backends.optimizer import render_optimizer
from kgen.catalogue.bind import Given, bind
from kgen.catalogue.families import OPTIMIZERS, SCHEDULES
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.weights import SAME, TRANSPOSED, Layout, Weight
from kgen.diagnostics import Diagnostics, Fault
from kgen.passes.lowered import Placed
from kgen.source import Span
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

# One row a case: the optimizer and its arguments; a schedule is a name and its arguments.
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", FAST),
    ("SGD", MOMENTUM),
    ("SGD", MOMENTUM | {"nesterov": True}),
    ("SGD", MOMENTUM | {"learning_rate": DROP}),
    ("SGD", MOMENTUM | {"learning_rate": DROP, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", MOMENTUM | {"weight_decay": 0.01}),
    ("SGD", {"learning_rate": 0.5, "clipnorm": 0.05}),
    ("SGD", {"learning_rate": 0.5, "clipnorm": 0.0}),
    ("SGD", {"learning_rate": 0.5, "global_clipnorm": 0.05}),
    ("SGD", {"learning_rate": 0.5, "clipvalue": 0.01}),
    ("SGD", FAST | {"use_ema": True, "ema_momentum": 0.9}),
    ("SGD", FAST | {"use_ema": True, "ema_overwrite_frequency": 7}),
    ("SGD", MOMENTUM | {"gradient_accumulation_steps": 4, "clipnorm": 0.05}),
    (
        "SGD",
        MOMENTUM
        | {
            "gradient_accumulation_steps": 3,
            "use_ema": True,
            "ema_overwrite_frequency": 5,
            "learning_rate": DROP,
        },
    ),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.0}),
    ("RMSprop", {"rho": 0.5, "epsilon": 1e-3, "weight_decay": 0.01}),
    ("RMSprop", {"epsilon": 0.0}),
    ("RMSprop", {"momentum": 0.8}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.8, "learning_rate": DROP}),
    ("RMSprop", {"gradient_accumulation_steps": 2, "use_ema": True}),
    ("Adagrad", {}),
    ("Adagrad", FAST | {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 0.1}),
    ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    ("Adam", {"learning_rate": DROP, "weight_decay": 0.01, "amsgrad": True}),
    ("Adam", {"gradient_accumulation_steps": 3, "global_clipnorm": 0.05, "weight_decay": 0.1}),
    ("Adam", {"clipnorm": 0.01, "use_ema": True, "ema_overwrite_frequency": 10}),
    ("AdamW", {}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("Adamax", {"learning_rate": 0.002}),
    ("Adamax", {"learning_rate": DROP, "weight_decay": 0.01}),
    ("Nadam", {"learning_rate": 0.002}),
    ("Nadam", {"learning_rate": DROP, "clipvalue": 0.01, "gradient_accumulation_steps": 2}),
    ("Lion", {}),
    ("Lion", {"learning_rate": DROP, "beta_1": 0.5, "weight_decay": 0.01}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.05, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 0.01}),
    ("ScheduleFreeAdamW", {"learning_rate": DROP, "warmup_steps": 30, "weight_decay": 0.1}),
    ("ScheduleFreeAdamW", {"clipnorm": 0.01, "gradient_accumulation_steps": 3, "use_ema": True}),
    ("SGD", FAST | {"loss_scale_factor": 10.0, "clipnorm": 0.05}),
    ("Adam", {"loss_scale_factor": 1024.0, "gradient_accumulation_steps": 3, "clipvalue": 0.01}),
    ("LossScaleOptimizer", {"inner_optimizer": ("SGD", FAST)}),
    (
        "LossScaleOptimizer",
        {
            "inner_optimizer": ("Adam", {"learning_rate": DROP, "clipnorm": 0.01, "use_ema": True}),
            "initial_scale": 3.0,
            "dynamic_growth_steps": 7,
        },
    ),
    ("Ftrl", FAST),
    (
        "Ftrl",
        FAST
        | {
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.02,
            "l2_shrinkage_regularization_strength": 0.001,
            "beta": 0.1,
            "learning_rate_power": -0.7,
        },
    ),
]


# Those that look at whole weights, for all kinds of them.
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("Lamb", {"learning_rate": 0.01}),
    ("Lamb", {"learning_rate": DROP, "weight_decay": 0.01, "gradient_accumulation_steps": 2}),
    ("Adafactor", {"learning_rate": 0.01}),
    ("Adafactor", {"learning_rate": DROP, "clip_threshold": 0.5, "weight_decay": 0.01}),
    ("Adafactor", {"clipnorm": 0.01, "epsilon_2": 0.1, "beta_2_decay": -0.5}),
    ("Muon", {"learning_rate": 0.01}),
    ("Muon", {"learning_rate": DROP, "weight_decay": None, "adam_weight_decay": 0.1}),
    ("Muon", {"exclude_embeddings": False, "adam_weight_decay": None, "nesterov": False}),
    ("Muon", {"exclude_layers": ["out"], "rms_rate": None, "adam_lr_ratio": 0.1}),
    ("Muon", {"ns_steps": 2, "momentum": 0.8, "use_ema": True}),
    ("SGD", {"learning_rate": 0.5, "clipnorm": 0.01}),
]


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
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize(("name", "values"), ROWS, ids=lambda v: str(v)[:60])
def test_steps(name: str, values: dict[str, Any]) -> None:
    net = Net()
    before = [p.detach().clone() for p in net.parameters()]
    optimizer = rendered(entry(OPTIMIZERS, name, values))(net)
    train(net, optimizer)
    if hasattr(optimizer, "finalize"):
        optimizer.finalize()
    expected = keras_train(Net(), keras_optimizer(name, values))
    for p, e in zip(net.trainable(), expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=TOLERANCE, atol=TOLERANCE)
    moved = [not torch.equal(p, b) for p, b in zip(net.parameters(), before, strict=True)]
    assert moved == [p.requires_grad for p in net.parameters()]


@pytest.mark.parametrize(("name", "values"), WHOLE, ids=lambda v: str(v)[:60])
def test_steps_of_whole_weights(name: str, values: dict[str, Any]) -> None:
    net = Images()
    placed = net.placed()
    optimizer = rendered(entry(OPTIMIZERS, name, values), placed)(net)
    train(net, optimizer)
    if hasattr(optimizer, "finalize"):
        optimizer.finalize()
    layouts = [p.weight.layout for p in placed]
    expected = keras_train(Images(), keras_optimizer(name, values), layouts)
    for p, e in zip(net.trainable(), expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("inner", [("SGD", MOMENTUM), ("Adam", {"use_ema": True})], ids=str)
def test_steps_with_infinite_gradients_are_left_out(inner: tuple[str, dict[str, Any]]) -> None:
    class Broken(Net):
        def loss(self, step: int) -> Any:
            return super().loss(step) * {0: np.inf, 1: np.nan, 40: np.inf, 41: -np.inf}.get(step, 1)

    values = {"inner_optimizer": inner, "dynamic_growth_steps": 5}
    net = Broken()
    optimizer = rendered(entry(OPTIMIZERS, "LossScaleOptimizer", values))(net)
    train(net, optimizer)
    theirs = keras_optimizer("LossScaleOptimizer", values)
    expected = keras_train(Broken(), theirs)
    assert optimizer.iterations == int(theirs.iterations.value) == STEPS - 4
    assert (optimizer.scale, optimizer.finite) == (
        float(theirs.dynamic_scale.value),
        int(theirs.step_counter.value),
    )
    if hasattr(optimizer, "finalize"):
        optimizer.finalize()
    for p, e in zip(net.trainable(), expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=TOLERANCE, atol=TOLERANCE)


CONTINUED = [(Net, *row) for row in ROWS] + [(Images, *row) for row in WHOLE]


@pytest.mark.parametrize(("cls", "name", "values"), CONTINUED, ids=lambda v: str(v)[:60])
def test_continuing_is_exact(cls: type[Any], name: str, values: dict[str, Any]) -> None:
    placed = cls().placed() if cls is Images else ()
    make = rendered(entry(OPTIMIZERS, name, values), placed)
    whole, half = cls(), cls()
    train(whole, make(whole))
    first = make(half)
    train(half, first, last=51)
    resumed = cls()
    second = make(resumed)
    resumed.load_state_dict(half.state_dict())
    second.load_state_dict(first.state_dict())
    train(resumed, second, first=51)
    for p, q in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(p, q)


def test_decay_is_that_of_keras_1() -> None:
    """`lr / (1 + decay * t)`, which Keras 3 ignores."""
    net = Net()
    optimizer = OPTIMIZERS.find("SGD")(learning_rate=0.1, momentum=0.9, decay=0.01)
    train(net, rendered(optimizer)(net))
    inverse = {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.01}
    values = {"learning_rate": ("InverseTimeDecay", inverse), "momentum": 0.9}
    expected = keras_train(Net(), keras_optimizer("SGD", values))
    for p, e in zip(net.trainable(), expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=TOLERANCE, atol=TOLERANCE)


def test_old_places_of_arguments() -> None:
    """Keras 1 and 2 have `SGD(lr, momentum, decay, nesterov)`."""
    found = Diagnostics()
    given = [Given(None, v, Span(0, 0), Span(0, 0)) for v in (0.01, 0.9, 1e-6, True)]
    bound = bind(OPTIMIZERS.find("SGD"), "SGD", given, Span(0, 0), found)
    assert bound is not None and not found.items
    assert bound.entry.config() == {
        "learning_rate": 0.01,
        "momentum": 0.9,
        "nesterov": True,
        "decay": 1e-6,
    }


def test_biases_of_a_gru_are_one_weight() -> None:
    gru = nn.GRU(3, 4)
    bias = Weight("bias", (2, 12), Zeros(), ("bias_ih_l0", "bias_hh_l0"))
    placed = [Placed("gru", bias, ("bias_ih_l0", "bias_hh_l0"), True)]
    optimizer = rendered(OPTIMIZERS.find("sgd")(clipnorm=1.0), placed)(gru)
    assert optimizer.sizes == [36, 48, 24]
    with pytest.raises(Fault):
        rendered(OPTIMIZERS.find("muon")(), placed)


def test_what_no_loss_depends_on_stays() -> None:
    """Keras skips weights without a gradient: not even the decay touches them."""
    net = Images()
    optimizer = OPTIMIZERS.find("SGD")(weight_decay=0.5)
    text = "\n\n".join(with_helpers([render_optimizer(optimizer, net.placed(), {"out"})]))
    scope: dict[str, Any] = {}
    exec(imports_for(text) + "\n" + text, scope)
    before = [p.detach().clone() for p in net.parameters()]
    made = scope["SGD"](net, 0.1)
    made.step()
    moved = {
        n for (n, p), b in zip(net.named_parameters(), before, strict=True) if not torch.equal(p, b)
    }
    assert moved == {"embedding.weight", "conv.weight", "conv.bias"}


def test_memory_format_is_kept() -> None:
    conv = nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last)
    before = conv.weight.detach().clone()
    optimizer = rendered(OPTIMIZERS.find("sgd")())(conv)
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(conv.weight, before)
    conv(torch.ones(2, 3, 5, 5)).sum().backward()
    optimizer.step()
    assert conv.weight.grad.data_ptr() == optimizer.grads.data_ptr()
    assert not torch.equal(conv.weight, before)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "K204"),
        ({"loss_scale_factor": 0.0}, "K203"),
        ({"gradient_accumulation_steps": 1}, "K203"),
        ({"learning_rate": DROP, "decay": 0.1}, "K204"),
        ({"momentum": 2.0}, "K203"),
        ({"inner_optimizer": ("SGD", {"gradient_accumulation_steps": 2})}, "K501"),
        ({"inner_optimizer": ("LossScaleOptimizer", {"inner_optimizer": "sgd"})}, "K203"),
    ],
)
def test_refused(values: dict[str, Any], code: str) -> None:
    with pytest.raises(Fault) as fault:
        entry(OPTIMIZERS, "LossScaleOptimizer" if "inner_optimizer" in values else "SGD", values)
    assert fault.value.code == code


@pytest.mark.parametrize("cls", [c for c in OPTIMIZERS if not c.refusal], ids=lambda c: c.__name__)
def test_arguments_are_those_of_keras(cls: type[Optimizer]) -> None:
    """Names, order and defaults; what Keras lacks is for keywords only."""
    import inspect

    keras_args = inspect.signature(getattr(keras.optimizers, cls.__name__).__init__).parameters
    theirs = {n: p.default for n, p in keras_args.items() if n not in ("self", "kwargs", "name")}
    ours = {
        n: inspect.Parameter.empty if a.required else a.default
        for n, a in cls.args.items()
        if n in theirs or not a.keyword_only
    }
    assert ours == theirs
    assert list(ours) == list(theirs)
