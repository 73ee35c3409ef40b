"""Names of a spec that a script uses itself, where they come to stand for code: run, not read.

Each spec is trained for an epoch in the test's own process.
"""

from __future__ import annotations

import gc
import sys
from types import ModuleType

import pytest
import torch

from kgen.api import build_text, check_text
from kgen.catalogue.families import OPTIMIZERS
from kgen.torch_ir import IMPORTS, class_names, hides
from tests.properties.running import load

pytestmark = pytest.mark.usefixtures("unformatted")

DATA = "\ndata random(24, test=8)\nfit(epochs=1)\n"
LOSS = """
def {name}(t, p) = mean(abs(t - p), axis=-1)
model m {{
  a = Input(3)
  b = a -> Dense(4, relu)
  c = b -> Dense(2, name="first")
  d = b -> Dense(1, sigmoid, name="second")
  outputs(first=c, second=d)
}}
compile(loss={{first: {name}, second: binary_crossentropy}}, metrics={{first: [{name}]}})
"""
SINGLE = """
def {name}(t, p) = mean(abs(t - p), axis=-1)
Dense(2, input_dim=3)
compile(loss={name}, metrics=[{name}])
"""
BLOCK = """
block {name}(f) = Dense(f) -> BatchNormalization() -> Activation(relu)
block outer(f) {{
  y = input -> {name}(f)
  [y, input] -> Add()
}}
model m = Input(4) -> outer(4) * 3 -> {name}(4) * 2
"""
LOCALS = ("loss", "output", "y", "outputs", "means", "sums", "s", "n", "p", "first", "y_first",
          "first_loss", "second_p", "first_", "weight")  # fmt: skip
TOP_LEVEL = ("Adam", "RMSprop", "contextlib", "gc", "Iterator", "Any", "show")
CLASSES = ("BatchNorm", "batch_norm", "Progress", "RMSprop", "Iterator", "import", "lambda",
           "torch", "layer", "x", "Model", "augment")  # fmt: skip


def train(spec: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Train the script of a spec; return its module."""
    module = load(build_text(spec + DATA).script)
    monkeypatch.setattr(sys, "argv", ["train_model.py", "--verbose", "0"])
    module.main()
    torch.set_flush_denormal(False)  # for the other tests of this process
    gc.unfreeze()
    return module


@pytest.mark.parametrize("name", LOCALS + TOP_LEVEL)
@pytest.mark.parametrize("spec", [LOSS, SINGLE], ids=["two_outputs", "one_output"])
def test_functions(spec: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    train(spec.format(name=name), monkeypatch)


@pytest.mark.parametrize("name", CLASSES)
def test_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    train(BLOCK.format(name=name), monkeypatch)


def test_a_function_that_is_loss_and_metric_is_written_once() -> None:
    script = build_text(SINGLE.format(name="distance")).script
    assert script.count("def distance(") == 1


def test_every_name_of_a_script_is_kept_free() -> None:
    assert {cls.__name__ for cls in OPTIMIZERS.entries.values() if not cls.refusal} <= {
        name for name in class_names().taken if hides(name)
    } | {"LossScaleOptimizer"}
    assert all(hides(name) for name in IMPORTS)


@pytest.mark.parametrize(
    "layer",
    [
        "Dense(3, x: foo(x))",
        "Dense(3, x: mean(x))",
        "Dense(3, x: x > 0)",
        'Dense(3, x: "a")',
        "Dense(3, x: 3)",
        "Dense(3, (x, y): x)",
        "Dense(3, x: (x, x))",
        "Activation(x: mean(x, axis=-1))",
        "RepeatVector(2) -> LSTM(3, x: foo(x))",
        "RepeatVector(2) -> LSTM(3, recurrent_activation=x: sum(x, axis=-1))",
        "RepeatVector(2) -> Bidirectional(GRU(3, x: mean(x)))",
        "RepeatVector(2) -> RNN([GRUCell(3), LSTMCell(3, x: mean(x))])",
        "RepeatVector(2) -> TimeDistributed(Dense(3, x: mean(x)))",
        "RepeatVector(3) -> Conv1D(2, 2, x: x[:, 0])",
    ],
)
def test_an_activation_is_checked_before_anything_is_written(layer: str) -> None:
    errors = check_text(f"Input(4) -> {layer}").errors
    assert len(errors) == 1
    assert errors[0].span.start > len("Input(4) -> ")
