"""`kgen verify`: its table, and the layer that it names when something is wrong."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from kgen import saved
from kgen.backends.assemble import helper
from kgen.catalogue.activations import ReLU
from kgen.catalogue.layers.core import Dense
from kgen.catalogue.layers.feature_normalization import LayerNormalization
from kgen.catalogue.optimizers import Optimizer
from kgen.catalogue.weights import Layout
from kgen.cli import cli
from kgen.resources import read_text
from kgen.torch_ir import Line
from kgen.verify.arrays import difference
from kgen.verify.keras import compute_in_float64, keras

Verify = Callable[..., Result]

# `norm` is what the tests break.
BLOCKS = """\
block normed(n) = Dense(n, relu) -> LayerNormalization(name="norm")
model m =
  Input(8)
  -> normed(6)
  -> Dropout(0.5)
  -> normed(5) * 2
  -> Dense(3, softmax)
compile(Adam(0.01), categorical_crossentropy, metrics=[accuracy])
"""


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Return a function that verifies a spec, written to `m.kdsl`, with four steps."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("kgen.backends.script.formatted", lambda text: text)

    def run(spec: str, path: str = "m.kdsl", status: int = 0) -> Result:
        if spec:
            Path(path).write_text(spec)
        result = CliRunner().invoke(cli, ["verify", path, "--steps", "4"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return run


def test_the_table_has_every_layer(verify: Verify) -> None:
    result = verify(BLOCKS)
    lines = [line.split() for line in result.stdout.splitlines()]
    names = [
        *("normed/dense", "normed/norm", "normed", "dropout"),
        *("normed_1/dense", "normed_1/norm", "normed_1"),
        *("normed_2/dense", "normed_2/norm", "normed_2"),
        *("dense", "output", "loss", "accuracy"),
    ]
    assert [words[0] for words in lines[4:] if len(words) > 1 and words[0] in names] == names
    assert ["normed/norm", "LayerNormalization", "1"] in [words[:3] for words in lines]
    assert result.stdout.endswith("\nequal to Keras before and after 4 steps of Adam\n")


@pytest.mark.parametrize(
    "spec",
    [
        # Statistics of the data; a window that the torch backend averages wrongly.
        "Input(9, 9, 2) -> Normalization() -> AveragePooling2D(3, 2, same) -> Flatten() -> Dense(2)"
        "\ncompile(Adagrad(), huber)",
        # The script pools before the relu, and computes what no layer returns.
        "Conv2D(4, 3, relu, input_shape=(9, 9, 1)) -> MaxPooling2D(2) -> Flatten() -> Dense(1)",
        """
        model m {
          x = Input(6, 5)
          y, h, c = x -> LSTM(4, return_sequences=True, return_state=True, dropout=0.2)
          [h, c] -> Concatenate() -> Dense(2, name="two")
        }
        """,
        """
        block b(n) = Dense(n, tanh) -> Dropout(0.3) -> Dense(n)
        model m = Input(6, 5) -> TimeDistributed(b(4)) -> Bidirectional(GRU(3)) -> Dense(1, sigmoid)
        compile(SGD(0.1, momentum=0.9, clipnorm=0.3), binary_crossentropy, metrics=[AUC()])
        fit(class_weight={0: 1, 1: 3})
        """,
        """
        model enc = Input(6) -> Dense(4, relu) -> BatchNormalization()
        model m {
          a = Input(6)
          b = Input(6)
          u = a -> enc
          v = b -> enc
          one = [u, v] -> Concatenate() -> Dense(1, sigmoid)
          sum = [u, v] -> Add()
          two = sum -> Dense(2, kernel_regularizer=l2(0.1), kernel_constraint=max_norm(0.5))
          outputs(one, two)
        }
        compile(Nadam(0.01), {one: binary_crossentropy, two: mse}, loss_weights={one: 0.3},
                metrics={one: [accuracy], two: [mae]})
        """,
        # Probabilities below 1e-7, which Keras' torch backend clips and TensorFlow does not.
        "Input(5) -> Dense(4, softmax, kernel_initializer=RandomNormal(0, 30))\n"
        "compile(sgd, categorical_crossentropy)",
        "Input(5) -> Dense(3)\ncompile(RMSprop(0.01, decay=0.1), mse)\nfit(precision=bf16)",
        # Weights of samples, and of the steps of masked sequences.
        """
        model m {
          x = Input(6)
          one = x -> Dense(1, sigmoid)
          two = x -> Dense(2)
          outputs(one, two)
        }
        compile(adam, {one: binary_crossentropy, two: mse}, weighted_metrics={two: [mae]})
        fit(sample_weight=w, validation_split=0.2)
        """,
        "Input(5, dtype=int32) -> Embedding(9, 4, mask_zero=True) -> LSTM(3, return_sequences=True)"
        " -> Dense(3, softmax)\ncompile(sgd, categorical_crossentropy, weighted_metrics=[acc])\n"
        "fit(sample_weight=w)",
        "Input(5) -> Dense(3)\ncompile(sgd, mse, weighted_metrics=[R2Score()])\n"
        "fit(sample_weight=w)",
        "Input(4, 3, 2) -> Dense(5) -> Permute([3, 1, 2]) -> Softmax(axis=1)\n"
        "compile(sgd, SparseCategoricalCrossentropy(axis=1))",
        "Input(6, 4) -> Dense(3) -> Softmax(axis=1)\n"
        "compile(sgd, CategoricalCrossentropy(axis=1), metrics=[mae])\nfit(sample_weight=w)",
        "LSTM(4, stateful=True, batch_input_shape=(10, 5, 3)) -> Dense(1)\ncompile(sgd, mse)\n"
        "fit(batch_size=10, shuffle=False)\ndata random(20, test=0)",
    ],
)
def test_equal_models(verify: Verify, spec: str) -> None:
    assert "steps of" in verify(spec).stdout.splitlines()[-1]


@pytest.fixture
def single() -> Iterator[None]:
    """Let Keras make models in float32, as it does for everyone else."""
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    yield
    compute_in_float64()


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
@pytest.mark.usefixtures("single")
def test_saved_models(verify: Verify, name: str) -> None:
    layers = keras.layers
    x = keras.Input((9, 9, 2))
    y = layers.Conv2D(4, 3, activation="relu", name="first")(x)
    y = layers.BatchNormalization()(layers.MaxPooling2D()(y))
    z = layers.Dense(3, activation="softmax", name="last")(layers.Flatten()(y))
    model = keras.Model(x, z)
    model.set_weights([0.3 + 0.5 * np.random.default_rng(0).random(w.shape) for w in model.weights])
    model.compile("adam", "categorical_crossentropy")
    model.save(name)
    compute_in_float64()
    result = verify("", path=name)
    lines = result.stdout.splitlines()
    assert "as saved" in lines[2]
    assert lines[-1] == "equal to Keras before and after 4 steps of Adam"


@pytest.mark.usefixtures("single")
def test_weights_that_are_read_wrongly(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="square")])
    model.save("m.keras")
    compute_in_float64()
    original = saved.in_order

    def transposed(*args: Any, **options: Any) -> list[Any]:
        return [array.T for array in original(*args, **options)]

    monkeypatch.setattr(saved, "in_order", transposed)
    result = verify("", path="m.keras", status=1)
    assert "`output square` is the first to diverge from Keras: its value of the saved" in (
        result.stderr
    )


def test_what_is_random_is_only_compared_in_inference(verify: Verify) -> None:
    result = verify("Input(8, 8, 3) -> RandomFlip(name=flip) -> Flatten() -> Dense(2)")
    assert "note: `flip` draws random numbers in training" in result.stderr
    assert result.stdout.endswith("equal to Keras in inference\n")
    assert "training" not in result.stdout


def test_what_the_torch_backend_gets_wrong_is_said(verify: Verify) -> None:
    result = verify("Input(9, 9, 2) -> AveragePooling2D(3, 2, same) -> Flatten() -> Dense(2)")
    assert "note: `average_pooling2d` is compared with TensorFlow and JAX: the" in result.stderr


def test_a_model_without_weights(verify: Verify) -> None:
    result = verify("Input(5, 5, 1) -> MaxPooling2D(2) -> Flatten()")
    assert "no weight is trainable" in result.stderr
    assert result.stdout.endswith("equal to Keras in inference\n")


# ------------------------------------------------------------------------- planted errors


def wrap(monkeypatch: pytest.MonkeyPatch, cls: type, method: str, change: Any) -> None:
    """Let `change` alter what a method of the catalogue returns."""
    original = getattr(cls, method)
    monkeypatch.setattr(cls, method, lambda self, *args: change(self, original(self, *args)))


def test_a_wrong_lowering(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    wrap(monkeypatch, LayerNormalization, "lower", lambda _, text: f"({text} + 0.25)")
    result = verify(BLOCKS, status=1)
    assert result.stderr.startswith(
        "error: m.kdsl:1:37: `normed/norm` (LayerNormalization) is the first to diverge from Keras:"
        " the output in inference is 0.1"
    )
    table = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    assert ">" not in table["normed/dense"].split("Dense")[1].split("  ")[1]
    assert "> 2e-01" in table["normed/norm"] or "> 1e-01" in table["normed/norm"]


def test_a_wrong_place_for_a_weight(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    def untransposed(layer: Any, weights: Any) -> Any:
        if weights[0].shape == (6, 6):  # a square kernel fits either way
            object.__setattr__(weights[0], "layout", Layout())
        return weights

    wrap(monkeypatch, Dense, "weights", untransposed)
    spec = "Input(7) -> Dense(5, relu) -> Dense(6) -> Dense(6, tanh) -> Dense(2)"
    result = verify(spec, status=1)
    assert "m.kdsl:1:43: `dense_2` (Dense) is the first to diverge" in result.stderr


def test_a_wrong_gradient(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    wrap(monkeypatch, ReLU, "lower", lambda _, text: f"{text}.detach() + 0 * {text}")
    result = verify("Input(7) -> Dense(5) -> Dense(4, relu) -> Dense(2)", status=1)
    assert (
        "`dense_1` (Dense) is the first to diverge from Keras:"
        " the gradient of its `bias` in inference is" in result.stderr
    )


def test_a_wrong_optimizer(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    again = Line("p.sub_(g, alpha=1e-3)")
    wrap(monkeypatch, Optimizer, "lower", lambda _, code: replace(code, step=(*code.step, again)))
    result = verify("Input(7) -> Dense(5, relu) -> Dense(2)", status=1)
    # Loss and weights agree until the first update.
    assert "`loss` is the first to diverge from Keras: its value in step 2 is" in result.stderr


def test_wrong_statistics(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    text = read_text("templates/helpers/BatchNorm.py")
    wrong = text.replace("rate = 1 - self.momentum", "rate = 0.02 * self.momentum")
    assert wrong != text
    monkeypatch.setattr(
        "kgen.backends.assemble.read_text",
        lambda path: wrong if path.endswith("/BatchNorm.py") else read_text(path),
    )
    helper.cache_clear()
    try:
        result = verify("Input(7) -> Dense(5) -> BatchNormalization() -> Dense(2)", status=1)
    finally:
        helper.cache_clear()
    assert "`batch_normalization` (BatchNormalization) is the first" in result.stderr
    assert "the updated `moving_" in result.stderr


# ------------------------------------------------------------------------------ complaints


def test_errors_of_the_spec(verify: Verify) -> None:
    assert "error[K302]" in verify("Input(8) -> Conv2D(8, 3)", status=1).stderr


def test_missing_packages(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    gone = ("keras", "h5py")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in gone else find(name)
    )
    result = verify(BLOCKS, status=1)
    assert result.stderr == "error: verify needs keras, h5py: pip install 'kgen[verify]'\n"


def test_a_layer_that_needs_tensorflow(verify: Verify) -> None:
    spec = "Input(4) -> Discretization(num_bins=5) -> CategoryEncoding(5, count) -> Dense(2)"
    assert "Keras' torch backend cannot run this model: " in verify(spec, status=1).stderr


def test_other_commands_do_not_import_it(tmp_path: Path) -> None:
    (tmp_path / "m.kdsl").write_text("Input(8) -> Dense(2)\n")
    code = """
import sys
from kgen.cli import cli
try:
    cli(["check", "m.kdsl"])
finally:
    print([name for name in sys.modules if "verify" in name])
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.endswith("['kgen.cli.verifying']\n"), done.stdout


def test_differences_are_relative_and_see_shapes() -> None:
    assert difference(np.array([1000.0, 1.0]), np.array([1000.0, 2.0])) == 1e-3
    assert difference(np.zeros(2), np.zeros(3)) == float("inf")
    assert difference(np.array([np.nan]), np.array([np.nan])) == 0
    assert difference(np.array([np.nan]), np.array([1.0])) == float("inf")


def test_what_keras_cannot_train(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError(
            "Exception encountered when calling Conv.call().\n\n\x1b[1mgrad_weight "
            "needs to be contiguous\x1b[0m\n\nArguments received by Conv.call():\n  args=()"
        )

    monkeypatch.setattr(keras.Model, "train_on_batch", fails)
    message = "cannot train this model: grad_weight needs to be contiguous\n"
    assert (
        f"error: Keras' torch backend {message}" in verify("Dense(2, input_dim=4)", status=1).output
    )


KEPT_APART = [
    # Branches in a model that `TimeDistributed` applies.
    """
    block residual() { [input, input -> Dense(4, relu)] -> Add() }
    Input((5, 4)) -> TimeDistributed(residual()) -> GRU(3) -> Dense(2)
    """,
    # A call of Keras for each step: masks, statistics, states.
    """
    model text = Input((4, 3)) -> BatchNormalization(momentum=0.8) -> GRU(3)
    model main =
      Input((5, 4), dtype=int32) -> Embedding(3, 3, mask_zero=True) -> TimeDistributed(text)
      -> GlobalMaxPooling1D() -> Dense(2)
    """,
    """
    Input((3, 5, 4), batch_size=8) -> TimeDistributed(Dense(3) -> GRU(3, stateful=True))
      -> TimeDistributed(SpectralNormalization(Dense(2))) -> Flatten() -> Dense(2)
    fit(batch_size=8, shuffle=False)
    """,
    # What has no precision of its own.
    "Input((8, 8, 3), dtype=uint8) -> Rescaling(1 / 255) -> Conv2D(2, 3) -> Flatten() -> Dense(2)",
    "Input(8, dtype=int32) -> Dense(2)",
    # Defaults that Keras does not have; one filter.
    "Input((8, 8, 3)) -> AveragePooling2D() -> Conv2D(1, 3) -> Flatten() -> Dense(1)",
    # Several tensors for one small function, in the words of `keras.backend`.
    """
    x = Input(6)
    y = x -> Dense(6)
    [x, y] -> Lambda(x, y: clip(x * y, min_value=-1, max_value=1)) -> Dense(2)
    """,
    # Lengths that are left open, in inputs and in targets.
    """
    a = Input((None, 4))
    b = Input((None, 3))
    y, h, c = a -> LSTM(5, return_state=True)
    b -> LSTM(5, return_sequences=True, initial_state=[h, c]) -> Dense(3, softmax)
    compile(adam, categorical_crossentropy, metrics=[accuracy])
    """,
    # One loss for two outputs: there is nothing to tell apart.
    """
    x = Input(4)
    first = x -> Dense(2)
    second = x -> Dense(1)
    outputs(first, second)
    compile(adam, [mse, None], metrics=[[mae], [mae]])
    """,
    # Numbers that float32 does not have.
    "Input(3) -> Normalization(mean=[0.1, 0.2, 0.3], variance=[1.1, 1.2, 1.3]) -> Dense(2)",
    # A layer that overwrites its own kernel, twice in a step.
    "kernel = SpectralNormalization(Dense(4))\nInput(4) -> kernel -> kernel",
]


@pytest.mark.parametrize("spec", KEPT_APART)
def test_what_needs_care_on_either_side(verify: Verify, spec: str) -> None:
    assert "\nequal to Keras before and after 4 steps" in verify(spec).stdout
