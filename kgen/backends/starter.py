"""The specs that `kgen new` writes: small, commented, and ready to run."""

from __future__ import annotations

import re

_HEAD = """\
# {name}: WHAT
#
#   kgen run {file}       train it; see also: kgen run {file} -- --help
#   kgen build {file}     write the training script, {stem}.py
#   kgen check -v {file}  list what is left to defaults
"""

_TABLE = """
units = 64  # a constant; give it another value with -D units=128

model {name} =
  Dense(units, relu, input_shape=(64,))  # 8x8 pixels in a row
  -> Dropout(0.2)
  -> Dense(10, softmax)  # the probability of each digit

# The data set that scikit-learn ships. Others: npz("data.npz"), csv("table.csv", target="price"),
# images("folder", size=(64, 64)); without this line the script makes random data up.
data digits()

compile(loss=categorical_crossentropy, optimizer=adam, metrics=[accuracy])
fit(epochs=20, batch_size=32, validation_data=test)
evaluate()
"""

_IMAGE = """
# A block makes a fresh copy at every use, and becomes a class of its own in the script.
block conv_bn(filters) =
  Conv2D(filters, 3, padding=same, use_bias=False)
  -> BatchNormalization()
  -> Activation(relu)

model {name} =
  Input(8, 8, 1)
  -> conv_bn(16)
  -> MaxPooling2D()
  -> conv_bn(32)
  -> GlobalAveragePooling2D()
  -> Dense(10, softmax)

# The data set that scikit-learn ships; `x` prepares its rows of 64 pixels for the model.
# A folder of pictures instead: data images("folder", size=(64, 64))
data digits(x=Reshape((8, 8, 1)))

compile(loss=categorical_crossentropy, optimizer=adam, metrics=[accuracy])
fit(epochs=10, batch_size=32, validation_data=test)
evaluate()
"""

_SEQUENCE = """
steps = 8  # time steps of a sequence
features = 8  # numbers at each step

model {name} =
  Input(steps, features)
  -> LSTM(32, return_sequences=True)
  -> LSTM(32)
  -> Dense(10, softmax)

# Handwritten digits, read line by line: each of the 8 lines is a step with 8 pixels.
# Your own arrays instead: data npz("data.npz")
data digits(x=Reshape((steps, features)))

compile(loss=categorical_crossentropy, optimizer=adam, metrics=[accuracy])
fit(epochs=10, batch_size=32, validation_data=test)
evaluate()
"""

_WHAT = {
    "table": "a multilayer perceptron that reads handwritten digits",
    "image": "a small convolutional network that reads handwritten digits",
    "sequence": "a recurrent network that reads handwritten digits line by line",
}

STARTERS = {"table": _TABLE, "image": _IMAGE, "sequence": _SEQUENCE}


def starter(stem: str, kind: str) -> str:
    """Return a first spec.

    Args:
        stem: The name of its file without `.kdsl`; the model is named after it.
        kind: A key of `STARTERS`.
    """
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_") or "model_1"
    if not re.match(r"[A-Za-z_]", name) or name in RESERVED:
        name = f"model_{name}"
    stem = "".join(c for c in stem if c.isprintable())
    text = _HEAD.replace("WHAT", _WHAT[kind]) + STARTERS[kind]
    return text.format(name=name, stem=stem, file=f"{stem}.kdsl")


RESERVED = frozenset({"model", "block", "def", "data", "for", "in", "lambda", "input", "outputs"})
"""Words that cannot name a model."""
