"""Keras runs layers by their depth: shared layers that change come in its order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L

from kgen.backends.kdsl import spec_text
from kgen.backends.weights import arrays_of
from kgen.frontends.keras.weights import needed_weights
from kgen.saved import load
from tests.saved.models import build, import_script, read, shaken


def branches(seed: int) -> Any:
    """Return a model of random branches with a few layers that they share."""
    choose = random.Random(seed)
    x = keras.Input((4,))
    inner = keras.Input((4,))
    norm = L.BatchNormalization(name="inside")
    encoder = keras.Model(inner, norm(L.Dense(4)(norm(inner))), name="encoder")
    shared = [L.BatchNormalization(name="one"), L.BatchNormalization(name="two"), encoder]
    tensors = [layer(x) for layer in shared]
    for _ in range(choose.randint(6, 14)):
        one, other = choose.choice(tensors), choose.choice(tensors)
        kind = choose.random()
        if kind < 0.4:
            tensors.append(choose.choice(shared)(one))
        elif kind < 0.7:
            tensors.append(L.Dense(4)(one))
        else:
            tensors.append(L.Add()([one, other]) if kind < 0.85 else one * other)
    outputs = [tensors[-1], *choose.sample(tensors, 2), L.Add()(tensors)]
    return keras.Model(x, list({id(y): y for y in outputs}.values()), name="net")


def moving(model: Any) -> dict[str, list[Any]]:
    """Return the weights of Keras' normalizations by their names."""
    layers = [layer for layer in model._flatten_layers() if layer.name in ("one", "two", "inside")]
    return {layer.name: layer.get_weights() for layer in layers}


@pytest.mark.parametrize("seed", range(12))
def test_moving_averages_after_a_step(seed: int, folder: Path) -> None:
    model = shaken(branches(seed))
    model.save(folder / "model.keras")
    built, state = build(read(folder / "model.keras"))
    module = import_script(built.script, folder, state)
    net = module.Model()
    module.load_weights(net, str(folder / "weights.safetensors"))
    x = np.random.default_rng(seed).standard_normal((6, 4)).astype("float32")
    net.train()(torch.tensor(x))
    model(x, training=True)
    given = iter(arrays_of(built.weights, {k: v.numpy() for k, v in net.state_dict().items()}))
    found = {
        instance.name: [next(given) for _ in weights]
        for instance, weights in needed_weights(built.typed.graph)
    }
    for name, arrays in moving(model).items():
        for ours, theirs in zip(found[name], arrays, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_block_must_not_change_the_order(folder: Path) -> None:
    """In a spec a block counts as one layer: what would change the order stays unfolded."""
    x = keras.Input((4,))
    shared = L.BatchNormalization(name="shared")

    def unit(y: Any) -> Any:
        return L.ReLU()(L.Dense(4)(y))

    a, b = shared(L.Dense(4, "tanh")(x)), shared(x)
    for activation in ("tanh", "elu", "selu", "gelu", "silu", "softsign", "sigmoid", "relu6"):
        a = L.Dense(4, activation)(a)
    for _ in range(6):
        b = unit(b)
    # `shared(x)` is 13 layers from the output, the other 9; with six blocks it would be 7.
    model = keras.Model(x, [L.Add()([b, a])], name="net")
    (folder / "model.json").write_text(model.to_json())
    loaded = load(read(folder / "model.json"))
    assert loaded.read is not None and loaded.check.typed is not None
    from kgen.api import check_text

    again = check_text(spec_text(loaded.read.model), "model.kdsl")
    assert again.typed is not None
    assert uses(again.typed.graph) == uses(loaded.check.typed.graph) == ["Input", "Dense"]


def uses(typed: Any) -> list[str]:
    """Return what the applications of the shared layer take, in order."""
    found = []
    for node in typed.nodes:
        if node.node.instance.name == "shared":
            producer = typed.by_id[node.node.inputs[0][0]].node.instance.layer
            found.append(type(producer).__name__)
    return found
