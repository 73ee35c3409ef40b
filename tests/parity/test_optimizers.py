"""Every optimizer against Keras: 100 steps of a small network, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kgen.backends.assemble import imports_for, with_helpers
from kgen.backends.optimizer import render_optimizer
from kgen.catalogue.bind import Given, bind
from kgen.catalogue.families import OPTIMIZERS
from kgen.catalogue.initializers import Zeros
from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Diagnostics, Fault
from kgen.passes.lowered import Placed
from kgen.source import Span

from .optimizing import (
    DROP,
    FAST,
    MOMENTUM,
    STEPS,
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
from .oracle import keras

ACCUMULATED = {"gradient_accumulation_steps": 3, "use_ema": True, "clipnorm": 0.01}

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
    (
        "LossScaleOptimizer",
        {"inner_optimizer": ("Nadam", ACCUMULATED), "dynamic_growth_steps": 20},
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


INNER = [("SGD", MOMENTUM), ("Adam", {"use_ema": True}), ("Adam", ACCUMULATED)]
INNER += [("Adafactor", {"gradient_accumulation_steps": 7})]


@pytest.mark.parametrize("inner", INNER, ids=str)
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
    made = theirs.inner_optimizer._iterations  # `iterations` counts the updates
    assert optimizer.iterations == int(made.value) == STEPS - 4
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
    muon = rendered(OPTIMIZERS.find("muon")(clipnorm=1.0), placed)(nn.GRU(3, 4))
    assert muon.sizes == [24, 36, 48]  # matrices come first, and Adam has the kernels here
    assert [w.shape for w in muon.matrices] == [(2, 12)]


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
        ({"inner_optimizer": ("LossScaleOptimizer", {"inner_optimizer": "sgd"})}, "K203"),
    ],
)
def test_refused(values: dict[str, Any], code: str) -> None:
    with pytest.raises(Fault) as fault:
        entry(OPTIMIZERS, "LossScaleOptimizer" if "inner_optimizer" in values else "SGD", values)
    assert fault.value.code == code


WARM_UP = {"initial_learning_rate": 0.0, "decay_steps": 9, "warmup_target": 0.1, "warmup_steps": 3}


@pytest.mark.parametrize("rate", [0.0, ("CosineDecay", WARM_UP)])
def test_a_rate_of_zero_that_divides_is_refused(rate: Any) -> None:
    with pytest.raises(Fault, match="must not start at 0") as fault:
        entry(OPTIMIZERS, "Ftrl", {"learning_rate": rate})
    assert fault.value.code == "K203" and fault.value.arg == "learning_rate"


def test_a_rate_that_becomes_zero_divides_as_in_keras(float64: None) -> None:
    """All weights are NaN then, on both sides."""
    values = {
        "learning_rate": (
            "PolynomialDecay",
            {
                "initial_learning_rate": 0.1,
                "decay_steps": 3,
                "end_learning_rate": 0.0,
            },
        )
    }
    net, other = Net(), Net()
    train(net, rendered(entry(OPTIMIZERS, "Ftrl", values))(net), 0, 6)
    assert all(p.isnan().all() for p in net.trainable())
    theirs = keras_train(other, keras_optimizer("Ftrl", values))
    assert all(np.isnan(x).all() for x in theirs)


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
