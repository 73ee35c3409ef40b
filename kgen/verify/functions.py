"""Small functions of a spec as Python functions over `keras.ops`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from kgen.catalogue.ops import OPS
from kgen.catalogue.ops.homes import default_of, name_here
from kgen.ir.functions import (
    Constant,
    Expr,
    Function,
    Index,
    Infix,
    Negative,
    Operation,
    Variable,
)
from kgen.verify.keras import keras

Values = Mapping[str, Any]


def keras_function(function: Function) -> Callable[..., Any]:
    """Return a small function of a spec as a Python function over `keras.ops`."""

    def call(*arguments: Any) -> Any:
        if len(arguments) < len(function.params):  # `Lambda` gives several tensors as a list
            (arguments,) = arguments
        return _body(function, keras.tree.map_structure(_tensor, arguments))

    call.__name__ = function.name or "call"
    return call


def _tensor(x: Any) -> Any:
    """Return an argument as a tensor: metrics are given arrays, `Lambda(mask=...)` may be None."""
    return None if x is None else keras.ops.convert_to_tensor(x)


def _body(function: Function, arguments: Any) -> Any:
    """Return what a function makes of its arguments."""
    names = dict(zip(function.params, arguments, strict=True))
    used = {f.name: f for f in function.uses}

    def value(e: Expr) -> Any:
        if isinstance(e, Constant):
            return e.value
        if isinstance(e, Variable):
            return names[e.name]
        if isinstance(e, Negative):
            return -value(e.operand)
        if isinstance(e, Index):
            return _indexed(value(e.value), e.items)
        if isinstance(e, Infix):
            return INFIX[e.op](*(_side(value(part)) for part in (e.left, e.right)))
        assert isinstance(e, Operation)
        args = [value(a) for a in e.args]
        if e.op == "list":
            return args
        if e.op in used:
            return _body(used[e.op], args)
        return _operation(e, args, {name: value(v) for name, v in e.kwargs})

    return value(function.body)


def _operation(e: Operation, args: list[Any], kwargs: Values) -> Any:
    """Return the result of an operation of Keras, with the defaults that hold in the spec."""
    qualified = f"{e.home}.{e.op}"
    op = OPS.get(qualified) or OPS.get(e.op)
    if op is None:
        loss = getattr(keras.losses, e.op, None) or keras.losses.get(e.op)
        return loss(*args, **kwargs)
    given = dict(zip(op.params, args, strict=False))
    given |= {name_here(e.op, name, op.params): v for name, v in kwargs.items()}
    first, options = [], {}
    for name, parameter in op.params.items():
        value = given.get(name, default_of(e.op, parameter, e.home))
        if parameter.default is parameter.empty:
            first.append(value)  # Keras has other names for some
        elif (e.op, name) != ("einsum", "y") or value is not None:
            options[name] = value
    known = KERAS.get(qualified) or KERAS.get(e.op) or getattr(keras.ops, e.op)
    if e.op == "einsum":
        return known(*first, *options.values())
    return known(*first, **options)


def _side(x: Any) -> Any:
    return keras.ops.array(x, keras.config.floatx()) if isinstance(x, list | tuple) else x


def _indexed(x: Any, items: tuple[Any, ...]) -> Any:
    """Return `x[items]`; torch's tensors have no slices that go backwards."""
    if isinstance(x, list | tuple):
        return x[items[0]]
    for axis, item in enumerate(items):
        if item == (None, None, -1):
            after = [i for i in items[axis:] if i is not None]
            x = keras.ops.flip(x, -len(after) if Ellipsis in items[:axis] else axis)
    forwards = ((None, None, None) if i == (None, None, -1) else i for i in items)
    return x[tuple(slice(*i) if isinstance(i, tuple) else i for i in forwards)]


INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


# ------------------------------------- what `keras.backend` had and `keras.ops` does not have


def _batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Return the products of the samples' matrices, or vectors, along an axis of each."""
    rank, other = len(x.shape), len(y.shape)
    if axes is None:
        axes = (rank - 1, max(other - 2, 1))
    i, j = axes if isinstance(axes, list | tuple) else (axes, axes)
    left = keras.ops.moveaxis(x, i, -1)
    right = keras.ops.moveaxis(y, j, 1)
    left = keras.ops.expand_dims(left, 1) if rank == 2 else left
    right = keras.ops.expand_dims(right, -1) if other == 2 else right
    result = keras.ops.matmul(left, right)
    if rank == 2:
        return keras.ops.squeeze(result, 1)
    return keras.ops.squeeze(result, -1) if other == 2 else result


def _cast(x: Any, dtype: str) -> Any:
    """Return a tensor in another type, of which the real one is what all is computed in."""
    real = dtype in ("float", "float32", "floatx")
    return keras.ops.cast(x, keras.config.floatx() if real else dtype)


def _l2_normalize(x: Any, axis: Any = None) -> Any:
    length = keras.ops.sum(keras.ops.square(x), axis, keepdims=True)
    return x * keras.ops.rsqrt(keras.ops.maximum(length, 1e-12))


def _repeat(x: Any, n: int, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = keras.ops.expand_dims(x, 1), 1
    return keras.ops.repeat(x, n, axis)


def _split_sizes(x: Any, sizes: Any, axis: int = 0) -> Any:
    ends = sizes if isinstance(sizes, int) else list(accumulate(sizes))[:-1]
    return keras.ops.split(x, ends, axis)


def _drawn(draw: Callable[..., Any]) -> Callable[..., Any]:
    def drawn(shape: Any, **options: float) -> Any:
        return draw(tuple(map(int, shape)), **options)

    return drawn


KERAS: dict[str, Callable[..., Any]] = {
    "K.hard_sigmoid": lambda x: keras.ops.clip(0.2 * x + 0.5, 0, 1),
    "batch_dot": _batch_dot,
    "batch_flatten": lambda x: keras.ops.reshape(x, (x.shape[0], -1)),
    "cast": _cast,
    "concat": keras.ops.concatenate,
    "constant": lambda value: value,
    "epsilon": keras.config.epsilon,
    "flatten": lambda x: keras.ops.reshape(x, (-1,)),
    "floatx": keras.config.floatx,
    "int_shape": keras.ops.shape,
    "l2_normalize": _l2_normalize,
    "normal": _drawn(keras.random.normal),
    "permute_dimensions": keras.ops.transpose,
    "pow": keras.ops.power,
    "random_normal": _drawn(keras.random.normal),
    "random_uniform": _drawn(keras.random.uniform),
    "reduce_max": keras.ops.max,
    "reduce_mean": keras.ops.mean,
    "reduce_min": keras.ops.min,
    "reduce_sum": keras.ops.sum,
    "repeat": _repeat,
    "repeat_elements": keras.ops.repeat,
    "reverse": keras.ops.flip,
    "squared_difference": lambda x, y: keras.ops.square(x - y),
    "swish": keras.ops.silu,
    "switch": lambda condition, x1, x2: keras.ops.where(condition, x1, x2),
    "tf.split": _split_sizes,
    "uniform": _drawn(keras.random.uniform),
}
