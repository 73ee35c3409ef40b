"""Layers, losses and optimizers in combination: what each does alone, it does in any place."""

from __future__ import annotations

import random

import pytest

from kgen.api import check_text
from kgen.verify.compare import Settings, compare


def equals_keras(spec: str, seed: int = 0) -> None:
    check = check_text(spec, "m.kdsl")
    assert check.typed is not None and check.plan is not None, check.diagnostics
    result = compare(check.typed, check.plan, Settings(3, 5, seed))
    # Several normalizations in a row amplify rounding.
    wrong = [f for f in result.findings if not f.difference <= max(f.tolerance, 1e-7)]
    assert not wrong, f"{wrong[0]}\n{spec}"


# Names of the spec that statements of a layer would like for themselves.
NAMES = {
    "y of a recurrent layer": "y = Input(7, 4)\nx = Input(7, 4)\n"
    "a, h, c = x -> LSTM(4, return_state=True)\n[a, y -> Flatten(), h, c] -> Concatenate()",
    "x of an activation": "x = Input(4)\na = x -> Dense(4, sparse_plus)\n"
    "b = x -> Dense(4, squareplus)\n[x, a, b] -> Concatenate()",
    "steps of TimeDistributed": "steps = Input(5, 4)\nv = Input(5, 3, 3)\n"
    "w = v -> TimeDistributed(Conv1D(4, 2)) -> Flatten()\n[steps -> Flatten(), w] -> Concatenate()",
    "step of TimeDistributed": "step = Input(4)\nv = Input(5, 3, 3)\n"
    "w = v -> TimeDistributed(normal) -> Flatten()\n[step, w] -> Concatenate()",
    "mask": "mask = Input(5)\nv = Input(5, dtype=int32)\n"
    "w = v -> Embedding(10, 3, mask_zero=True) -> LSTM(5)\n[mask, w] -> Concatenate()",
    "a block named mask": "x = Input(7, 4) -> Masking()\nx -> mask() * 3 -> LSTM(3)",
    "penalty": "penalty = Input(5)\nv = Input(5)\nw = v -> Dense(3, activity_regularizer=l2(0.1))\n"
    "[penalty, w] -> Concatenate()",
}
PARTS = """
block mask() = Dense(4) -> Dense(4)
model normal = Input(3, 3) -> BatchNormalization() -> Conv1D(4, 2)
"""


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_spec_stay_its_own(name: str) -> None:
    equals_keras(f"{PARTS}model main {{\n{NAMES[name]} -> Dense(2)\n}}\ncompile(sgd, mse)\n")


PLACES = {
    "batch statistics of each step of images": "model inner = Input(5, 5, 2) -> Conv2D(3, 3) -> "
    "BatchNormalization()\n"
    "model main = Input(3, 5, 5, 2) -> TimeDistributed(inner) -> Conv3D(2, 2)",
    "batch statistics of each step with a mask": "model inner = Input(9, 6) -> Masking() -> "
    "BatchNormalization()\nmodel main = Input(3, 9, 6) -> TimeDistributed(inner) -> Dense(2)",
    "a repeat applied twice": "l = Dense(8) * 2 -> Activation(relu)\nmodel main {\nx = Input(8)\n"
    "y = Input(8)\noutputs(x -> l, y -> l)\n}",
    "few words in a model": "model inner = Input(6, dtype=int32) -> Embedding(4, 3, mask_zero=True)"
    " -> GRU(4)\nmodel main = Input(3, 6, dtype=int32) -> TimeDistributed(inner) -> Dense(2)",
    "a state in a model": "model inner = Input(4, 3, batch_size=5) -> GRU(2, stateful=True)\n"
    "model main = Input(4, 3, batch_size=5) -> inner -> Dense(2)\nfit(batch_size=5)",
}


@pytest.mark.parametrize("name", PLACES)
def test_places(name: str) -> None:
    equals_keras(f"{PLACES[name]}\ncompile(adam, mse)\n")


STEPS = "Input(5, dtype=int32) -> Embedding(10, 4, mask_zero=True) -> "
MEASURES = {
    "binary accuracy of masked steps": f"{STEPS}Dense(1, sigmoid)\n"
    "compile(adam, binary_crossentropy, metrics=[accuracy, BinaryAccuracy(threshold=0.4)])",
    "several values a step": f"{STEPS}Dense(5, sigmoid)\n"
    "compile(adam, binary_crossentropy, metrics=[BinaryAccuracy(), mae])",
    "one metric an output": "model main {\nx = Input(4)\noutputs(x -> Dense(2), x -> Dense(2))\n}\n"
    "compile(sgd, mse, metrics=[mae, mse])",
    "names that count over outputs": "model main {\nx = Input(4)\na = x -> Dense(1, sigmoid)\n"
    "b = x -> Dense(1, sigmoid)\noutputs(a, b)\n}\n"
    "compile(sgd, mse, metrics=[[AUC(), Recall()], [Recall(), AUC(name=auc)]], "
    "weighted_metrics=[[AUC()], []])",
}


@pytest.mark.parametrize("name", MEASURES)
def test_measures(name: str) -> None:
    equals_keras(MEASURES[name])


LAYERS = """2 Dense(4, {})
2 Dense(4, tanh, activity_regularizer=l2(0.1))
2 Dense(4, kernel_regularizer=l1(0.01), kernel_constraint=max_norm(0.5))
2 BatchNormalization()
2 LayerNormalization() -> PReLU()
2 Dense(4, squareplus) -> Dense(4, trainable=False)
2 ActivityRegularization(l1=0.01)
3 LSTM(4, return_sequences=True)
3 Bidirectional(GRU(2, return_sequences=True))
3 Conv1D(4, 3, padding=same, activation={}) -> BatchNormalization()
3 MultiHeadAttention(2, 2)
3 TimeDistributed(Dense(4, {}))
3 Masking() -> SimpleRNN(4, return_sequences=True)
3 Permute((2, 1)) -> Dense(4)
3 LayerNormalization(axis=1)
4 Conv2D(4, 3, padding=same, activation={})
4 Conv2D(4, 1, bias_regularizer=l1(0.1)) -> Softmax(axis=1)
4 DepthwiseConv2D(3, padding=same, use_bias=False) -> ReLU(6.0)
4 BatchNormalization(axis=2) -> Conv2D(4, 1)
4 Lambda(x: x - max(x, axis=-1, keepdims=True)) -> Dense(4)
4 MaxPooling2D(2, 1, same) -> GroupNormalization(2)
4 TimeDistributed(LSTM(4, return_sequences=True))""".splitlines()
INPUTS = {2: "Input(4)", 3: "Input(4, 4)", 4: "Input(4, 4, 4)"}
CONTEXTS = (
    "block part() = {l}\nmodel main {{\nx = {i}\ny = x -> part()\n"
    "outputs(y{e}, y -> part(){e})\n}}",
    "model main = {i} -> ({l}) * 3{e}",
    "model part = {i} -> {l}\nmodel main {{\nx = {i}\ny = {i}\na = x -> part\n"
    "b = y -> part -> {k}\na + b{e}\n}}",
    "part = {l}\nmodel main {{\nx = {i}\ny = x -> part\n[y, y -> part] -> Add(){e}\n}}",
    "model part = {i} -> {l} -> {k}\nmodel main = {t} -> TimeDistributed(part) -> Flatten(){e}",
    "block part() = {l}\nmodel whole = {i} -> part() -> part()\nmodel main {{\nx = {i}\n"
    "y = x -> {k} -> whole\n[y, x] -> Concatenate(){e}\n}}",
)
ENDS = (
    ("", "mse, metrics=[mae]"),
    (" -> Dense(3, softmax)", "categorical_crossentropy, metrics=[accuracy, categorical_hinge]"),
    (" -> Dense(3) -> Softmax()", "sparse_categorical_crossentropy, metrics=[acc]"),
    (" -> Dense(3) -> Activation(softmax)", "CategoricalFocalCrossentropy(), metrics=[mse]"),
    (" -> Dense(1, sigmoid)", "binary_crossentropy, metrics=[accuracy, AUC()]"),
    (" -> Dense(3) -> Softmax(axis=1)", "kl_divergence, weighted_metrics=[cosine_similarity]"),
    (" -> Dense(3, softmax, activity_regularizer=l2(0.1))", "categorical_crossentropy"),
    (" -> Dense(3)", "BinaryCrossentropy(from_logits=True), metrics=[huber]"),
)
OPTIMIZERS = (
    "Adam(0.01", "AdamW(0.01", "SGD(0.05, momentum=0.9", "RMSprop(0.01, centered=True",
    "Nadam(0.01", "Lion(0.01", "Adamax(0.01", "Adagrad(0.1",
)  # fmt: skip
OPTIONS = (
    "", ", clipnorm=0.3", ", clipvalue=0.02", ", global_clipnorm=0.4", ", weight_decay=0.1",
    ", use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2", ", loss_scale_factor=4.0",
    ", gradient_accumulation_steps=2",
)  # fmt: skip


def random_spec(seed: int) -> str:
    """Return a model of a random layer in a random place, with some loss and optimizer."""
    draw = random.Random(seed)
    rank, _, layer = draw.choice(LAYERS).partition(" ")
    given = INPUTS[int(rank)]
    end, loss = draw.choice(ENDS)
    body = draw.choice(CONTEXTS).format(
        l=layer.format(draw.choice(["relu", "softmax", "tanh", "sparse_plus"])),
        k=draw.choice(["Identity()", "Activation(relu)", "Dense(4, tanh)"]),
        i=given,
        t=given.replace("(", "(3, "),
        e=end,
    )
    optimizer = f"{draw.choice(OPTIMIZERS)}{draw.choice(OPTIONS)})"
    return f"{body}\ncompile({optimizer}, {loss})\n"


@pytest.mark.parametrize("seed", range(40))
def test_random_contexts(seed: int) -> None:
    spec = random_spec(seed)
    if not refused(spec):
        equals_keras(spec, seed)


def refused(spec: str) -> bool:
    """Return whether a model is none that kgen trains as Keras does."""
    codes = {d.code for d in check_text(spec, "m.kdsl").diagnostics if d.severity == "error"}
    assert codes <= {"K501", "K402", "K419"}, f"{codes}\n{spec}"
    return bool(codes)


def test_few_models_are_refused() -> None:
    assert sum(refused(random_spec(seed)) for seed in range(200)) < 20
