"""`weights=` and `Constant` with files: a new training starts from them, as Keras' layer does."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text
from kgen.verify.pair import as_keras, tensors_of
from kgen.verify.reference import KerasModel, listed
from tests.parity.oracle import load_script, numpy, precision

FILE = 'weights="layer.npz"'
LAYERS = (
    f"Input(7) -> Dense(4, {FILE})",
    f"Input(5, 4) -> EinsumDense('abc,cd->abd', (None, 6), bias_axes=d, {FILE})",
    f"Input(9, 8, 3) -> Conv2D(4, (3, 2), {FILE})",
    f"Input(9, 8, 4) -> Conv2D(6, 3, groups=2, use_bias=False, {FILE})",
    f"Input(9, 8, 3) -> DepthwiseConv2D(3, depth_multiplier=2, {FILE})",
    f"Input(9, 8, 3) -> SeparableConv2D(4, 3, {FILE})",
    f"Input(9, 8, 3) -> Conv2DTranspose(4, (2, 3), {FILE})",
    f"Input(6, 8, 3) -> BatchNormalization({FILE})",
    f"Input(6, 4) -> LayerNormalization(trainable=False, {FILE})",
    f"Input(7, 5) -> LSTM(4, {FILE})",
    f"Input(7, 5) -> GRU(4, {FILE})",
    f"Input(7, 5) -> GRU(4, reset_after=False, {FILE})",
    f"Input(7, 5) -> Bidirectional(GRU(4), {FILE})",
    f"Input(7, 5) -> RNN([LSTMCell(4), GRUCell(3)], {FILE})",
    f"Input(5, 6, 7, 3) -> ConvLSTM2D(2, 3, {FILE})",
    f"Input(7, 5) -> TimeDistributed(Dense(4), {FILE})",
    f"Input(7, 6) -> MultiHeadAttention(2, 4, {FILE})",
    f"Input(6, dtype=int32) -> Embedding(9, 4, {FILE})",
    f"Input(7) -> SpectralNormalization(Dense(4), {FILE})",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("spec", LAYERS)
def test_equals_set_weights(spec: str, folder: Path) -> None:
    """The layer stands twice, so that its place counts; Keras' own takes its arrays."""
    rng = np.random.default_rng(len(spec))
    front, _, layer = spec.partition(" -> ")
    if "Embedding" in layer or "MultiHead" in layer:
        layers = f"x = {front}\nx -> {layer}"
    else:
        layers = f"x = {front}\n[x -> {layer.replace(', ' + FILE, '').replace(FILE, '')}, "
        layers += f"x -> {layer}] -> Add()"
    with precision("float32"):
        built = build_text(f"{layers}\ncompile(loss=mse)")
        reference = KerasModel(built.typed.graph)
        nodes = [n for n in built.typed.graph.nodes if n.weights]
        theirs = reference.layers[nodes[-1].node.instance.uid]
        arrays = [rng.random(w.shape, "float32") for w in theirs.get_weights()]
        np.savez("layer.npz", *[a.astype("float64") for a in arrays])
        script = load_script(built.script, folder)
        model = script.Model()
        script.start_from_files(model)
        theirs.set_weights(arrays)
        for placed, variable in zip(built.weights, reference.variables, strict=True):
            if placed.files:
                ours = as_keras(placed, tensors_of(model, placed))
                np.testing.assert_array_equal(ours, numpy(variable.value))
            variable.assign(as_keras(placed, tensors_of(model, placed)))
        kind = built.typed.graph.input_types[0]
        x = rng.standard_normal((3, *kind.shape)).astype("float32")
        x = rng.integers(0, 9, x.shape).astype("int32") if kind.dtype == "int32" else x
        ours = listed(model.eval()(torch.from_numpy(x)))[0]
        expected = listed(reference.model(torch.from_numpy(x), training=False))[0]
        np.testing.assert_allclose(numpy(ours), numpy(expected), rtol=2e-5, atol=2e-5)


TEXT = """
block tower(file) = Dense(4, relu, weights=file) -> Dropout(0.1)
model net = Input(6, dtype=int32)
  -> Embedding(20, 3, embeddings_initializer=Constant("glove.npy"), trainable=False)
  -> Flatten() -> Dense(4) -> tower("tower.npz") -> Dense(4) -> tower("tower.npz")
  -> Dense(4, weights=["kernel.npy", "bias.npy"]) * 2 -> Dense(2)
compile(sgd, mse)
"""


def files(folder: Path) -> dict[str, Any]:
    """Write what the spec reads; return the arrays."""
    rng = np.random.default_rng(4)
    glove, kernel, bias = (rng.standard_normal(s) for s in ((20, 3), (4, 4), (4,)))
    np.save(folder / "glove.npy", glove)
    np.savez(folder / "tower.npz", kernel, bias)
    np.save(folder / "kernel.npy", 2 * kernel)
    np.save(folder / "bias.npy", 2 * bias)
    return {"glove": glove, "kernel": kernel, "bias": bias}


def test_constants_blocks_and_repeats(folder: Path) -> None:
    arrays = files(folder)
    script = load_script(build_text(TEXT).script, folder)
    model = script.Model()
    script.start_from_files(model)
    assert not model.embedding.weight.requires_grad
    np.testing.assert_array_equal(model.embedding.weight, np.float32(arrays["glove"]))
    state = {n: t.detach().numpy() for n, t in model.state_dict().items()}
    factors = [
        (n, f)
        for n, t in state.items()
        for f in (1, 2)
        if n.endswith("weight") and np.array_equal(t, np.float32(f * arrays["kernel"].T))
    ]
    assert [f for _, f in factors] == [1, 1, 2, 2], list(state)
    for name, f in factors:
        bias = state[name.replace("weight", "bias")]
        np.testing.assert_array_equal(bias, np.float32(f * arrays["bias"]))


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "net.py", "--epochs", "1", *arguments],
        capture_output=True, text=True, env={"OMP_NUM_THREADS": "1", "PATH": ""},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_only_a_new_training_needs_the_files(folder: Path) -> None:
    arrays = files(folder)
    (folder / "net.py").write_text(build_text(TEXT).script)
    assert run("--save", "net.safetensors", "--checkpoint", "net.pt")[0] == 0
    script = load_script((folder / "net.py").read_text(), folder)  # reads no file
    model = script.Model()
    script.load_weights(model, "net.safetensors")
    np.testing.assert_array_equal(model.embedding.weight, np.float32(arrays["glove"]))
    for file in folder.glob("*.np[yz]"):
        file.unlink()
    assert run("--weights", "net.safetensors", "--evaluate")[0] == 0
    assert run("--weights", "net.safetensors")[0] == 0
    assert run("--checkpoint", "net.pt", "--epochs", "2")[0] == 0
    for arguments in ((), ("--evaluate",), ("--checkpoint", "new.pt")):
        code, said = run(*arguments)
        assert code == 1
        assert said == "weights of embedding: glove.npy: no such file\n"


def test_files_that_do_not_fit(folder: Path) -> None:
    files(folder)
    (folder / "net.py").write_text(build_text(TEXT).script)
    np.save(folder / "glove.npy", np.ones((21, 3)))
    need = "the layer needs (20, 3)\n"
    assert run()[1] == f"weights of embedding: glove.npy has (21, 3), {need}"
    np.save(folder / "glove.npy", np.full((20, 3), "a"))
    assert run()[1] == f"weights of embedding: glove.npy has <U1, {need}"
    (folder / "glove.npy").write_bytes(pickle.dumps([1]))
    assert run()[1].startswith("weights of embedding: cannot read glove.npy: ")
    np.save(folder / "glove.npy", np.array([Path("x")], dtype=object), allow_pickle=True)
    assert run()[1].startswith("weights of embedding: cannot read glove.npy: Object arrays")
    files(folder)
    np.savez(folder / "tower.npz", np.ones((4, 4)))
    said = run()[1]
    assert said.endswith("tower.npz has (4, 4), the layer needs (4, 4), (4,)\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("layer", "message", "help"),
    [
        (
            "Dense(3, weights=[matrix])",
            "`initial_weights` must be the name of a .npy or .npz file, got [matrix]",
            'save it with `np.save("matrix.npy", matrix)`, and write `"matrix.npy"` here',
        ),
        (
            "Dense(3, kernel_initializer=Constant(matrix))",
            "`value` must be the name of a .npy or .npz file, got `matrix`",
            'save it with `np.save("matrix.npy", matrix)`, and write `"matrix.npy"` here',
        ),
        (
            'Dense(3, weights="kernel.npy")',
            "`weights` of `Dense`: 1 array for 2 weights",
            'put them into one file: `np.savez("weights.npz", *arrays)`, in the order of Keras\' '
            "`get_weights()`",
        ),
        ('ReLU(weights="relu.npz")', "`weights` of `ReLU`: 1 array for 0 weights", ""),
        (
            'Reshape((2, 3)) -> TimeDistributed(Dense(3, weights="a.npz"))',
            "`weights` of `Dense` inside of `TimeDistributed` are not supported",
            "give all of them to the outer layer: `TimeDistributed(..., weights=FILE)`",
        ),
        (
            'Normalization(weights="a.npz") -> Dense(1)',
            "`weights` of `Normalization` are not supported: it takes statistics of the training "
            "data",
            "give it `mean` and `variance`",
        ),
    ],
)
def test_errors(layer: str, message: str, help: str) -> None:
    (error,) = check_text(f"Input(6) -> {layer} -> Dense(2)").errors
    assert error.message == message
    assert list(error.helps) == ([help] if help else [])
