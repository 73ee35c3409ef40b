"""The classes of blocks: as few as say the same, with parameters for what differs."""

from __future__ import annotations

import re

from kgen.api import build_text


def model_part(spec: str) -> str:
    script = build_text(spec).script
    return script[script.index("\nclass Unit") : script.index("def load_data")]


def classes(text: str) -> list[str]:
    return re.findall(r"^class (\w+)\(nn\.Module\)", text, re.MULTILINE)


UNIT = """
block unit(n, size=3, strides=1, padding=same) =
  Conv2D(n, size, strides=strides, padding=padding, use_bias=False) -> ReLU()
"""


def test_kernels_strides_and_paddings_are_parameters() -> None:
    text = model_part(
        f"{UNIT} model net = Input(12, 13, 3) -> unit(4) -> unit(5, size=1) -> unit(6, size=(1, 5))"
        " -> unit(6, padding=valid) -> unit(8, padding=valid, strides=2)"
    )
    assert classes(text) == ["Unit", "Model"]
    assert "nn.Conv2d(\n            in_channels, n, size, stride=strides, padding=padding" in text
    assert "self.unit = Unit(3, 4, 3, padding=1)" in text
    assert "self.unit_2 = Unit(5, 6, (1, 5), padding=(0, 2))" in text
    assert "self.unit_4 = Unit(6, 8, 3, strides=2)" in text


def test_padding_of_the_same_size_follows_from_the_kernel() -> None:
    text = model_part(
        f"{UNIT} model net = Input(9, 9, 3)"
        " -> unit(4, size=3) -> unit(4, size=5) -> unit(4, size=7)"
    )
    assert classes(text) == ["Unit", "Model"]
    assert "nn.Conv2d(in_channels, 4, size, padding=size // 2, bias=False)" in text


def test_other_code_is_another_class() -> None:
    text = model_part(f"{UNIT} model net = Input(8, 8, 3) -> unit(4) -> unit(4, strides=2)")
    assert classes(text) == ["Unit", "Unit2", "Model"]  # Keras pads unevenly there


def test_parts_of_a_parameter() -> None:
    text = model_part(
        "block unit(n) = Dense(n, relu) -> Dense(n // 4, relu) -> Dense(6 * n)\n"
        "model net = Input(3) -> unit(8) -> unit(16)"
    )
    assert "nn.Linear(n, n // 4)" in text
    assert "nn.Linear(n // 4, 6 * n)" in text


def test_a_for_over_a_block_is_a_loop() -> None:
    text = model_part(
        "block unit(n, rate) = Dense(n, relu) -> Dropout(rate)\n"
        "model net = Input(8) -> for rate in (0.1, 0.2, 0.3): unit(8, rate)"
    )
    assert classes(text) == ["Unit", "Model"]
    assert "nn.ModuleList([Unit(rate) for rate in (0.1, 0.2, 0.3)])" in text
    assert "        for unit in self.units:\n            x = unit(x)" in text


def test_a_for_that_changes_the_shape_is_a_loop() -> None:
    text = model_part(
        "block unit(n) = Dense(n, relu)\nmodel net = Input(8) -> for n in (8, 6, 4): unit(n)"
    )
    assert "nn.ModuleList([Unit(8, 8), Unit(8, 6), Unit(6, 4)])" in text


def test_a_layer_that_is_used_elsewhere_is_in_no_loop() -> None:
    text = model_part(
        "block unit(n) = Dense(n, relu)\n"
        "model net {\n  first = unit(4)\n  x = Input(4) -> first\n"
        "  x -> for layer in (first, unit(4)): layer\n}"
    )
    assert "ModuleList" not in text
    assert text.count("self.unit(") == 2


def test_a_block_of_two_tensors() -> None:
    text = model_part(
        "block unit(n) {\n  x, skip = input\n"
        "  y = x -> Dense(n)\n  z = skip -> Dense(n)\n  y * z\n}\n"
        "model net {\n  a = Input(4)\n  b = Input(5)\n"
        "  x = [a, b] -> unit(3)\n  y = [b, a] -> unit(3)\n"
        "  [x, y] -> unit(2)\n}"
    )
    assert classes(text) == ["Unit", "Model"]
    assert "def forward(self, x: Tensor, skip: Tensor) -> Tensor:" in text
    assert "def __init__(self, in_channels: int, in_channels_2: int, n: int)" in text
