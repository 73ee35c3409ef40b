"""Random changes of images: with the draws put into Keras' layers the results are Keras'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text

from .oracle import keras, load_script
from .test_augmentation import entry, helpers

Draws = Callable[[torch.Tensor, Any], Any]
N, H, W = 6, 11, 8


@pytest.fixture(autouse=True)
def float_one_hot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one-hot rows be floats, as they are with every other backend of Keras."""
    from keras.src.backend.torch import nn

    one_hot = nn.one_hot
    monkeypatch.setattr(nn, "one_hot", lambda x, n: one_hot(x, n, dtype="float32"))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (N, H, W, 3)).astype("float32")


def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
    return torch.empty(*shape).uniform_(low, high)


def hue(x: torch.Tensor, layer: Any) -> Any:
    turn = uniform(*layer.factor, N, 1, 1) / 2
    turn = torch.where(torch.rand_like(turn) > 0.5, -turn, turn)
    return {"factor": turn.flatten()}


def saturation(x: torch.Tensor, layer: Any) -> Any:
    factor = uniform(*layer.factor, N)
    return {"factor": factor / (1 - factor + 1e-7)}


def factor(x: torch.Tensor, layer: Any) -> Any:
    return {"factor": uniform(*layer.factor, N, 1, 1, 1)}


def changed(layer: Any) -> torch.Tensor:
    chances = uniform(*layer.factor, N, 1, 1, 1)
    return (torch.rand_like(chances) < chances).flatten()


def gray(x: torch.Tensor, layer: Any) -> Any:
    return torch.rand(N, 1, 1, 1) < layer.factor


def invert(x: torch.Tensor, layer: Any) -> Any:
    return {"apply_inversion": changed(layer)}


def posterize(x: torch.Tensor, layer: Any) -> Any:
    low, high = layer.factor
    bits = torch.randint(low, max(high, low + 1), (N, 1, 1, 1))
    return {"shift_factor": (8 - bits).flatten().to(torch.uint8)}


def blur(x: torch.Tensor, layer: Any) -> Any:
    return {
        "should_apply_blur": changed(layer),
        "blur_factor": uniform(*layer.sigma, 2) + 1e-6,
    }


def solarize(x: torch.Tensor, layer: Any) -> Any:
    parts = []
    for low, high in (layer.addition_factor, layer.threshold_factor):
        parts.append(uniform(low, 255 * high, N, 1, 1, 1))
    return {"additions": parts[0], "thresholds": parts[1]}


def shear(x: torch.Tensor, layer: Any) -> Any:
    sign = torch.ones(N).where(torch.rand(N) <= 0.5, -1)
    both = [uniform(*layer.x_factor, N) * sign, uniform(*layer.y_factor, N) * sign]
    return {"shear_factor": torch.stack(both, 1), "input_shape": (N, H, W, 3)}


def perspective(x: torch.Tensor, layer: Any) -> Any:
    apply = changed(layer)
    corners = torch.tensor([[0.0, 0], [W - 1, 0], [0, H - 1], [W - 1, H - 1]]).expand(N, 4, 2)
    moved = corners + corners * uniform(-0.5, 0.5, N, 4, 2) * layer.scale
    return {"apply_perspective": apply, "start_points": corners, "end_points": moved}


def erase(x: torch.Tensor, layer: Any) -> Any:
    sides = uniform(*layer.scale, 2, N).sqrt()
    bounds = []
    for size, share in ((H, sides[1]), (W, sides[0])):
        length = (share * size)[:, None]
        start = (torch.rand_like(length) * (size - length)).flatten()
        bounds.append((start, start + length.flatten()))
    (y0, y1), (x0, x1) = bounds
    box = layer._generate_batch_mask((N, H, W, 3), (x0, x1, y0, y1))
    apply = changed(layer)
    fill = layer.fill_value
    noise = torch.randn_like(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1) * layer.value_range[1]
    fill = noise if fill is None else torch.ones(N, H, W, 3) * torch.tensor(fill)
    fill = fill.clamp(*layer.value_range)
    return {"apply_erasing": apply, "batch_masks": box, "fill_value": fill}


def nothing(x: torch.Tensor, layer: Any) -> Any:
    return None


ROWS: list[tuple[str, Draws]] = [
    ("RandomHue(0.8)", hue),
    ("RandomHue((0.2, 0.9), value_range=(0, 300))", hue),
    ("RandomSaturation(0.7)", saturation),
    ("RandomSaturation((0.3, 0.9))", saturation),
    ("RandomSharpness(1.0)", factor),
    ("RandomSharpness((0.6, 0.9), value_range=(20, 200))", factor),
    ("RandomColorDegeneration(0.5)", factor),
    ("RandomColorDegeneration((0.2, 1.0), value_range=(0, 100))", factor),
    ("RandomGrayscale(0.6)", gray),
    ("RandomInvert(0.9)", invert),
    ("RandomInvert((1, 1), value_range=(0, 300))", invert),
    ("RandomPosterization(6)", posterize),
    ("RandomPosterization((3, 3), value_range=(0, 510))", posterize),
    ("RandomGaussianBlur()", blur),
    ("RandomGaussianBlur((0.5, 1), kernel_size=7, sigma=(0.5, 0.9))", blur),
    ("Solarization()", solarize),
    ("Solarization(0.3, (0.2, 0.9), value_range=(-10, 300))", solarize),
    ("AutoContrast()", nothing),
    ("AutoContrast(value_range=(-100, 400))", nothing),
    ("Equalization()", nothing),
    ("Equalization(value_range=(-20, 300), bins=16)", nothing),
    ("ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(1, 4))", nothing),
    (
        "ContrastLimitedAdaptiveHistogramEqualization(value_range=(-10, 280), clip_limit=1.5, "
        "tile_grid_size=(11, 2))",
        nothing,
    ),
    (
        "ContrastLimitedAdaptiveHistogramEqualization(clip_limit=0, tile_grid_size=(1, 1))",
        nothing,
    ),
    ("RandomShear((0.1, 0.4), (0.0, 0.2))", shear),
    ("RandomShear((0.1, 0.3), fill_mode=constant, fill_value=9.0)", shear),
    ("RandomPerspective()", perspective),
    ("RandomPerspective((0.5, 1), scale=0.5, fill_value=9.0)", perspective),
    ("RandomErasing()", erase),
    ("RandomErasing((1, 1), scale=(0.2, 0.6), fill_value=7.0)", erase),
    ("RandomErasing((0.5, 1), scale=0.5, fill_value=[1.0, 2.0, 300.0])", erase),
]


def built(made: Any) -> Any:
    """Return the module of an entry."""
    helper = getattr(made, "helper", "") or type(made).__name__
    return eval(f"{helper}({made.options()})", helpers(helper))


@pytest.mark.parametrize(("layer", "draws"), ROWS, ids=[row[0] for row in ROWS])
def test_the_same_draws_give_the_same_images(layer: str, draws: Draws, images: np.ndarray) -> None:
    made = entry(layer)
    module = built(made)
    theirs = getattr(keras.layers, type(made).__name__)(**made.config(), dtype="float32")
    x = torch.from_numpy(images)
    torch.manual_seed(1)
    ours = module(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    torch.manual_seed(1)
    expected = theirs.transform_images(x, draws(x, theirs), training=True)
    off = (ours - expected).abs()
    exact = "Poster" in layer or "Equal" in layer  # a pixel on the border of two values
    assert (off > 1e-2).float().mean() < (2e-3 if exact else 1e-9), off.max()
    if type(made).__name__ in ("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization"):
        return  # they are for inference, too
    assert torch.equal(module.eval()(x), x)


ALL = [row[0] for row in ROWS[::2]] + [
    "RandomColorJitter(brightness_factor=0.2, contrast_factor=0.2, hue_factor=0.1)",
    "RandomElasticTransform()",
    "RandAugment(factor=0.3)",
    "AugMix()",
    "AugMix(all_ops=False, num_chains=2)",
    "Pipeline([RandomFlip(), RandomHue(0.1)])",
]


@pytest.mark.parametrize("layer", ALL)
def test_in_a_model_and_in_a_chain(layer: str, images: np.ndarray, tmp_path: Path) -> None:
    text = build_text(f"Input({H}, {W}, 3) -> {layer}\ncompile(loss=mse)").script
    model = load_script(text, tmp_path).Model()
    x = torch.from_numpy(images)
    out = model.train()(x)
    assert out.shape == x.shape
    assert out.isfinite().all()
    if "Contrast" not in layer.split("(")[0]:
        assert torch.equal(model.eval()(x), x)
    chain = (
        f"Input({H}, {W}, 3) -> Flatten() -> Dense(2)\ndata random(9, augment = {layer})"
        "\ncompile(loss=mse)"
    )
    assert "Augment" in build_text(chain).script


def test_tiles_beyond_the_edge_mirror_the_image(images: np.ndarray) -> None:
    """Keras says so, and does so with TensorFlow; its torch backend repeats the edge."""
    made = entry("ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(4, 3))")
    ours = built(made)(torch.from_numpy(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    padded = np.pad(images, [(0, 0), (0, 1), (0, 1), (0, 0)], mode="symmetric")
    theirs = keras.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(4, 3))
    expected = np.asarray(theirs(padded).cpu())[:, :H, :W]
    assert np.abs(ours.numpy() - expected).max() < 1e-2


def test_one_number_shears_either_way() -> None:
    assert entry("RandomShear(0.4, 0.2)").ranges() == [(-0.4, 0.4), (-0.2, 0.2)]


def test_a_window_of_two_sizes_is_width_and_height(images: np.ndarray) -> None:
    """Keras' backends disagree; this is what it computes with JAX."""
    made = entry("RandomGaussianBlur((1, 1), kernel_size=(3, 7), sigma=(0.8, 0.8))")
    ours = built(made)(torch.from_numpy(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    across, down = (np.exp(-0.5 * (np.arange(-n, n + 1) / 0.8) ** 2) for n in (1, 3))
    kernel = np.outer(down, across) / (down.sum() * across.sum())
    padded = np.pad(images, [(0, 0), (3, 3), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 3), axis=(1, 2))
    expected = (windows * kernel).sum((-2, -1)).clip(0, 255)
    assert np.abs(ours.numpy() - expected).max() < 1e-3


def test_channels_first(images: np.ndarray, tmp_path: Path) -> None:
    spec = f"Input(3, {H}, {W}) -> RandomHue((0.5, 0.5), data_format=channels_first)"
    model = load_script(build_text(f"{spec}\ncompile(loss=mse)").script, tmp_path).Model()
    x = torch.from_numpy(images)
    torch.manual_seed(1)
    first = model(x.permute(0, 3, 1, 2))
    torch.manual_seed(1)
    last = load_script(
        build_text(f"Input({H}, {W}, 3) -> RandomHue((0.5, 0.5))\ncompile(loss=mse)").script,
        tmp_path,
    ).Model()(x)
    assert torch.equal(first.permute(0, 2, 3, 1), last)


def test_rand_augment_draws_from_all_changes(images: np.ndarray) -> None:
    made = entry("RandAugment(factor=0.5)")
    module = eval(made.constructor(), helpers("RandAugment", *names(made)))
    theirs = keras.layers.RandAugment(factor=0.5)
    assert sorted(names(made)) == sorted(
        type(getattr(theirs, name)).__name__ for name in theirs._AUGMENT_LAYERS
    )
    assert len(module.changes) == 11
    for change in module.changes:
        assert change(torch.from_numpy(images).permute(0, 3, 1, 2)).isfinite().all()


@pytest.mark.parametrize("all_ops", [True, False])
def test_aug_mix_draws_from_all_changes(all_ops: bool) -> None:
    made = entry(f"AugMix(all_ops={all_ops})")
    theirs = keras.layers.AugMix(all_ops=all_ops)
    assert sorted(names(made)) == sorted(
        type(getattr(theirs, name)).__name__ for name in theirs._augment_layers
    )


def names(made: Any) -> list[str]:
    """Return the classes of the changes that a mixture draws from."""
    import re

    return [n for n in re.findall(r"(\w+)\(", made.options()) if n[0].isupper()]


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("CutMix((-0.2, 1))", "K203"),
        ("MixUp(0.0)", "K203"),
        ("RandomHue(1.2)", "K203"),
        ("RandomPosterization(9)", "K203"),
        ("RandomGaussianBlur(kernel_size=4)", "K203"),
        ("RandomErasing(fill_value=[1.0, 2.0, 3.0], data_format=channels_first)", "K501"),
        ("RandomErasing(fill_value=[1.0, 2.0])", "K203"),
        ("RandomElasticTransform(fill_mode=mirror)", "K203"),
    ],
)
def test_refused(layer: str, code: str) -> None:
    assert [e.code for e in check_text(f"Input(8, 8, 3) -> {layer}").errors] == [code]


def test_two_channels_have_no_hue() -> None:
    assert [e.code for e in check_text("Input(8, 8, 2) -> RandomHue(0.2)").errors] == ["K302"]
