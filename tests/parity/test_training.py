"""Whole trainings: the script's history and final weights equal those of Keras' fit.

Float64, no dropout, no shuffling; what remains is rounding, which training amplifies: 1e-8 for
weights. Keras keeps its metrics in float32: 2e-6 for what is logged.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kgen.api import check_text
from tests.parity.whole import DATA, train_both

MODEL = "Dense(12, relu, input_dim=6) -> Dense({units}, {last})\n"
ROWS = {
    # A loss of a whole batch is not the mean of its samples: the batches count one by one.
    "a loss of the batch": "Input(5, 4) -> Dense(2, sigmoid)\n"
    "compile(adam, Dice(), metrics=[mse])\n"
    "fit(epochs=2, batch_size=16, shuffle=False, validation_data=test)",
    "a loss of the batch, by class": "Input(5, 4) -> Dense(2, sigmoid)\n"
    "compile(adam, Tversky(axis=[0, 1], reduction=mean))\n"
    "fit(epochs=2, batch_size=16, shuffle=False, validation_split=0.2)",
    "a loss of the batch, not reduced": "Input(5, 4) -> Dense(2, sigmoid)\n"
    "compile(adam, Dice(reduction=None))\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "classes first": "Input(4, 3, 2) -> Conv2D(5, 3, padding=same) -> Permute([3, 1, 2]) -> "
    "Softmax(axis=1)\n"
    "compile(adam, SparseCategoricalCrossentropy(axis=1), "
    "metrics=[SparseCategoricalCrossentropy(axis=1)])\n"
    "fit(epochs=2, batch_size=16, shuffle=False, validation_data=test)",
    "classes in the middle": "Input(4, 5, 2) -> Dense(3) -> Softmax(axis=-2)\n"
    "compile(adam, CategoricalCrossentropy(axis=2, reduction=sum, label_smoothing=0.1), "
    "metrics=[CategoricalCrossentropy(axis=-2), mse, categorical_accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False, validation_split=0.2)",
    "one loss, one weight": "model net {\n  x = Input(6)\n  a = x -> Dense(2)\n"
    "  b = x -> Dense(1)\n  outputs(a, b)\n}\n"
    "compile(adam, mse, loss_weights=0.4)\nfit(epochs=2, batch_size=16, shuffle=False)",
    "sgd, decay and nesterov": MODEL.format(units=4, last="softmax")
    + "compile(SGD(0.1, momentum=0.9, nesterov=True), categorical_crossentropy, "
    "metrics=[accuracy])\nfit(epochs=3, batch_size=16, shuffle=False)",
    "sparse labels, validation_split": MODEL.format(units=4, last="softmax")
    + "compile(adam, sparse_categorical_crossentropy,"
    + " metrics=[acc, SparseTopKCategoricalAccuracy(2)])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_split=0.25)",
    "binary, AUC, precision": MODEL.format(units=1, last="sigmoid")
    + "compile(rmsprop, binary_crossentropy,"
    + " metrics=[accuracy, AUC(), Precision(), Recall(), mae])\n"
    "fit(epochs=3, batch_size=10, shuffle=False, validation_data=test)",
    "regression, l2 and max_norm": "Dense(12, tanh, input_dim=6, kernel_regularizer=l2(0.01), "
    "kernel_constraint=max_norm(1.0)) -> Dense(1, bias_regularizer=l1(0.1))\n"
    "compile(Adam(0.01), mse, metrics=[mae, RootMeanSquaredError()])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)",
    "class weights": MODEL.format(units=3, last="softmax")
    + "compile(sgd, categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, class_weight={0: 1, 1: 2.5, 2: 0.3}, "
    "validation_data=test)",
    "class weights and weighted metrics": MODEL.format(units=3, last="softmax")
    + "compile(sgd, sparse_categorical_crossentropy, metrics=[accuracy], "
    "weighted_metrics=[accuracy, sparse_categorical_crossentropy])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, class_weight={0: 1, 1: 2.5, 2: 0}, "
    "validation_data=test)",
    "weighted metrics of two classes": MODEL.format(units=1, last="sigmoid")
    + "compile(sgd, binary_crossentropy, weighted_metrics=[accuracy, mse])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, class_weight={0: 0.1, 1: 0.02}, "
    "validation_split=0.2)",
    "class weights of several labels": MODEL.format(units=3, last="sigmoid")
    + "compile(sgd, binary_crossentropy, weighted_metrics=[binary_accuracy])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, class_weight={0: 1, 1: 2.5, 2: 0.3})",
    "weighted metrics without weights": MODEL.format(units=3, last="softmax")
    + "compile(sgd, categorical_crossentropy, metrics=[accuracy], weighted_metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "batch normalization": "Dense(12, input_dim=6) -> BatchNormalization(momentum=0.8) -> "
    "Activation(relu) -> Dense(3, softmax)\n"
    "compile(Nadam(0.01), categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=3, batch_size=15, shuffle=False, validation_split=0.2)",
    "schedule and clipnorm": MODEL.format(units=3, last="softmax")
    + "compile(SGD(ExponentialDecay(0.1, 5, 0.8), momentum=0.9, clipnorm=0.5), "
    "categorical_crossentropy)\nfit(epochs=3, batch_size=16, shuffle=False)",
    "scaled loss, max_norm": "Dense(12, tanh, input_dim=6, kernel_constraint=max_norm(0.5)) -> "
    "Dense(1, kernel_regularizer=l2(0.01))\n"
    "compile(LossScaleOptimizer(Adam(0.01), 512.0, dynamic_growth_steps=3), mse, metrics=[mae])\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)",
    "low-rank adaptation": "Dense(12, tanh, input_dim=6, lora_rank=2, kernel_regularizer=l2(0.01)) "
    '-> EinsumDense("ab,bcd->acd", (4, 3), lora_rank=2, lora_alpha=3) -> Conv1D(5, 2, lora_rank=2)'
    " -> Flatten() -> Dense(1)\ncompile(AdamW(0.05), mse)\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)",
    "low-rank adaptation of matrices": "Dense(12, tanh, input_dim=6, lora_rank=2) -> "
    "Reshape((4, 3)) -> Conv1D(5, 2, lora_rank=2) -> Reshape((3, 5, 1)) -> "
    'Conv2D(3, 2, lora_rank=2) -> Flatten() -> EinsumDense("ab,bcd->acd", (4, 3), lora_rank=2) '
    "-> Flatten() -> Dense(1)\ncompile(Muon(0.05), mse)\n"
    "fit(epochs=3, batch_size=16, shuffle=False)",
    "low-rank adaptation of rows": "Dense(12, tanh, input_dim=6, lora_rank=3) -> "
    "Dense(4, lora_rank=2)\ncompile(Adafactor(0.05), mse)\n"
    "fit(epochs=3, batch_size=16, shuffle=False)",
    "schedule-free": MODEL.format(units=3, last="softmax")
    + "compile(ScheduleFreeAdamW(0.05, warmup_steps=4), categorical_crossentropy)\n"
    "fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)",
    "metrics that are functions": MODEL.format(units=3, last="softmax")
    + "compile(adam, categorical_crossentropy, metrics=[huber, categorical_focal_crossentropy, "
    "binary_focal_crossentropy])\nfit(epochs=2, batch_size=16, shuffle=False)",
    "several outputs": """
        model net {
          a = Input(6)
          shared = a -> Dense(8, relu)
          first = shared -> Dense(1, sigmoid, name="first")
          second = shared -> Dense(2, name="second")
          outputs(first, second)
        }
        compile(adam, {first: binary_crossentropy, second: mse}, loss_weights={first: 0.3},
                metrics={first: [accuracy], second: [mae]})
        fit(epochs=3, batch_size=16, shuffle=False, validation_data=test)
    """,
    "masked sequence": "Input(7, dtype=int32) -> Embedding(9, 5, mask_zero=True) -> "
    "LSTM(4, return_sequences=True) -> TimeDistributed(Dense(3, softmax))\n"
    "compile(adam, categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "a mask of a function": "Input(7, 2) -> Masking() -> GRU(3, return_sequences=True) -> "
    "Dense(3, softmax) -> Lambda(x: x[:, :-1], mask=lambda x, mask: mask[:, 1:])\n"
    "compile(adam, categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "masked steps that are right or wrong": "Input(7, dtype=int32) -> "
    "Embedding(9, 5, mask_zero=True) -> GRU(3, return_sequences=True) -> Dense(1, sigmoid)\n"
    "compile(adam, binary_crossentropy, metrics=[accuracy, BinaryAccuracy(threshold=0.4)])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "masked steps with several answers": "Input(7, dtype=int32) -> "
    "Embedding(9, 5, mask_zero=True) -> Dense(3, sigmoid)\n"
    "compile(adam, binary_crossentropy, metrics=[BinaryAccuracy(), Accuracy()])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "convolution": "Conv2D(4, 3, relu, padding=same, input_shape=(8, 8, 2)) -> MaxPooling2D() -> "
    "Conv2D(3, 3, strides=2) -> BatchNormalization() -> Flatten() -> Dense(3, softmax)\n"
    "compile(Adam(0.01), categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False)",
    "a softmax layer after a convolution": "Conv2D(3, 3, padding=same, input_shape=(4, 5, 2)) -> "
    "Softmax()\ncompile(Adam(0.01), categorical_crossentropy, metrics=[accuracy])\n"
    "fit(epochs=2, batch_size=16, shuffle=False, validation_data=test)",
    "stateful": "LSTM(4, stateful=True, batch_input_shape=(10, 5, 3)) -> Dense(1)\n"
    "compile(sgd, mse)\nfit(epochs=2, batch_size=10, shuffle=False, validation_data=test)",
    "custom loss and metric": ""
    "def off(y_true, y_pred) = mean(abs(y_true - y_pred) ** 1.5, axis=-1)\n"
    "def mean_pred(y_true, y_pred) = mean(y_pred)\n"
    + MODEL.format(units=2, last="linear")
    + "compile(adam, off, metrics=[mean_pred, mse])\nfit(epochs=2, batch_size=16, shuffle=False)",
    "early stopping, reduced rate": MODEL.format(units=1, last="linear")
    + "compile(SGD(0.3), mse)\nfit(epochs=9, batch_size=16, shuffle=False, validation_data=test, "
    "callbacks=[EarlyStopping(patience=3, restore_best_weights=True), "
    "ReduceLROnPlateau(factor=0.5, patience=1)])",
    "a branch that leads nowhere": """
        norm = BatchNormalization(momentum=0.8)
        x = Input(6)
        lost = x -> Dense(6, kernel_regularizer=l2(0.1), activity_regularizer=l2(0.1)) -> norm
        x -> norm -> Dense(2)
        compile(adam, mse)
        fit(epochs=2, batch_size=16, shuffle=False, validation_data=test)
    """,
    "activity regularizer": ""
    "Dense(12, relu, input_dim=6, activity_regularizer=l2(0.01)) -> Dense(1)\n"
    "compile(adam, mse)\nfit(epochs=2, batch_size=16, shuffle=False, validation_data=test)",
}


@pytest.mark.parametrize("name", ROWS)
def test_training_equals_keras(name: str, tmp_path: Path) -> None:
    text = ROWS[name]
    if "stateful" in text:
        text += DATA.replace("50", "40")
    both = train_both(text, tmp_path)
    both.check_logs()
    both.check_weights()


@pytest.mark.parametrize("metrics", ["[None, [mae, cosine_similarity]]", "{a: mse, b: None}"])
def test_an_output_without_metrics(metrics: str, tmp_path: Path) -> None:
    text = (
        "x = Input(3)\na = x -> Dense(2, name=a)\nb = x -> Dense(2, name=b)\noutputs(a, b)\n"
        f"compile(SGD(0.1), mse, metrics={metrics})\nfit(epochs=2, batch_size=8, shuffle=False)"
    )
    train_both(text, tmp_path).check_logs()
    flat = check_text(text.replace(metrics, "[[mae, None], mse]"))
    assert [(e.code, e.message) for e in flat.errors] == [
        ("K203", "`metrics[0][1]` must be a metric, got None")
    ]
