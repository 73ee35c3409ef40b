"""MultiOptimizer: each group of weights is updated as by Keras, and the groups are Keras' own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kgen.api import build_text, check_text
from kgen.verify.entries import compile_model
from kgen.verify.pair import as_keras, name_variables, tensors_of
from kgen.verify.reference import KerasModel
from tests.parity.oracle import difference, load_script
from tests.parity.whole import continued, train_both

NET = (
    'model net = Input(shape=(6,)) -> Dense(9, relu, name="body") -> Dense(7, tanh, name="neck")'
    ' -> Dense(3, softmax, name="head")\n'
)
FIT = "fit(epochs=5, batch_size=8, shuffle=False)"  # 35 updates


def spec(groups: str, default: str = "SGD(0.05)", more: str = "", fit: str = FIT) -> str:
    return (
        f"{NET}compile(MultiOptimizer(OptimizerMap({default}, {groups}){more}), "
        f"categorical_crossentropy)\n{fit}"
    )


ROWS = {
    "two groups": spec('{"body/.*": Adam(0.01)}'),
    "a path before the expressions": spec(
        '{"body/.*": Adam(0.01), "body/bias": RMSprop(0.02), ".*head.*": Nadam(0.01)}'
    ),
    "one class several times": spec(
        '{"body/.*": Adam(0.01, beta_1=0.5), "neck/.*": Adam(0.02), "head/.*": Adam(0.03)}',
        "Adam(0.01)",
    ),
    "schedules": spec(
        '{".*/kernel": SGD(ExponentialDecay(0.1, 7, 0.6), momentum=0.9), '
        '"head/bias": Adam(CosineDecay(0.05, 30))}',
        "SGD(PiecewiseConstantDecay([5, 20], [0.1, 0.05, 0.01]))",
    ),
    "norms of a group": spec(
        '{"(body|neck)/.*": SGD(0.3, global_clipnorm=0.02), "head/.*": SGD(0.3, clipnorm=0.05)}'
    ),
    "averages of one group": spec(
        '{"body/.*": Adam(0.05, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4)}',
        "SGD(0.2, weight_decay=0.01)",
    ),
    "gradients of several batches": spec(
        '{"body/.*": Adam(0.01, gradient_accumulation_steps=3), '
        '"head/.*": SGD(0.1, gradient_accumulation_steps=2, clipvalue=0.01)}'
    ),
    "matrices": spec('{"body/.*": Muon(0.01), "neck/.*": Adafactor(0.05)}', "Lamb(0.01)"),
    "no default": spec('{".*": Lion(0.001)}'),
    "no map": f"{NET}compile(MultiOptimizer(OptimizerMap(Adagrad(0.1))), mse)\n{FIT}",
    "a factor of the loss": spec(
        '{"body/.*": Adam(0.01, loss_scale_factor=3.0)}', more=", loss_scale_factor=128.0"
    ),
    "constraints and penalties": NET.replace(
        'name="head"', 'name="head", kernel_constraint=max_norm(0.4), bias_regularizer=l2(0.1)'
    )
    + 'compile(MultiOptimizer(OptimizerMap(SGD(0.5), {"head/.*": Adam(0.1)})), mse)\n'
    + FIT,
    "layers inside of layers": "Input(shape=(5, 3)) -> Bidirectional(GRU(4, return_sequences=True)"
    ', name="both") -> TimeDistributed(Dense(4, tanh)) -> LSTM(3, name="last") -> '
    'Dense(2, name="head")\n'
    'compile(MultiOptimizer(OptimizerMap(SGD(0.1), {"both/forward_gru/.*": Adam(0.01), '
    '".*/lstm_cell/(kernel|bias)": Adam(0.02, clipnorm=0.1), '
    '"time_distributed/dense/kernel": RMSprop(0.01)})), mse)\n'
    "fit(epochs=4, batch_size=8, shuffle=False)",
    "an embedding": "Input(7, dtype=int32) -> Embedding(9, 5) -> Flatten() -> Dense(3)\n"
    'compile(MultiOptimizer(OptimizerMap(SGD(0.1), {"embedding/.*": Adam(0.05)})), mse)\n'
    "fit(epochs=4, batch_size=8, shuffle=False)",
}


@pytest.mark.parametrize("name", ROWS)
def test_groups_train_as_in_keras(name: str, tmp_path: Path) -> None:
    both = train_both(ROWS[name], tmp_path)
    both.check_weights(1e-12 if name != "an embedding" else 1e-11)
    both.check_logs()


def test_large_groups_are_lists_of_tensors(tmp_path: Path) -> None:
    text = (
        'Dense(400, relu, input_dim=300, name="body") -> Dense(3, name="head")\n'
        'compile(MultiOptimizer(OptimizerMap(Adam(0.001), {"head/.*": SGD(0.1)})), mse)\n'
        "fit(epochs=3, batch_size=8, shuffle=False)"
    )
    both = train_both(text, tmp_path)
    assert "for p in self.params:" in both.built.script
    both.check_weights(1e-12)


SETTING = ("LearningRateScheduler(e: 0.1)", "ReduceLROnPlateau(monitor=loss)")
FOLLOWING = "EarlyStopping(learning_rate_{}, mode=min, patience=2)"
THREE = (
    '{"body/.*": Adam(0.03), "neck/bias": Adam(0.02, beta_1=0.5), "head/.*": Nadam(0.01, name=n)}'
)
AVERAGES = (
    '{"body/.*": Adam(0.05, use_ema=True, ema_momentum=0.8), '
    '"head/.*": SGD(0.1, use_ema=True, ema_momentum=0.5)}'
)
CALLBACKS = {
    "a scheduler": (THREE, "LearningRateScheduler((e, lr): lr * 0.7 ** e)"),
    "a scheduler of the epoch": (THREE, "LearningRateScheduler(e: 0.1 / (e + 1))"),
    "a plateau": (THREE, "ReduceLROnPlateau(monitor=loss, patience=1, min_delta=1, cooldown=1)"),
    "a plateau with a least rate": (
        THREE,
        "ReduceLROnPlateau(monitor=loss, factor=0.5, patience=0, min_delta=1, min_lr=0.0125)",
    ),
    "the rate of one": (
        THREE,
        "LearningRateScheduler((e, lr): lr + 0.01 * e), " + FOLLOWING.format("adam_1"),
    ),
    "the rate of one with a name": (
        THREE,
        "ReduceLROnPlateau(learning_rate_n, mode=min, patience=2), " + FOLLOWING.format("n"),
    ),
    "one name for two": (
        '{"body/.*": Adam(0.03, name=same), "head/.*": SGD(0.3, name=same)}',
        "LearningRateScheduler((e, lr): lr * 0.7)",
    ),
    "averages": (AVERAGES, "SwapEMAWeights()"),
    "averages of all but what has no weights": (
        '{".*": Adam(0.05, use_ema=True, ema_momentum=0.8)}',
        "SwapEMAWeights(True)",
    ),
    "averages for an epoch": (AVERAGES, "SwapEMAWeights(True), EarlyStopping(patience=2)"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks_act_on_each_as_in_keras(name: str, tmp_path: Path) -> None:
    groups, callbacks = CALLBACKS[name]
    fit = "fit(epochs=6, batch_size=8, shuffle=False, validation_data=test, callbacks=[{}])"
    both = train_both(spec(groups, fit=fit.format(callbacks)), tmp_path)
    both.check_weights(1e-7)  # Keras keeps a rate that is set in float32
    both.check_logs()
    assert len(both.history["loss"]) == ENDS.get(name, 6)


ENDS = {"the rate of one": 3, "the rate of one with a name": 3}  # epochs


SCALED = "LossScaleOptimizer(MultiOptimizer(OptimizerMap({}, {})), {})"
SCALINGS = {
    "two groups": SCALED.format("SGD(0.05)", '{"body/.*": Adam(0.01)}', "1024"),
    "a growing scale": SCALED.format("SGD(0.05)", '{"head/.*": Lion(0.01)}', "1.0, 4"),
    "gradients of several batches": SCALED.format(
        "SGD(0.1)",
        '{"body/.*": Adam(0.01, gradient_accumulation_steps=3, use_ema=True), '
        '"head/.*": RMSprop(0.1, gradient_accumulation_steps=2, clipnorm=0.01)}',
        "2e9, 5",
    ),
    "averages and factors": SCALED.format(
        "SGD(0.1, loss_scale_factor=3)", '{"body/.*": Adam(0.01, use_ema=True)}', "64"
    ),
}


@pytest.mark.parametrize("name", SCALINGS)
def test_the_loss_is_scaled_as_in_keras(name: str, tmp_path: Path) -> None:
    callback = "callbacks=[SwapEMAWeights()], " if "use_ema" in SCALINGS[name] else ""
    fit = f"fit(epochs=6, {callback}batch_size=8, shuffle=False, validation_data=test)"
    text = f"{NET}compile({SCALINGS[name]}, categorical_crossentropy)\n{fit}"
    both = train_both(text, tmp_path)
    both.check_weights(1e-12)
    both.check_logs()


@pytest.mark.parametrize("name", SCALINGS)
def test_steps_are_left_out_as_in_keras(name: str, tmp_path: Path) -> None:
    built = build_text(f"{NET}compile({SCALINGS[name]}, mse)\ndata random(50)")
    script = load_script(built.script, tmp_path)
    model, reference = script.Model().double().train(), KerasModel(built.typed.graph)
    for placed, variable in name_variables(built.weights, reference.variables):
        variable.assign(as_keras(placed, tensors_of(model, placed)))
    optimizer = script.LossScaleOptimizer(model)
    compile_model(reference.model, built.plan)
    rng = np.random.default_rng(len(name))
    for step in range(30):
        x, y = rng.standard_normal((8, 6)), rng.random((8, 3))
        if step % 7 in (1, 2):
            y[3, 1] = np.inf
        script.train_step(model, optimizer, torch.tensor(x), torch.tensor(y))
        reference.model.train_on_batch(x, y)
    theirs = reference.model.optimizer
    assert optimizer.iterations == int(theirs.iterations) == 21
    assert optimizer.scale == float(theirs.dynamic_scale)
    for placed, variable in name_variables(built.weights, reference.variables):
        ours = as_keras(placed, tensors_of(model, placed))
        assert difference(ours, variable.value) < 1e-12


@pytest.mark.parametrize(
    ("around", "callbacks"),
    [("{}", ""), ("LossScaleOptimizer({}, 4.0, 5)", ""), ("{}", "SwapEMAWeights(True)")],
)
def test_a_continued_run_is_bit_for_bit_the_same(
    around: str, callbacks: str, tmp_path: Path
) -> None:
    text = spec(
        '{"body/.*": Adam(0.01, gradient_accumulation_steps=3, use_ema=True), '
        '"head/.*": SGD(CosineDecay(0.1, 20))}',
        fit=f"fit(batch_size=8, callbacks=[{callbacks}])",
    )
    made = text[text.index("MultiOptimizer") : text.index(", categorical")]
    text = text.replace(made, around.format(made))
    script = load_script(build_text(text + "\ndata random(50)").script, tmp_path)

    whole = continued(script, 4, "")
    continued(script, 2, str(tmp_path / "run.pt"))
    parts = continued(script, 4, str(tmp_path / "run.pt"))
    assert all(torch.equal(whole[k], parts[k]) for k in whole)


def test_a_run_with_nothing_but_a_schedule_continues(tmp_path: Path) -> None:
    text = "Dense(2, input_dim=3)\ncompile(SGD(CosineDecay(0.1, 20)), mse)\ndata random(20)"
    script = load_script(build_text(text).script, tmp_path)
    optimizer = script.SGD(script.Model())
    optimizer.iterations = 5
    other = script.SGD(script.Model())
    other.load_state_dict(optimizer.state_dict())
    assert other.iterations == 5


def test_the_script_has_no_learning_rate_of_all() -> None:
    text = build_text(spec('{"body/.*": Adam(0.01)}')).script
    assert "learning_rate: float = option(" not in text and "MultiOptimizer(model)" in text
    assert 'Adam(WeightGroup(model, "body"), 0.01)' in text
    assert 'SGD(WeightGroup(model, without=("body",)), 0.05)' in text


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (spec('{"bdy/.*": Adam()}'), "K434", 'no weight has a path like "bdy/.*"'),
        (spec('{"net/body/.*": Adam()}'), "K434", 'no weight has a path like "net/body/.*"'),
        (spec('{"body": Adam()}'), "K434", 'no weight has a path like "body"'),
        (
            spec('{"body/.*": Adam(), ".*/kernel": SGD()}'),
            "K434",
            "`body/kernel` fits several keys of the `OptimizerMap`",
        ),
        (
            spec('{"body/b.*": Adam(), "body/bias": SGD()}'),
            "K434",
            'no weight is left for "body/b.*"',
        ),
        (spec('{"(": Adam()}'), "K203", "`optimizer_map[(]` must be a regular expression"),
        (spec('{"body/.*": 3}'), "K203", "`optimizer_map[body/.*]` must be an optimizer, got 3"),
        (
            spec('{"body/.*": LossScaleOptimizer(Adam())}'),
            "K203",
            "`LossScaleOptimizer` cannot be one of the optimizers of a `MultiOptimizer`",
        ),
        (
            spec("{}", "MultiOptimizer(OptimizerMap(SGD()))"),
            "K203",
            "`MultiOptimizer` cannot be one of the optimizers of a `MultiOptimizer`",
        ),
        (
            f"{NET}compile(OptimizerMap(SGD()), mse)",
            "K203",
            "`optimizer` must be an optimizer, got `OptimizerMap(...)`",
        ),
        (
            f"{NET}compile(MultiOptimizer(SGD()), mse)",
            "K203",
            "`optimizer_map` must be an optimizer map, got `SGD(...)`",
        ),
        *(
            (
                spec("{}", fit=f"fit(precision=mixed_float16, callbacks=[{callback}])"),
                "K501",
                f"`{callback.partition('(')[0]}` is not supported with a `MultiOptimizer` inside",
            )
            for callback in SETTING
        ),
        *(
            (
                spec('{"body/.*": SGD(CosineDecay(0.1, 9))}', fit=f"fit(callbacks=[{callback}])"),
                "K432",
                f"`{callback.partition('(')[0]}` cannot set the learning rate: an optimizer has",
            )
            for callback in SETTING
        ),
        *(
            (
                spec('{".*": Adam()}', "SGD(use_ema=True)", fit=f"fit(callbacks=[{callback}])"),
                "K501",
                "callbacks cannot act on `SGD`, which has no weights to update",
            )
            for callback in (*SETTING, "SwapEMAWeights(True)", "TensorBoard()")
        ),
        (
            spec("{}", fit="fit(callbacks=[SwapEMAWeights()])"),
            "K433",
            "`SwapEMAWeights` needs an optimizer that averages the weights",
        ),
        (
            spec("{}", fit=f"fit(callbacks=[{SETTING[0]}, {FOLLOWING.format('sgd_1')}])"),
            "K430",
            "`learning_rate_sgd_1` is not among the logged values",
        ),
        (
            spec("{}", fit=f"fit(callbacks=[{FOLLOWING.format('sgd')}, {SETTING[0]}])"),
            "K430",
            "`learning_rate_sgd` is not among the logged values",
        ),
        (
            spec("{}", fit=f"fit(callbacks=[{SETTING[0]}, EarlyStopping(learning_rate_sgd)])"),
            "K431",
            "kgen cannot tell whether a higher or a lower `learning_rate_sgd` is better",
        ),
    ],
)
def test_what_is_refused(text: str, code: str, message: str) -> None:
    errors = check_text(text + "\ndata random(20)").errors
    assert [(e.code, e.message[: len(message)]) for e in errors] == [(code, message)]
    assert errors[0].span.end > 0
