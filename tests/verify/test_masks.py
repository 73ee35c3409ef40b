"""Masks where attention takes them off: what every layer sees of them, and when, as in Keras."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from kgen.api import build_text, check_text
from kgen.verify.compare import Settings, compare

WORDS = "w = Input(shape=(6,), dtype=int32)\ne = w -> Embedding(9, 4, mask_zero=True)\n"
BLOCK = """
block transformer(heads) {
  a = [input, input] -> MultiHeadAttention(heads, 3) -> Dropout(0.1)
  x = [input, a] -> Add() -> LayerNormalization()
  y = x -> Dense(8, relu) -> Dense(4)
  [x, y] -> Add() -> LayerNormalization()
}
"""
SPECS = {
    "the second attention sees none": "y = e -> MultiHeadAttention(2, 3)\n"
    "z = y + e\n[z, z] -> MultiHeadAttention(2, 3) -> Dense(2)",
    "a layer with a mask argument keeps it": "y = e -> MultiHeadAttention(2, 3)\n"
    "z = y + e\nv = z -> MultiHeadAttention(2, 3)\nv + z -> LSTM(3)",
    "parallel": "y = e -> MultiHeadAttention(2, 3)\nz = e -> MultiHeadAttention(2, 3)\n"
    "v = [e, e] -> Attention()\ny + z + v -> GlobalAveragePooling1D()",
    "a loss on what is left": "y = e -> MultiHeadAttention(2, 3)\nz = [y, y] -> Attention()\n"
    "[e -> Dense(2), y, z]",
    "blocks in a row": "e -> transformer(2) * 3 -> GlobalAveragePooling1D() -> Dense(2)",
    "blocks that nothing asks for a mask": "e -> transformer(1) * 3 -> Flatten()",
    "a model inside takes it, too": "y = e -> inner\nz = [e, y] -> Attention()\nz -> Dense(2)",
    "a model's call gives it back": "y = e -> MultiHeadAttention(2, 3)\nz = e -> inner\n"
    "[y, z] -> Concatenate() -> LSTM(2)",
    "a function makes it of a mask": "y = e -> Lambda(x: x[:, ::2], mask=lambda x, m: m[:, ::2])\n"
    "z = y -> MultiHeadAttention(2, 3)\n[z, y] -> Add() -> LSTM(3)",
    "a function makes it of several": "u = Input(6, 4)\nf = u -> Masking()\n"
    "y = e -> MultiHeadAttention(2, 3)\n"
    "z = [y, f] -> Lambda((p, q): p * q, mask=lambda x, m: logical_and(m[1], x[0][:, :, 0] > 0))\n"
    "[z -> GroupQueryAttention(3, 2, 1) -> GRU(2), z -> Dense(2)]",
    "masks that hang on what a layer inside returns": "y = e -> MultiHeadAttention(2, 3)\n"
    "z = e -> SpectralNormalization(Dense(4))\nv = z -> MultiHeadAttention(2, 3)\n"
    "[[z, v] -> Add() -> LSTM(3), [z, y] -> Average() -> GRU(2), z -> Dense(2)]",
    "joined in time": "u = Input(5, 4)\nf = u -> Masking()\n"
    "y = [e, f] -> MultiHeadAttention(2, 3)\nz = [f, y] -> Concatenate(axis=1)\n"
    "[z -> LSTM(3), z -> Dense(3)]",
    "decoder": "v = Input(shape=(5,), dtype=int32)\nd = v -> Embedding(7, 4, mask_zero=True)\n"
    "a = d -> MultiHeadAttention(2, 3, use_causal_mask=True)\n"
    "b = [a, e] -> MultiHeadAttention(2, 3)\nc = [b, e] -> MultiHeadAttention(2, 3)\n"
    "c -> Dense(7, softmax)",
    "grouped": "y = [e, e] -> GroupQueryAttention(3, 2, 1)\n"
    "z = y -> MultiHeadAttention(2, 3)\n[y, z] -> GroupQueryAttention(3, 2, 1) -> GRU(2)",
}
INNER = """
model inner {
  a = Input(6, 4)
  b = a -> MultiHeadAttention(2, 3)
  [a, b] -> Add()
}
"""


def equals_keras(spec: str, seed: int = 0) -> None:
    check = check_text(spec, "m.kdsl")
    assert check.typed is not None and check.plan is not None, check.diagnostics
    result = compare(check.typed, check.plan, Settings(2, 5, seed))
    # Some chains of normalizations amplify rounding; a mask makes more of a difference.
    wrong = [f for f in result.findings if not f.difference <= max(f.tolerance, 1e-6)]
    assert not wrong, f"{wrong[0]}\n{spec}"


@pytest.mark.parametrize("name", SPECS)
def test_what_is_seen(name: str) -> None:
    equals_keras(f"{BLOCK}{INNER}model main {{\n{WORDS}{SPECS[name]}\n}}\ncompile(sgd, mse)\n")


@pytest.mark.parametrize("end", ["GlobalAveragePooling1D()", "Flatten()"])
def test_blocks_that_see_the_same_are_a_loop(end: str) -> None:
    body = f"e -> transformer(2) * 5 -> {end} -> Dense(2)"
    script = build_text(f"{BLOCK}model main {{\n{WORDS}{body}\n}}\n").script
    assert "for transformer in self.transformers:" in script
    assert script.count("self.transformer(e, mask)") == 1  # only the first sees one
    assert "masked_mean(x, mask" in script or end == "Flatten()"


UNARY = """Dense(4)
LayerNormalization()
Dropout(0.2)
Identity()
Activation(relu)
Activation(linear)
BatchNormalization()
LSTM(4, return_sequences=True)
TimeDistributed(Dense(4))
Bidirectional(GRU(2, return_sequences=True))
ActivityRegularization(l2=0.01)
Masking()
Conv1D(4, 3, padding=same)
Lambda(x: x)
SpectralNormalization(Dense(4))
Lambda(x: x / 2, mask=lambda x, mask: mask)
Lambda(x: x - 1, mask=lambda x, mask: logical_not(any(x > 1, axis=-1)))""".splitlines()
MERGES = ["Add()", "Maximum()", "Average()", "Concatenate() -> Dense(4)"]
MERGES += ["Multiply() -> Activation(tanh)"]  # products of products grow beyond float32
ATTENTION = ["MultiHeadAttention(2, 3)"] * 5
ATTENTION += ["GroupQueryAttention(3, 2, 1)", "Attention()", "AdditiveAttention()"]
ENDS = ["GlobalAveragePooling1D()", "LSTM(3)", "Dense(2)", "Flatten() -> Dense(2)"]


class Specs:
    """Makes random models of layers that pass masks on, use them and take them off."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.blocks: list[str] = []
        self.models: list[tuple[str, int]] = []

    def body(self, tensors: list[str], n: int, prefix: str) -> list[str]:
        """Return the lines of `n` random applications, which are added to the tensors."""
        lines = []
        for i in range(n):
            expression = self.application(tensors)
            tensors.append(f"{prefix}{i}")
            lines.append(f"  {prefix}{i} = {expression}")
        return lines

    def application(self, tensors: Sequence[str]) -> str:
        pick, kind = self.random.choice, self.random.random()
        if kind < 0.35:
            return f"{pick(tensors)} -> {pick(UNARY)}"
        if kind < 0.5 and self.blocks:
            return f"{pick(tensors)} -> {pick(self.blocks)}"
        if kind < 0.62 and self.models:
            name, inputs = pick(self.models)
            taken = ", ".join(pick(tensors) for _ in range(inputs))
            return f"[{taken}] -> {name}" if inputs > 1 else f"{taken} -> {name}"
        layer = pick([*MERGES, *ATTENTION])
        return f"[{pick(tensors)}, {pick(tensors[-3:])}] -> {layer}"

    def spec(self) -> str:
        """Return a spec with blocks, inner models and several outputs."""
        lines = []
        for name in ("one", "two")[: self.random.randrange(3)]:
            body = self.body(["a"], self.random.randint(2, 4), "t")
            lines += [f"block {name}() {{", "  a = input", *body, f"  {body[-1].split()[0]}", "}"]
            self.blocks += [f"{name}()", f"{name}() * 3"]
        for name in ("inner", "other")[: self.random.randrange(3)]:
            taken = ["a", "b"][: self.random.randint(1, 2)]
            inputs = [f"  {x} = Input(6, 4)" for x in taken]
            body = self.body(list(taken), self.random.randint(2, 4), "t")
            lines += [f"model {name} {{", *inputs, *body, f"  {body[-1].split()[0]}", "}"]
            self.models.append((name, len(taken)))
        tensors = ["e", "f", "g"]
        lines += ["model main {", *WORDS.splitlines(), "  u = Input(6, 4)", "  f = u -> Masking()"]
        lines += ["  g = w -> Embedding(9, 4)"]
        lines += self.body(tensors, self.random.randint(3, 8), "x")
        ends = self.random.sample(tensors[-4:], self.random.randint(1, 3))
        outputs = [f"{x} -> {self.random.choice(ENDS)}" for x in ends]
        return "\n".join([*lines, f"  outputs({', '.join(outputs)})", "}", "compile(sgd, mse)\n"])


@pytest.mark.parametrize("seed", range(24))
def test_random_models(seed: int) -> None:
    specs = Specs(seed)
    spec = specs.spec()
    if not refused(spec):
        equals_keras(spec, seed)


GIVEN = ["LSTM(4, return_sequences=True", "Bidirectional(GRU(2, return_sequences=True)"]
GIVEN += ["BatchNormalization(momentum=0.8", "TimeDistributed(Dense(4)"]


class GivenSpecs(Specs):
    """Makes models in which some calls give a mask, beside those that travel."""

    def application(self, tensors: Sequence[str]) -> str:
        pick = self.random.choice
        if "g" not in tensors or self.random.random() > 0.4:  # only the outer model has masks
            return super().application(tensors)
        if self.random.random() < 0.3:
            masks = pick(["[m, n]", "[None, m]", "[n, None]"])
            return f"[{pick(tensors)}, {pick(tensors)}] -> Attention(mask={masks})"
        return f"{pick(tensors)} -> {pick(GIVEN)}, mask={pick('mn')})"

    def spec(self) -> str:
        masks = "  m = Input(shape=(6,), dtype=bool)\n  n = w != 3\n  u = Input(6, 4)"
        return super().spec().replace("  u = Input(6, 4)", masks)


@pytest.mark.parametrize("seed", range(12))
def test_random_models_with_given_masks(seed: int) -> None:
    spec = GivenSpecs(seed).spec()
    if not refused(spec):
        equals_keras(spec, seed)


def refused(spec: str) -> bool:
    """Return whether what a model computes depends on more than its layers."""
    codes = {d.code for d in check_text(spec, "m.kdsl").diagnostics if d.severity == "error"}
    # A model that is shared in two places, or on inputs that need different modules.
    assert codes <= {"K419", "K417", "K501"}
    return bool(codes)


def test_few_models_are_refused() -> None:
    assert sum(refused(Specs(seed).spec()) for seed in range(200)) < 20
