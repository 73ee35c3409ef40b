"""Random losses, metrics, axes, weights and shapes: what a training logs equals Keras' `fit`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.parity.test_sample_weights import leave_weights_alone
from tests.parity.whole import train_both

INPUTS = {1: "Input(6)", 2: "Input(5, 4)", 3: "Input(4, 3, 2)"}
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight")
ENDS = {"one_hot": "softmax", "index": "softmax", "binary": "sigmoid", "real": "linear"}
LOSSES = {
    "one_hot": (
        "CategoricalCrossentropy({axis}, label_smoothing=0.2, {how})",
        "CategoricalCrossentropy({axis}, from_logits=True, {how})",
        "CategoricalFocalCrossentropy({axis}, gamma=1.5, {how})",
    ),
    "index": (
        "SparseCategoricalCrossentropy({axis}, {how})",
        "SparseCategoricalCrossentropy({axis}, ignore_class=1, {how})",
    ),
    "binary": (
        "BinaryCrossentropy({axis}, label_smoothing=0.2, {how})",
        "BinaryFocalCrossentropy({axis}, {how})",
        "Dice(axis={rest}, {how})",
    ),
    "real": ("CosineSimilarity({axis}, {how})", "Huber(delta=0.3, {how})", "LogCosh({how})"),
}
# What a weight of each loss fits, then what it fits only where classes are last.
METRICS = {
    "one_hot": (
        ("CategoricalCrossentropy({axis}, name={name})",),
        ("CategoricalAccuracy(name={name})", "AUC(name={name})", "Precision(0.3, name={name})"),
    ),
    "index": (
        ("SparseCategoricalCrossentropy({axis}, name={name})",),
        ("SparseCategoricalAccuracy(name={name})",),
    ),
    "binary": (
        (),
        (
            "AUC(num_thresholds=17, label_weights=[0.5, 1, 2], name={name})",
            "AUC(curve=PR, thresholds=[0.2, 0.5, 0.6], name={name})",
            "Recall(0.4, class_id=1, name={name})",
            "BinaryAccuracy(name={name})",
        ),
    ),
    "real": (
        ("CosineSimilarity({axis}, name={name})",),
        ("RootMeanSquaredError(name={name})", "MeanAbsoluteError(name={name})"),
    ),
}


def program(rng: random.Random) -> str:
    """Return the spec of a model of one or two outputs with three units, and of its training."""
    rank = rng.choice((1, 2, 3))
    axis = rng.choice(("-1", *map(str, range(1, rank + 1))))
    last = axis in ("-1", str(rank))
    weights = rng.choice(("", "sample_weight=w"))
    outputs, losses, plain, weighted = [], [], [], []
    two = rng.random() < 0.3 and (rank == 1 or not weights)
    for name in ("one", "two")[: 1 + two]:
        labels = rng.choice(tuple(ENDS))
        end = f"Dense(3, {ENDS[labels]}, name={name})"
        if labels in ("one_hot", "index") and not last:
            end = f"Dense(3) -> Softmax(axis={axis}, name={name})"
        outputs.append(end)
        fields = {"axis": f"axis={axis}", "rest": list(range(1, rank + 1))}
        usable = LOSSES[labels]
        if weights and not (rank == 1 and last):
            usable = tuple(loss for loss in usable if "axis={rest}" not in loss)
        if weights and not last:
            usable = tuple(loss for loss in usable if "{axis}" in loss)
        how = f"reduction={rng.choice(REDUCTIONS)}"
        losses.append(rng.choice(usable).format(how=how, **fields))
        same, where_last = METRICS[labels]
        fitting = same + where_last * last
        any_axis = labels != "index" or last
        chosen = [rng.choice(same + where_last * any_axis) for _ in range(rng.randrange(3))]
        plain.append([m.format(name=f"{name}{i}", **fields) for i, m in enumerate(chosen)])
        chosen = [rng.choice(fitting) for _ in range(rng.randrange(3))] if fitting else []
        weighted.append([m.format(name=f"{name}w{i}", **fields) for i, m in enumerate(chosen)])
    if two:
        model = "model net {{\n  x = {}\n  a = x -> {}\n  b = x -> {}\n  outputs(a, b)\n}}\n"
        text = model.format(INPUTS[rank], *outputs)
        lists = [f"[[{', '.join(a)}], [{', '.join(b)}]]" for a, b in (plain, weighted)]
        compiled = f"[{', '.join(losses)}], loss_weights=[0.3, 2]"
    else:
        text = f"{INPUTS[rank]} -> {outputs[0]}\n"
        lists = [f"[{', '.join(names[0])}]" for names in (plain, weighted)]
        compiled = losses[0] + rng.choice(("", ", loss_weights=0.4"))
    validated = rng.choice(("", "validation_data=test", "validation_split=0.2"))
    options = ", ".join(filter(None, ("epochs=2", "batch_size=16", weights, validated)))
    text += f"compile(SGD(0.01), loss={compiled}, metrics={lists[0]}, "
    return text + f"weighted_metrics={lists[1]})\nfit({options}, shuffle=False)\n"


@pytest.mark.parametrize("seed", range(24))
def test_logs_and_weights_equal_those_of_keras(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_weights_alone(monkeypatch)
    both = train_both(program(random.Random(seed)), tmp_path)
    both.check_logs()
    both.check_weights()
