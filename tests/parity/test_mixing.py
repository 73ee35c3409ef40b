"""MixUp and CutMix: with the draws put in they equal Keras'; the draws are distributed alike.

In an `augment` chain they mix the labels with the images, and a training on such batches is that
of Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from kgen.api import Build, build_text
from kgen.verify.entries import compile_model
from kgen.verify.pair import as_keras, tensors_of
from kgen.verify.reference import KerasModel
from tests.parity.oracle import difference, keras, load_script

MODEL = "Input(6, 5, 2) -> Conv2D(3, 2) -> Flatten() -> Dense(4, softmax)\n"
TRAIN = "compile(Adam(0.01), {}, metrics=[accuracy, mae])\nfit(epochs=2, batch_size=8, {})\n"
N = 7


def build(layer: str) -> Build:
    loss = TRAIN.format("categorical_crossentropy", "validation_data=test")
    return build_text(f"{MODEL}{loss}data random(20, test=9, augment = {layer})")


def module(layer: str, tmp_path: Path) -> Any:
    """Return the module that the script has for the only layer of its `augment` chain."""
    augment = load_script(build(layer).script, tmp_path).augment
    return next(iter(augment.children()))


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(N, 6, 5, 2))), torch.from_numpy(rng.random((N, 4)))


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_mix_up_of_a_draw_is_keras(form: str, tmp_path: Path) -> None:
    ours = module(f"MixUp(0.6, data_format={form})", tmp_path)
    images, labels = batch(1)
    other, share = torch.randperm(N), torch.rand(N, dtype=torch.float64)
    ours.draw = lambda _: (other, share)
    theirs = keras.layers.MixUp(0.6, dtype="float64", data_format=form)
    draw = {"permutation_order": other, "mix_weight": share}
    got = ours(images, labels)
    assert difference(got[0].numpy(), theirs.transform_images(images, draw)) < 1e-15
    assert difference(got[1].numpy(), theirs.transform_labels(labels, draw)) < 1e-15


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_cut_mix_of_a_draw_is_keras(form: str, tmp_path: Path) -> None:
    ours = module(f"CutMix(data_format={form})", tmp_path)
    images, labels = batch(2)
    last = form == "channels_last"
    size = torch.tensor([[6.0], [5.0]] if last else [[5.0], [2.0]], dtype=torch.float64)
    starts = torch.rand(2, N, dtype=torch.float64) * size
    ends = starts + torch.rand(2, N, dtype=torch.float64) * (size - starts)
    other = torch.randperm(N)
    ours.draw = lambda _: (other, starts, ends)
    theirs = keras.layers.CutMix(dtype="float64", data_format=form)
    corners = (starts[1], ends[1], starts[0], ends[0])
    masks, weight = theirs._generate_batch_mask(images.shape, corners)
    draw = {"permutation_order": other, "batch_masks": masks, "mix_weight": weight}
    got = ours(images.permute(0, 3, 1, 2) if last else images, labels)
    mixed = got[0].permute(0, 2, 3, 1) if last else got[0]
    assert difference(mixed.numpy(), theirs.transform_images(images, draw)) == 0
    assert difference(got[1].numpy(), theirs.transform_labels(labels, draw)) < 1e-15


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_shares_of_mix_up_are_distributed_as_in_keras(alpha: float, tmp_path: Path) -> None:
    ours = module(f"MixUp({alpha})", tmp_path)
    torch.manual_seed(3)
    images = torch.zeros(4000, 1, 1, 1)
    other, share = ours.draw(images)
    draw = keras.layers.MixUp(alpha, seed=4).get_random_transformation(images)
    assert ks_2samp(share.numpy(), draw["mix_weight"].cpu().numpy()).pvalue > 0.01
    assert sorted(other.tolist()) == list(range(4000))


@pytest.mark.parametrize("factor", ["1.0", "0.5", "(0.3, 0.9)", "(0.9, 0.9)"])
def test_boxes_of_cut_mix_are_distributed_as_in_keras(factor: str, tmp_path: Path) -> None:
    """One parameter is drawn for a batch, and with it the shares of its images."""
    ours = module(f"CutMix({factor})", tmp_path)
    theirs = keras.layers.CutMix(eval(factor), seed=5)
    assert ours.factor == theirs.factor
    torch.manual_seed(6)
    kept, expected = [], []
    for _ in range(400):
        other, starts, ends = ours.draw(torch.zeros(2, 1, 9, 7))
        assert sorted(other.tolist()) == [0, 1]
        assert (starts >= 0).all() and (ends <= torch.tensor([[9.0], [7.0]]) + 1e-5).all()
        height, width = ends - starts
        torch.testing.assert_close(height / 9, width / 7, rtol=1e-4, atol=1e-5)
        kept += (1 - height * width / 63).tolist()
        draw = theirs.get_random_transformation(torch.zeros(2, 9, 7, 1))
        expected += draw["mix_weight"].flatten().tolist()
    assert ks_2samp(kept, expected).pvalue > 0.01


def test_the_chain_hands_labels_along(tmp_path: Path) -> None:
    """Images of one value each tell from what they were mixed; so must the labels."""
    layers = "RandomFlip() -> MixUp(0.7) -> RandomFlip(vertical) -> MixUp(0.7)"
    augment = load_script(build(layers).script, tmp_path).augment
    values = torch.tensor([1.0, 10.0, 100.0, 1000.0])
    images, labels = augment(values[:, None, None, None].expand(4, 6, 5, 2), torch.eye(4))
    assert images.shape == (4, 6, 5, 2)
    assert (images == images[:, :1, :1, :1]).all()
    torch.testing.assert_close(images[:, 0, 0, 0], labels @ values)
    torch.testing.assert_close(labels.sum(1), torch.ones(4))
    assert (labels < 0.999).any(), "nothing was mixed"


@pytest.mark.parametrize("layer", ["MixUp(0.5)", "CutMix()"])
@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse"])
def test_training_on_mixed_labels_equals_keras(layer: str, loss: str, tmp_path: Path) -> None:
    """Keras gets the batches that the script has made, labels included."""
    weights = "" if loss == "mse" else ", class_weight={1: 2}"
    text = MODEL + TRAIN.format(loss, f"validation_data=test{weights}")
    built = build_text(f"{text}data random(20, test=9, augment = {layer})")
    script = load_script(built.script, tmp_path)
    batches: list[tuple[np.ndarray, np.ndarray]] = []
    augment = script.augment.double()

    def recorded(x: torch.Tensor, y: torch.Tensor) -> Any:
        mixed = augment(x, y)
        batches.append(tuple(t.numpy().copy() for t in mixed))  # type: ignore[arg-type]
        return mixed

    script.augment = recorded
    model = script.Model().double()
    reference = KerasModel(built.typed.graph)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        variable.assign(as_keras(placed, tensors_of(model, placed)))
    cfg = script.Config(verbose=0)
    train, test = (
        tuple(t.double() for t in script.prepare(arrays, torch.device("cpu")))
        for arrays in script.load_data(cfg)
    )
    history = script.train(model, train, test, cfg)
    assert len(batches) == 6

    compile_model(reference.model, built.plan)

    def replayed() -> Iterator[tuple[np.ndarray, ...]]:
        for x, y in batches:  # Keras takes no class weights with a generator
            yield x, y, np.where((y.argmax(-1) == 1) & bool(weights), 2.0, 1.0)

    expected = reference.model.fit(
        replayed(),
        steps_per_epoch=3,
        epochs=2,
        verbose=0,
        validation_data=tuple(t.numpy() for t in test),
    ).history
    assert sorted(history) == sorted(expected)
    for name, values in history.items():
        np.testing.assert_allclose(values, expected[name], rtol=2e-6, atol=2e-6, err_msg=name)
    for placed, variable in zip(built.weights, reference.variables, strict=True):
        apart = difference(as_keras(placed, tensors_of(model, placed)), variable.value)
        assert apart < 1e-8, f"{placed.layer}/{placed.weight.name}: {apart:.3g} apart"


@pytest.mark.parametrize("layer", ["MixUp(0.5)", "CutMix(0.7)"])
def test_a_model_mixes_images_alone(layer: str, tmp_path: Path) -> None:
    built = build_text(f"Input(6, 5, 2) -> {layer}\ncompile(loss=mse)")
    assert [d.code for d in built.diagnostics].count("W111") == 1
    model = load_script(built.script, tmp_path).Model()
    images = batch(3)[0].float()
    assert torch.equal(model.eval()(images), images)
    mixed = model.train()(images)
    assert mixed.shape == images.shape and not torch.equal(mixed, images)


def test_an_autoencoder_restores_what_was_augmented(tmp_path: Path) -> None:
    """With `y = x` the inputs of a batch are augmented, and the targets stay as they are."""
    built = build_text(
        "Input(4, 4, 1) -> Conv2D(1, 3, padding=same)\ncompile(sgd, mse)\n"
        "data random(8, y = x, augment = RandomBrightness((0.5, 0.5), value_range=(0, 100)))\n"
        "fit(batch_size=8, shuffle=False)"
    )
    script = load_script(built.script, tmp_path)
    seen = {}
    step = script.train_step

    def watched(model: Any, optimizer: Any, x: torch.Tensor, y: torch.Tensor) -> Any:
        seen.update(x=x, y=y)
        return step(model, optimizer, x, y)

    script.train_step = watched
    cfg = script.Config(verbose=0)
    (data,) = script.prepare(script.load_data(cfg)[0], torch.device("cpu"))[:1]
    script.train(script.Model(), (data, data), cfg)
    torch.testing.assert_close(seen["x"], data + 50)
    assert torch.equal(seen["y"], data)
