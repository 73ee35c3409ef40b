"""Random image layers: with the draw forced they equal Keras'; the draws have its range."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from kgen.api import build_text, check_text
from kgen.backends.assemble import with_helpers
from tests.parity.oracle import keras, load_script

FILL_MODES = ("constant", "reflect", "wrap", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


def helpers(*names: str) -> dict[str, Any]:
    """Return helpers of the generated scripts by name."""
    text = "\n\n".join(with_helpers([", ".join(names)]))
    space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "math": math, "Tensor": torch.Tensor}
    exec(compile(text, "helpers", "exec"), space)
    return space


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (6, 11, 8, 3)).astype("float32")


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_resampling_is_keras_affine_transform(fill_mode: str, interpolation: str) -> None:
    rng = np.random.default_rng(1)
    images = rng.normal(size=(40, 9, 12, 2)).astype("float32")
    # Turned, sheared, scaled, and moved far beyond the edges.
    matrix = rng.normal(size=(40, 2, 3)) * [1.0, 1.0, 20.0]
    matrix = matrix.astype("float32")
    flat = np.concatenate([matrix.reshape(40, 6), np.zeros((40, 2), "float32")], 1)
    theirs = keras.ops.image.affine_transform(
        images, flat, interpolation, fill_mode, 0.7, data_format="channels_last"
    )
    ours = helpers("resample")["resample"](
        torch.from_numpy(images).permute(0, 3, 1, 2),
        torch.from_numpy(matrix),
        fill_mode,
        interpolation,
        0.7,
    )
    off = np.abs(ours.permute(0, 2, 3, 1).numpy() - np.asarray(theirs.cpu()))
    # A position on the border between two pixels may be rounded to either.
    assert np.quantile(off, 0.999) < 2e-4
    assert (off > 2e-4).mean() < (1e-3 if interpolation == "nearest" else 1e-9)


FORCED = [
    "RandomRotation((0.13, 0.13){})",
    "RandomRotation((-0.4, -0.4){})",
    "RandomTranslation((0.21, 0.21), (-0.37, -0.37){})",
    "RandomTranslation((-0.9, -0.9), (0.1, 0.1){})",
    "RandomZoom((0.27, 0.27){})",
    "RandomZoom((-0.4, -0.4), (0.25, 0.25){})",
]
CONTRAST = ["RandomContrast((0.3, 0.6))", "RandomContrast(0.2, value_range=(20, 90))"]
BRIGHTNESS = [
    "RandomBrightness((0.2, 0.2))",
    "RandomBrightness((-0.3, -0.3), value_range=(-1, 100))",
]


def entry(layer: str) -> Any:
    """Return a layer of a spec as kgen's entry."""
    text = f"Input(None, None, 3) -> {layer}\ncompile(loss=mse)"
    typed = check_text(text).typed
    assert typed is not None
    return typed.graph.nodes[-1].node.instance.layer


def ours_and_theirs(layer: str, images: np.ndarray) -> tuple[Any, Any]:
    """Return what the script's module and Keras make of images in training mode."""
    made = entry(layer)
    name = type(made).__name__
    module = eval(f"{name}({made.options()})", helpers(name))
    tensor = torch.from_numpy(images)
    first = made.data_format == "channels_first"
    ours = module(tensor if first else tensor.permute(0, 3, 1, 2))
    theirs = getattr(keras.layers, name)(**made.config())(images, training=True)
    ours = ours if first else ours.permute(0, 2, 3, 1)
    return ours.numpy(), np.asarray(theirs.cpu())


def forced_rows() -> list[str]:
    rows = []
    for layer, fill, how in itertools.product(FORCED, FILL_MODES, INTERPOLATIONS):
        more = f", fill_mode={fill}, interpolation={how}"
        rows.append(layer.format(more + (", fill_value=7.5" if fill == "constant" else "")))
    return rows


@pytest.mark.parametrize("layer", forced_rows())
def test_forced_draws_equal_keras(layer: str, images: np.ndarray) -> None:
    ours, theirs = ours_and_theirs(layer, images)
    off = np.abs(ours - theirs)
    if "nearest)" in layer or "interpolation=nearest" in layer:
        assert (off > 1e-2).mean() < 0.02  # rounded to the other neighbour
    else:
        assert off.max() < 1e-2  # of 255, from positions in single precision


@pytest.mark.parametrize("layer", BRIGHTNESS)
def test_brightness_equals_keras(layer: str, images: np.ndarray) -> None:
    ours, theirs = ours_and_theirs(layer, images)
    assert np.abs(ours - theirs).max() < 1e-3


@pytest.mark.parametrize("layer", CONTRAST)
def test_contrast_equals_keras(layer: str, images: np.ndarray) -> None:
    """A pair (a, b) means 1 - a to 1 + b, never one value: so the draw is put in."""
    made = entry(layer)
    module = eval(f"RandomContrast({made.options()})", helpers("RandomContrast"))
    theirs = keras.layers.RandomContrast(**made.config())
    low, high = 1 - theirs.factor[0], 1 + theirs.factor[1]
    assert module.factor == pytest.approx((low, high))
    middle = (low + high) / 2
    module.factor = (middle, middle)
    draw = {"contrast_factor": torch.full((len(images), 1, 1, 1), middle)}
    expected = theirs.transform_images(torch.from_numpy(images), draw, training=True)
    ours = module(torch.from_numpy(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert (ours - expected.cpu()).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("size", "window"),
    [((3, 9), (4, 5)), ((8, 5), (4, 5)), ((4, 9), (4, 5)), ((8, 4), (4, 5)), ((2, 2), (4, 5))],
)
def test_small_images_are_cropped_as_in_keras(
    size: tuple[int, int], window: tuple[int, int]
) -> None:
    images = np.random.default_rng(2).uniform(0, 1, (3, *size, 2)).astype("float32")
    ours, theirs = ours_and_theirs(f"RandomCrop({window[0]}, {window[1]})", images)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-6


def test_a_crop_is_one_window_of_all_images(tmp_path: Any) -> None:
    pixels = np.arange(80, dtype="float32").reshape(1, 8, 10, 1).repeat(5, 0)
    script = build_text("Input(8, 10, 1) -> RandomCrop(3, 4)\ncompile(loss=mse)").script
    model = load_script(script, tmp_path).Model().train()
    starts = set()
    for _ in range(900):  # one of the 42 windows is missed once in 10^8 runs
        out = model(torch.from_numpy(pixels))
        assert out.shape == (5, 3, 4, 1)
        assert (out == out[:1]).all()
        start = int(out[0, 0, 0, 0])
        rows, columns = np.arange(3)[:, None] + start // 10, np.arange(4) + start % 10
        assert (out[0, :, :, 0].numpy() == rows * 10 + columns).all()
        starts.add(divmod(start, 10))
    assert starts == set(itertools.product(range(6), range(7)))


@pytest.mark.parametrize(
    ("mode", "axes"),
    [("horizontal", (2,)), ("vertical", (1,)), ("horizontal_and_vertical", (1, 2))],
)
def test_flips_are_all_or_nothing(mode: str, axes: tuple[int, ...], tmp_path: Any) -> None:
    images = np.random.default_rng(3).normal(size=(200, 3, 4, 2)).astype("float32")
    script = build_text(f"Input(3, 4, 2) -> RandomFlip({mode})\ncompile(loss=mse)").script
    out = load_script(script, tmp_path).Model().train()(torch.from_numpy(images)).numpy()
    same = (out == images).all((1, 2, 3))
    flipped = (out == np.flip(images, axes)).all((1, 2, 3))
    assert (same ^ flipped).all()
    assert 60 < flipped.sum() < 140
    theirs = np.asarray(keras.layers.RandomFlip(mode)(images, training=True).cpu())
    there = (theirs == images).all((1, 2, 3)) ^ (theirs == np.flip(images, axes)).all((1, 2, 3))
    assert there.all()


EVERY = [
    "RandomFlip()",
    "RandomRotation(0.2)",
    "RandomZoom(0.2)",
    "RandomTranslation(0.1, 0.2)",
    "RandomContrast(0.3)",
    "RandomBrightness(0.2)",
]


@pytest.mark.parametrize("layer", [*EVERY, "RandomCrop(4, 4)"])
def test_nothing_happens_outside_of_training(layer: str, images: np.ndarray, tmp_path: Any) -> None:
    script = build_text(f"Input(11, 8, 3) -> {layer}\ncompile(loss=mse)").script
    model = load_script(script, tmp_path).Model().eval()
    assert (model(torch.from_numpy(images)).numpy() == images).all()


@pytest.mark.parametrize("layer", EVERY[1:])
def test_every_image_has_its_own_draw(layer: str, images: np.ndarray, tmp_path: Any) -> None:
    script = build_text(f"Input(11, 8, 3) -> {layer}\ncompile(loss=mse)").script
    model = load_script(script, tmp_path).Model().train()
    same = torch.from_numpy(images[:1].repeat(6, 0))
    out = model(same)
    assert len({o.numpy().tobytes() for o in out}) == 6


@pytest.mark.parametrize("layer", ["RandomRotation", "RandomBrightness", "RandomContrast"])
@pytest.mark.parametrize("factor", [0.2, (0.1, 0.3), (0.3, 0.1), 1.0, 0.0])
def test_factors_mean_what_they_mean_in_keras(layer: str, factor: Any) -> None:
    from kgen.catalogue.families import LAYERS

    cls = LAYERS.find(layer)
    assert cls is not None
    assert cls(factor=factor).factor == pytest.approx(getattr(keras.layers, layer)(factor).factor)


@pytest.mark.parametrize("layer", ["RandomRotation((0.1, 0.1)", "RandomZoom((0.2, 0.2)"])
def test_channels_first(layer: str, images: np.ndarray) -> None:
    first = images.transpose(0, 3, 1, 2).copy()
    ours, theirs = ours_and_theirs(f"{layer}, data_format=channels_first)", first)
    assert np.abs(ours - theirs).max() < 1e-2
