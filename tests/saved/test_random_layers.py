"""Layers that draw numbers, saved by Keras and read again: the script is that of the spec."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kgen.api import build_text, check_text
from kgen.catalogue.families import LAYERS
from kgen.catalogue.layers.augmentation import Augmentation
from kgen.verify.reference import KerasModel
from tests.saved.models import assert_equal, build, read, shaken

LAYER_CALLS = (
    "AlphaDropout(0.3)",
    "AugMix(value_range=(0, 1), num_chains=2, chain_depth=2, factor=0.2, all_ops=False)",
    "AutoContrast(value_range=(0, 1))",
    "CenterCrop(4, 5)",
    "ContrastLimitedAdaptiveHistogramEqualization(value_range=(0, 1), clip_limit=3)",
    "CutMix(factor=0.7)",
    "Dropout(0.3, noise_shape=(None, 1, 1, 3))",
    "GaussianDropout(0.3)",
    "GaussianNoise(0.3)",
    "MixUp(alpha=0.3)",
    "RandAugment(value_range=(0, 1), num_ops=3, factor=0.4, interpolation=nearest)",
    "RandomBrightness(0.3, value_range=(0, 1))",
    "RandomBrightness((-0.2, 0.4))",
    "RandomColorDegeneration(0.5, value_range=(0, 1))",
    "RandomColorJitter(brightness_factor=0.2, contrast_factor=0.3, saturation_factor=0.4)",
    "RandomContrast(0.3, value_range=(0, 1))",
    "RandomContrast((0.2, 0.4))",
    "RandomCrop(4, 5)",
    "RandomElasticTransform(factor=0.5, scale=0.7, fill_mode=constant, fill_value=0.3)",
    "RandomErasing(factor=0.5, scale=(0.05, 0.2), fill_value=[1.0, 2.0, 3.0])",
    "RandomFlip(vertical)",
    "RandomGaussianBlur(factor=0.5, kernel_size=5, sigma=(0.5, 0.8))",
    "RandomGrayscale(0.3)",
    "RandomHue((0.1, 0.2), value_range=(0, 1))",
    "RandomInvert(factor=0.5, value_range=(0, 1))",
    "RandomPerspective(factor=0.5, scale=0.4, interpolation=nearest, fill_value=0.1)",
    "RandomPosterization(4)",
    "RandomRotation(0.2, fill_mode=constant, interpolation=nearest, fill_value=0.5)",
    "RandomRotation((-0.1, 0.3))",
    "RandomSaturation((0.2, 0.7))",
    "RandomSharpness(0.5, value_range=(0, 1))",
    "RandomShear(0.2, 0.3, fill_mode=constant)",
    "RandomTranslation(0.1, (-0.2, 0.1), fill_mode=wrap)",
    "RandomZoom((-0.2, 0.1), 0.3, fill_mode=nearest)",
    "Solarization(addition_factor=0.2, threshold_factor=0.3, value_range=(0, 1))",
    "SpatialDropout2D(0.3)",
)


def model_class(script: str) -> str:
    text = script.partition("class Model(nn.Module):")[2].partition("\n\n\n")[0]
    return re.sub(r"\(0, (?=\d+\.)", "(0.0, ", text)


@pytest.mark.parametrize("call", LAYER_CALLS)
def test_the_script_is_that_of_the_spec(call: str, folder: Path) -> None:
    spec = f"Input(8, 8, 3) -> {call} -> GlobalAveragePooling2D() -> Dense(2)"
    check = check_text(spec, "m.kdsl")
    assert check.typed is not None
    KerasModel(check.typed.graph).model.save(folder / "model.keras")
    built, _ = build(read(folder / "model.keras"))
    assert model_class(built.script) == model_class(build_text(spec).script) != ""


def test_no_random_layer_is_left_out() -> None:
    named = {call.partition("(")[0] for call in LAYER_CALLS}
    random = {c.__name__ for c in LAYERS if issubclass(c, Augmentation) and not c.refusal}
    lost = {"Equalization"}  # Keras forgets it: it returns the very tensor that it takes
    assert random - lost <= named


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("around", ["{}", "TimeDistributed({})"])
def test_a_pipeline_is_the_layers_in_it(suffix: str, around: str, folder: Path) -> None:
    layers = around.format("Pipeline([Rescaling(0.5), Dense(4, relu), RandomFlip(), Dense(3)])")
    shape = "2, 6, 6, 3" if around != "{}" else "6, 6, 3"
    check = check_text(f"Input({shape}) -> {layers} -> Flatten() -> Dense(2)", "m.kdsl")
    assert check.typed is not None, check.diagnostics
    model = shaken(KerasModel(check.typed.graph).model)
    model.save(folder / f"model.{suffix}")
    assert_equal(model, read(folder / f"model.{suffix}"), folder)
