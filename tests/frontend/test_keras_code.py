"""What Keras code looks like, typed into a spec: it means the same, or is an error."""

from __future__ import annotations

import re

import pytest

from kgen.api import build_text, check_text
from kgen.frontends.kdsl.format import format_source
from kgen.source import Source


def program(spec: str) -> str:
    """Return the script of a spec without its name, its hash and what it says of them."""
    script = build_text(spec, "model.kdsl").script
    return re.sub(r'^""".*?"""', "", script, count=1, flags=re.DOTALL).partition("# kgen")[0]


MLP = """
model model = Dense(64, relu, input_dim=20) -> Dropout(0.5) -> Dense(10, softmax)
compile(loss=categorical_crossentropy, optimizer=SGD(learning_rate=0.01), metrics=[accuracy])
fit(epochs=20, batch_size=128)
evaluate(batch_size=128)
"""
GRAPH = """
model model {
  a = Input(4)
  b = Input(3)
  y = [a, b] -> Concatenate() -> Dense(2)
  outputs(y)
}
"""
REORDERED = """
model model {
  b = Input(3)
  a = Input(4)
  y = [a, b] -> Concatenate() -> Dense(2)
  outputs(y)
}
"""
ATTENTION = """
model m {
  a = Input(5, 4)
  b = Input(6, 4)
  y = %s
  y -> GlobalAveragePooling1D() -> Dense(1)
}
"""
HEADS = "MultiHeadAttention(num_heads=2, key_dim=3%s)"


@pytest.mark.parametrize(
    ("keras", "kgen"),
    [
        (
            """
            model = Sequential([
                Dense(64, activation='relu', input_dim=20),
                Dropout(0.5),
                Dense(10, activation='softmax'),
            ])
            sgd = keras.optimizers.SGD(lr=0.01)
            model.compile(loss='categorical_crossentropy', optimizer=sgd, metrics=['accuracy'])
            history = model.fit(x_train, y_train, epochs=20, batch_size=128)
            score = model.evaluate(x_test, y_test, batch_size=128)
            """,
            MLP,
        ),
        (
            """
            model = Sequential([Dense(output_dim=64, activation='relu', input_dim=20),
                                Dropout(p=0.5), Dense(output_dim=10, activation='softmax')])
            model.compile(loss='categorical_crossentropy', optimizer=SGD(lr=0.01),
                          metrics=["accuracy"])
            model.fit(X_train, Y_train, batch_size=128, nb_epoch=20)
            model.evaluate(X_test, Y_test, batch_size=128)
            """,
            MLP,
        ),
        (
            """
            inputs = keras.Input(shape=(20,))
            x = layers.Dense(64, activation='relu')(inputs)
            x = layers.Dropout(0.5)(x)
            outputs = layers.Dense(10, activation='softmax')(x)
            model = keras.Model(inputs=inputs, outputs=outputs)
            model.compile('sgd', 'categorical_crossentropy', metrics=['accuracy'])
            """,
            """
            model model {
              inputs = Input(shape=(20,))
              x = inputs -> Dense(64, relu)
              x = x -> Dropout(0.5)
              outputs = x -> Dense(10, softmax)
              outputs(outputs)
            }
            compile(sgd, categorical_crossentropy, metrics=[accuracy])
            """,
        ),
        (
            """
            model = Sequential([Dense(1, input_dim=2)])
            model.compile('sgd', 'mse')
            model.fit(x_train, y_train, sample_weight=w, validation_data=(x_test, y_test, v))
            model.evaluate(x_test, y_test, 32, 0, v)
            """,
            """
            model model = Dense(1, input_dim=2)
            compile(sgd, mse)
            fit(sample_weight=w, validation_data=test, validation_sample_weight=v)
            evaluate(batch_size=32, verbose=0, data=test, sample_weight=v)
            """,
        ),
        (
            """
            a = Input((4,))
            b = Input((3,))
            y = Dense(2)(concatenate([a, b]))
            model = Model([a, b], y)
            """,
            GRAPH,
        ),
        (
            """
            a = Input((4,))
            b = Input((3,))
            y = Dense(2)(concatenate([a, b]))
            model = Model(input=[b, a], output=y)
            """,
            REORDERED,
        ),
        (GRAPH.replace("outputs(y)", "inputs(b, a)\n  outputs(y)"), REORDERED),
        (GRAPH.replace("outputs(y)", "model.inputs(b, a)\n  model.outputs(y)"), REORDERED),
        (
            ATTENTION % (HEADS % "" + "(value=b, query=a)"),
            ATTENTION % ("[a, b] -> " + HEADS % ""),
        ),
        (
            ATTENTION % (HEADS % "" + "(a, key=b, value=b)"),
            ATTENTION % ("[a, b, b] -> " + HEADS % ""),
        ),
        (
            ATTENTION % (HEADS % "" + "(a, b, use_causal_mask=True)"),
            ATTENTION % ("[a, b] -> " + HEADS % ", use_causal_mask=True"),
        ),
        (
            """
            model m {
              x = Input(4, 3)
              y, h, c = LSTM(2, return_state=True)(x)
              z = LSTM(2)(initial_state=[h, c], sequences=x)
              z -> Dense(1)
            }
            """,
            """
            model m {
              x = Input(4, 3)
              y, h, c = x -> LSTM(2, return_state=True)
              z = x -> LSTM(2, initial_state=[h, c])
              z -> Dense(1)
            }
            """,
        ),
        (
            """
            net = Dense(3, input_dim=2) -> Dense(1)
            net.compile(loss='mse', optimizer='adam')
            """,
            """
            model net = Dense(3, input_dim=2) -> Dense(1)
            compile(loss=mse, optimizer=adam)
            """,
        ),
        (
            """
            model m = Dense(1, input_dim=2)
            m.fit_generator(generator, samples_per_epoch=640, nb_epoch=3, batch_size=64)
            """,
            """
            model m = Dense(1, input_dim=2)
            fit(steps_per_epoch=10, epochs=3, batch_size=64)
            """,
        ),
        (
            """
            model m = Dense(1, input_dim=2)
            m.fit(x_train, y_train, 64, 3, 0, validation_data=(x_test, y_test))
            m.evaluate(x_train, y_train)
            m.predict(x_test)
            """,
            """
            model m = Dense(1, input_dim=2)
            fit(batch_size=64, epochs=3, verbose=0, validation_data=test)
            evaluate(data=train)
            predict()
            """,
        ),
    ],
)
def test_means_the_same(keras: str, kgen: str) -> None:
    assert program(keras) == program(kgen)


TICKETS = """
title = keras.Input(shape=(None,), name="title")
tags = keras.Input(shape=(3,), name="tags")
features = layers.LSTM(4)(layers.Embedding(50, 4)(title))
x = layers.concatenate([features, tags])
priority_pred = layers.Dense(1)(x)
department_pred = layers.Dense(4, name="department")(x)
model = keras.Model(
    inputs={"title": title, "tags": tags},
    outputs={"priority": priority_pred, "department": department_pred},
)
model.compile(optimizer="sgd", loss={"priority": "mse", "department": "categorical_crossentropy"},
              loss_weights={"priority": 1.0, "department": 0.2})
model.fit({"title": title_data, "tags": tags_data}, {"priority": p, "department": d}, epochs=2,
          batch_size=8, validation_data=({"title": t_test, "tags": g_test}, (p_test, d_test)))
data random(64, test=16, length=10)
"""


def test_data_inputs_and_outputs_in_dicts() -> None:
    check = check_text(TICKETS)
    assert not check.errors
    assert check.plan is not None
    assert [o.name for o in check.plan.outputs] == ["priority", "department"]
    assert [o.weight for o in check.plan.outputs] == [1.0, 0.2]
    assert (check.plan.fit.epochs, check.plan.fit.batch_size) == (2, 8)
    assert check.plan.fit.validation_data == "test"


@pytest.mark.parametrize(
    ("spec", "code", "help"),
    [
        ("model = Sequential()\nmodel.add(Dense(3, input_dim=2))", "K009", "as a chain"),
        ("from keras.layers import Dense\nDense(3, input_dim=2)", "K009", "leave it out"),
        ("foo.fit(epochs=3)\nDense(3, input_dim=2)", "K009", "without a model in front"),
        ('data = npz("x.npz")\nDense(3, input_dim=2)', "K015", '`data npz("x.npz")`'),
        ("x = Input(3)\ny = x.Dense(2)", "K101", "x -> Dense(...)"),
        ("foo.bar.Dense(3, input_dim=2)", "K101", "write `Dense` alone"),
        ("torch.nn.Dropout(0.5, input_dim=2)", "K101", "write `Dropout` alone"),
        ("Input(3) -> Lambda(x: x.mean())", "K114", ""),
        ("Input(3) -> Lambda(x: pandas.mean(x))", "K114", ""),
        ("x = Input(3)\nDropout(0.5)(x, training=True)", "K207", ""),
        ("x = Input(3)\nDense(2)(x, foo=x)", "K201", ""),
        ("x = Input(3, 4)\nMultiHeadAttention(2, 2)(x, key=x)", "K202", ""),
        ("x = Input(3, 4)\nMultiHeadAttention(2, 2)(x, query=x)", "K206", ""),
        ("a = Input(3)\nb = Input(3)\nModel(a, concatenate([a, b]))", "K404", ""),
        ("a = Input(3)\nb = Dense(3)(a)\nModel(b, Dense(3)(b))", "K112", ""),
        ("model a = Dense(3, input_dim=2)\nmodel b = a -> Dense(1)\na.fit()", "K422", ""),
        ("VGG16(weights=imagenet) -> Dense(1)", "K101", "kgen convert"),
        ("Dense(3, input_dim=2)\nload_weights('a.h5')", "K101", "--weights"),
    ],
)
def test_is_one_error_that_helps(spec: str, code: str, help: str) -> None:
    (error,) = check_text(spec).errors
    assert error.code == code
    assert any(help in text for text in error.helps) or not help


def test_fmt_keeps_numbers_of_samples() -> None:
    # Keras 1's count of samples is no count of batches: another name would be another number.
    text = "fit_generator(g, samples_per_epoch=640, epochs=3)\n"
    assert format_source(Source("m.kdsl", text)) == text


def test_a_shared_layer_has_the_options_of_each_call() -> None:
    twice = "  at = %s\n  y, _ = at(a, b, return_attention_scores=True)\n  y = at(y, b)"
    script = build_text(ATTENTION.replace("  y = %s", twice) % (HEADS % "")).script
    assert "self.multi_head_attention = ScoredMultiHeadAttention(" in script
    assert "= MultiHeadAttention.forward(" in script
