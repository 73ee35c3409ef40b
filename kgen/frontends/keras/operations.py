"""Operations in a saved graph (`x * 2 + 1`, `keras.ops.mean(x)`), as small functions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from kgen.catalogue.base import snake_case
from kgen.catalogue.families import ACTIVATIONS
from kgen.catalogue.layers.core import Activation
from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.ops.base import OPS
from kgen.catalogue.ops.homes import DEFAULTS, REQUIRED, name_here
from kgen.catalogue.policies import HALVES
from kgen.diagnostics import did_you_mean
from kgen.frontends.keras.calls import Call, TensorRef
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.values import FAILED, Values
from kgen.ir.build import LayerValue, layer_value
from kgen.ir.functions import Constant, Expr, Function, Index, Infix, Negative, Operation, Variable

INFIX = {
    "add": "+",
    "subtract": "-",
    "sub": "-",
    "multiply": "*",
    "mul": "*",
    "divide": "/",
    "true_divide": "/",
    "truediv": "/",
    "floor_divide": "//",
    "floordiv": "//",
    "mod": "%",
    "power": "**",
    "pow": "**",
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
}
TENSORFLOW = {
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_std": "std",
    "reduce_variance": "var",
    "reduce_any": "any",
    "reduce_all": "all",
    "reduce_logsumexp": "logsumexp",
    "clip_by_value": "clip",
    "gather": "take",
    "atan": "arctan",
    "atan2": "arctan2",
    "asin": "arcsin",
    "acos": "arccos",
    "asinh": "arcsinh",
    "neg": "negative",
    "unpack": "unstack",
}
# Arguments that are None for the usual.
USUAL = {"pad": ("constant_values",), "softmax": ("axis",), "log_softmax": ("axis",)}
# Arguments that an operation here does not have, at values that change nothing.
IDLE: dict[str, tuple[Any, ...]] = {"axis": (-1,), "batch_dims": (0,), "sparse": (False,)}
LEGACY = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")  # of Keras 2
PLACES = ("", "__operators__", "linalg", "math", "nn", "compat.v1", "compat.v1.math")
# Layers that do not say whether they are trained.
BARE = ("InputLayer", "Discretization", "HashedCrossing", "Pipeline", "SpatialDropout1D",
        "SpatialDropout2D", "SpatialDropout3D")  # fmt: skip
PARTS = ("split", "unstack")  # return several tensors
LISTS = ("concatenate", "concat", "stack")  # take one list of tensors
MERGES = ("Add", "Multiply", "Subtract", "Maximum", "Minimum")  # layers that are an operation
LETTERS = "xyzabcdefgh"


def is_operation(layer: Item) -> bool:
    """Return whether a serialized layer is an operation: it has no weights, only arguments."""
    module, name = layer.text("module"), layer.text("class_name")
    if name in LEGACY or module.startswith(("keras.src.ops", "keras.ops")):
        return True
    # HDF5 files of Keras 3 name no modules; what every layer says of itself tells them apart.
    plain = not module and name not in BARE and layer.get("config", "layers") is None
    called = layer.get("inbound_nodes", 0, "args") is not None
    return plain and called and layer.get("config", "trainable") is None


def operation(call: Call, values: Values, used: Sequence[int] = (0,)) -> list[LayerValue] | None:
    """Return an operation as layers, one for each tensor of it that is used.

    Args:
        call: The application of the operation.
        values: Reads its arguments, and collects what is wrong.
        used: The outputs that something takes.
    """
    return _Operation(call, values).run(used) if has_one_type(call, values) else None


def types_of(call: Call) -> list[str]:
    """Return the types of the tensors that an operation takes, "" where a file does not say."""
    parents = (ref.item.parent for ref in call.tensors())
    return [parent.text("dtype") if parent is not None else "" for parent in parents]


def has_one_type(call: Call, values: Values) -> bool:
    """Return whether an operation takes what scripts compute with; report another type.

    Layers cast what they take, as their policy says. Operations do not: on an input in float32
    Keras applies them in float32, where the layers have 16 bits. (Nor has Keras operations in
    float64: what it rounds to float32 there is in float64 here.)
    """
    policies = values.policies
    for dtype in types_of(call):
        wrong = dtype in HALVES.values() and not policies.mixed
        if dtype == policies.model or not (wrong or policies.short):
            continue
        values.fail(
            "K501",
            f"an operation on a tensor in `{dtype or 'another type'}` is not supported in a model "
            f"in `{policies.model}`",
            call.layer,
            "casts nothing, as layers do",
        )
        return False
    return True


class _Operation:
    def __init__(self, call: Call, values: Values) -> None:
        self.call = call
        self.values = values
        self.span = call.layer.span
        self.params: list[str] = []
        self.failed = False
        apart = values.policies.model == "float32" and "float64" in types_of(call)
        self.own = {"dtype": "float64"} if apart else {}  # it has the type of what it takes
        name = call.layer.text("class_name")
        self.legacy = name in LEGACY
        self.merges = name in MERGES
        shown = call.layer.text("config", "function")
        node = call.layer.get("config", "node_def")
        if node is not None:  # TensorFlow 2.0 to 2.3
            shown = node.text("op") or name
        place, _, op = shown.rpartition(".")
        self.op = TENSORFLOW.get(op, op) if self.legacy else snake_case(name)
        self.shown = f"tf.{shown}" if self.legacy else f"keras.ops.{self.op}"
        self.known = not self.legacy or (place in PLACES and node is None)

    def run(self, used: Sequence[int]) -> list[LayerValue] | None:
        body = self.body() if self.known else None
        if self.failed:
            return None
        if body is None or not self.params:
            layers = self.other_layer()
            if layers is None:
                self.unsupported()
            return layers
        bodies = [body]
        if self.op in PARTS:
            bodies = [Index(self.span, body, (i,)) for i in used]
        functions = [Function("", tuple(self.params), body, self.span) for body in bodies]
        return [layer_value(Lambda(function=f, **self.own), self.span) for f in functions]

    def unsupported(self, why: str = "", instead: str = "") -> None:
        """Report an operation without a translation, once."""
        if not self.failed:
            hint = instead if why else did_you_mean(self.op, [*OPS, *INFIX])
            self.values.fail(
                "K501",
                f"the operation `{self.shown}` is not supported{why}",
                self.call.layer,
                helps=[hint] if hint else [],
            )
        self.failed = True

    def other_layer(self) -> list[LayerValue] | None:
        """Return the layer that computes what an operation does: an activation."""
        cls = ACTIVATIONS.find(self.op)
        tensors = list(self.call.tensors(()))
        if cls is None or len(tensors) != 1 or not self.known:
            return None
        given = {name: item.value for name, item in self.option_items()}
        given |= {n: v.value for n, v in self.call.kwargs.items() if isinstance(v, Item)}
        given = {n: v for n, v in given.items() if n in cls.args or v is not None}
        if not set(given) <= set(cls.args):
            return None
        layer = Activation(activation=cls(called_as=self.op, **given), **self.own)
        return [layer_value(layer, self.span)]

    def body(self) -> Expr | None:
        """Return what the operation computes, None where it has no translation."""
        if self.op in ("get_item", "getitem"):
            return self.item()
        if self.op not in OPS and self.op not in INFIX:
            return None
        positional = [self.argument(a) for a in self.call.args]
        named = {n: self.named(v) for n, v in self.call.kwargs.items()}
        options = {n: self.constant(item) for n, item in self.option_items()}
        if self.failed:
            return None
        if self.op in INFIX:
            terms = [*positional, *named.values()]
            sign = INFIX[self.op]
            infix = reduce(lambda a, b: Infix(self.span, sign, a, b), terms)
            return infix if len(terms) > 1 else None
        if self.op == "negative" and len(positional) == 1:
            return Negative(self.span, positional[0])
        if self.merges:
            return reduce(lambda a, b: Operation(self.span, self.op, (a, b)), positional)
        if self.op in LISTS:
            positional = [Operation(self.span, "list", tuple(positional))]
        if self.op == "einsum" and "subscripts" in options:
            positional = [options.pop("subscripts"), *positional]
        return self.bound(positional, {**options, **named})

    def bound(self, positional: list[Expr], named: dict[str, Expr]) -> Expr | None:
        """Return the call with the names that the operation's parameters have here."""
        known = OPS[self.op].params
        defaults = DEFAULTS["tf" if self.legacy else "ops"].get(self.op, {})
        given: dict[str, Expr] = {
            n: Constant(self.span, v) for n, v in defaults.items() if v is not REQUIRED
        }
        for name, value in named.items():
            today = name_here(self.op, name, known)
            if is_none(value) and today in USUAL.get(self.op, ()):
                continue
            if today in known:
                given[today] = value
            elif not (is_none(value) or is_idle(name, value)):
                shown = plain(value)
                self.unsupported(f" with `{name}={'...' if shown is ... else shown}`")
                return None
        if self.op == "split" and self.legacy:
            given["indices_or_sections"] = ends_of(given["indices_or_sections"])
        if self.op == "reshape" and "shape" in given and not is_known(given["shape"]):
            self.unsupported(
                " with a `shape` that the model computes", "write -1 for the size of the batch"
            )
            return None
        names = list(known)[len(positional) :]
        tensors = []
        while names and names[0] in given and not isinstance(given[names[0]], Constant):
            tensors.append(given.pop(names.pop(0)))
        kept = {n: v for n, v in given.items() if not is_default(v, known[n].default)}
        return Operation(self.span, self.op, (*positional, *tensors), tuple(kept.items()))

    def option_items(self) -> list[tuple[str, Item]]:
        """Return the arguments in the configuration of the operation itself."""
        skip = {"name", "trainable", "function", "node_def", "constants"}
        if self.legacy or self.op != "cast":
            skip.add("dtype")
        fields = self.call.layer.fields("config").items()
        return [(name, item) for name, item in fields if name not in skip]

    def variable(self) -> Variable:
        self.params.append(LETTERS[len(self.params) % len(LETTERS)])
        return Variable(self.span, self.params[-1])

    def argument(self, given: TensorRef | Item) -> Expr:
        return self.variable() if isinstance(given, TensorRef) else self.constant(given)

    def named(self, given: list[TensorRef] | Item) -> Expr:
        if isinstance(given, Item):
            return self.constant(given)
        variables = tuple(self.variable() for _ in given)
        return variables[0] if len(variables) == 1 else Operation(self.span, "list", variables)

    def constant(self, item: Item) -> Expr:
        value = self.values.value(item)
        if value is FAILED:
            self.failed = True
            return Constant(item.span, None)
        return self.literal(value)

    def literal(self, value: Any) -> Expr:
        if isinstance(value, list | tuple):
            return Operation(self.span, "list", tuple(self.literal(v) for v in value))
        if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
            return Negative(self.span, Constant(self.span, -value))
        return Constant(self.span, value if not isinstance(value, dict) else None)

    def item(self) -> Expr | None:
        """Return an indexing: Keras 3 gives the key as an argument, Keras 2 as `slice_spec`."""
        tensor = self.call.args[0] if self.call.args else None
        key = self.call.kwargs.get("slice_spec") or (*self.call.args, None, None)[1]
        if not isinstance(tensor, TensorRef) or not isinstance(key, Item):
            return None
        items: list[object] = []
        for part in key.items() or key.items("items") or [key]:
            ends = part.get("config") or part
            if part.text("class_name") in ("__slice__", "slice") or "start" in part.fields():
                given = (ends.get(n) for n in ("start", "stop", "step"))
                items.append(tuple(e.value if e is not None else None for e in given))
            elif part.text("class_name") == "__ellipsis__":
                items.append(...)
            elif isinstance(part.value, int | None):
                items.append(part.value)
            else:
                return None
        return Index(self.span, self.variable(), tuple(items))


def plain(value: Expr) -> Any:
    """Return the number or word that an expression is, `...` where it is more than that."""
    if isinstance(value, Negative):
        number = plain(value.operand)
        return -number if isinstance(number, int | float) else ...
    return value.value if isinstance(value, Constant) else ...


def is_none(value: Expr) -> bool:
    return plain(value) is None


def is_known(shape: Expr) -> bool:
    """Return whether a shape is made of numbers; `ops.shape(x)[0]` leaves a None in a file."""
    sizes = shape.args if isinstance(shape, Operation) and shape.op == "list" else (shape,)
    return all(isinstance(plain(size), int) for size in sizes)


def is_idle(name: str, value: Expr) -> bool:
    """Return whether an argument that is not translated changes nothing."""
    return plain(value) in IDLE.get(name, (False,))


def is_default(value: Expr, default: Any) -> bool:
    """Return whether an argument is what it is when nothing is given."""
    number = plain(value)
    return type(number) is type(default) and bool(number == default)


def ends_of(sizes: Expr) -> Expr:
    """Return where parts of these sizes end; TensorFlow gives sizes, Keras ends."""
    if not isinstance(sizes, Operation):
        return sizes
    values = [n for n in map(plain, sizes.args) if isinstance(n, int)]
    ends = (Constant(sizes.span, sum(values[: i + 1])) for i in range(len(values) - 1))
    return Operation(sizes.span, "list", tuple(ends))
