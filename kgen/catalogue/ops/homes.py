"""What modules other than `keras.backend` mean by the operations that all of them have.

`ops.argmax(x)` and `np.argmax(x)` look at everything, `tf.argmax(x)` along the first axis, and
`argmax(x)` along the last one, as `K.argmax` does. Parameters have other names there, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter
from typing import Any

REQUIRED = Parameter.empty

# Where an operation comes from, by the first of these words that its dotted name has.
HOMES = {
    "backend": "K",
    "K": "K",
    "ops": "ops",
    "np": "ops",  # Keras took the defaults of NumPy over
    "numpy": "ops",
    "activations": "activations",
    "tf": "tf",
    "tensorflow": "tf",
}
# What an operation takes where nothing is said, if it is not what `keras.backend` takes.
DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "ops": {
        "argmax": {"axis": None},
        "argmin": {"axis": None},
        "concatenate": {"axis": 0},
        "cumprod": {"axis": None},
        "cumsum": {"axis": None},
        "expand_dims": {"axis": REQUIRED},
        "repeat": {"axis": REQUIRED},
    },
    "tf": {
        "argmax": {"axis": 0},
        "argmin": {"axis": 0},
        "concat": {"axis": REQUIRED},
        "expand_dims": {"axis": REQUIRED},
        "gelu": {"approximate": False},
        "repeat": {"axis": REQUIRED},
    },
    "activations": {"gelu": {"approximate": False}},
}

# Other names of the operations' parameters, and what an operation alone calls them.
FIRST = (
    "features", "logits", "input", "inputs", "input_tensor", "tensor", "tensors", "values",
    "value", "params", "a", "x1",
)  # fmt: skip
RENAMED = {"dim": "axis", "keep_dims": "keepdims", "b": "y", "x2": "y", "perm": "axes"}
OWN_NAMES = {
    "clip": {"clip_value_min": "min_value", "clip_value_max": "max_value", "x_min": "min_value",
             "x_max": "max_value", "a_min": "min_value", "a_max": "max_value", "t": "x"},
    "leaky_relu": {"alpha": "negative_slope"},
    "one_hot": {"depth": "num_classes", "indices": "x"},
    "pad": {"paddings": "pad_width"},
    "pow": {"a": "y"},
    "repeat": {"repeats": "n"},
    "reshape": {"newshape": "shape"},
    "reverse": {"axes": "axis"},
    "slice": {"start_indices": "start", "begin": "start", "shape": "size"},
    "split": {"num_or_size_splits": "indices_or_sections"},
    "stack": {"x": "xs"},
    "switch": {"then_expression": "x1", "else_expression": "x2"},
    "tile": {"multiples": "n", "repeats": "n"},
    "where": {"x": "x1", "y": "x2"},
}  # fmt: skip


def home_of(owner: str) -> str:
    """Return the module whose defaults hold for `owner.name`, "" for those of a bare name."""
    words = owner.split(".")
    return next((home for word, home in HOMES.items() if word in words), "")


def default_of(op: str, parameter: Parameter, home: str) -> Any:
    """Return what an operation of a module takes where a parameter is left out."""
    return DEFAULTS.get(home, {}).get(op, {}).get(parameter.name, parameter.default)


def name_here(op: str, name: str, known: Mapping[str, Parameter]) -> str:
    """Return what a parameter of an operation, by any of its names, is called here."""
    if name in known:
        return name
    today = OWN_NAMES.get(op, {}).get(name, RENAMED.get(name, name))
    return next(iter(known), name) if name in FIRST and today not in known else today
