"""Operations in a saved graph (`x * 2 + 1`, `keras.ops.mean(x)`), as small functions."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import snake_case
from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.ops.base import OPS
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
    "clip_by_value": "clip",
}
RENAMED = {"clip_value_min": "min_value", "clip_value_max": "max_value", "dim": "axis"}
LEGACY = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")  # of Keras 2
LISTS = ("concatenate", "concat", "stack")  # take one list of tensors
LETTERS = "xyzabcdefgh"


def is_operation(layer: Item) -> bool:
    """Return whether a serialized layer is an operation: it has no weights, only arguments."""
    module, name = layer.text("module"), layer.text("class_name")
    if name in LEGACY or module.startswith(("keras.src.ops", "keras.ops")):
        return True
    # HDF5 files of Keras 3 name no modules; what every layer says of itself tells them apart.
    plain = not module and name != "InputLayer" and layer.get("config", "layers") is None
    called = layer.get("inbound_nodes", 0, "args") is not None
    return plain and called and layer.get("config", "trainable") is None


def operation(call: Call, values: Values) -> LayerValue | None:
    """Return an operation as a `Lambda` layer, None after reporting that it has no translation."""
    return _Operation(call, values).run()


class _Operation:
    def __init__(self, call: Call, values: Values) -> None:
        self.call = call
        self.values = values
        self.span = call.layer.span
        self.params: list[str] = []
        self.failed = False

    def run(self) -> LayerValue | None:
        name = self.call.layer.text("class_name")
        legacy = name in LEGACY
        shown = self.call.layer.text("config", "function") or name
        op = shown.rsplit(".", 1)[-1] if legacy else snake_case(name)
        op = TENSORFLOW.get(op, op)
        body = self.body(op)
        if self.failed:
            return None
        if body is None or not self.params:
            hint = did_you_mean(op, [*OPS, *INFIX])
            self.values.fail(
                "K501",
                f"the operation `{shown}` is not supported",
                self.call.layer,
                helps=[hint] if hint else [],
            )
            return None
        function = Function("", tuple(self.params), body, self.span)
        return layer_value(Lambda(function=function), self.span)

    def body(self, op: str) -> Expr | None:
        if op == "get_item":
            return self.item()
        arguments = [self.argument(a) for a in self.call.args]
        named = {RENAMED.get(n, n): self.named(v) for n, v in self.call.kwargs.items()}
        options = self.options()
        if self.failed:
            return None
        if op in INFIX:
            both = [*arguments, *named.values()]
            return Infix(self.span, INFIX[op], *both) if len(both) == 2 else None
        if op == "negative" and len(arguments) == 1:
            return Negative(self.span, arguments[0])
        if op not in OPS:
            return None
        if op in LISTS:
            arguments = [Operation(self.span, "list", tuple(arguments))]
        known = OPS[op].params
        for name, value in {**options, **named}.items():
            empty = isinstance(value, Constant) and value.value in (None, False)
            if name not in known and not empty:
                return None
        given = {n: v for n, v in {**options, **named}.items() if n in known}
        given = {n: v for n, v in given.items() if not is_none(v)}
        return Operation(self.span, op, tuple(arguments), tuple(given.items()))

    def options(self) -> dict[str, Expr]:
        """Return the arguments in the configuration of the operation itself."""
        table: dict[str, Expr] = {}
        for name, item in self.call.layer.fields("config").items():
            if name in ("name", "trainable", "function", "node_def", "constants"):
                continue
            if name == "dtype" and self.call.layer.text("class_name") in LEGACY:
                continue
            table[RENAMED.get(name, name)] = self.constant(item)
        return table

    def variable(self) -> Variable:
        self.params.append(LETTERS[len(self.params) % len(LETTERS)])
        return Variable(self.span, self.params[-1])

    def argument(self, given: TensorRef | Item) -> Expr:
        return self.variable() if isinstance(given, TensorRef) else self.constant(given)

    def named(self, given: list[TensorRef] | Item) -> Expr:
        if isinstance(given, Item):
            return self.constant(given)
        if len(given) == 1:
            return self.variable()
        return Operation(self.span, "list", tuple(self.variable() for _ in given))

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
        """Return an indexing; Keras 3 gives the key as the second argument."""
        tensor, key = (*self.call.args, None, None)[:2]
        if not isinstance(tensor, TensorRef) or not isinstance(key, Item):
            return None
        parts = key.items() or key.items("items") or [key]
        items: list[object] = []
        for part in parts:
            if part.text("class_name") == "__slice__" or part.text("class_name") == "slice":
                config = part.get("config") or part
                ends = [config.get(n) for n in ("start", "stop", "step")]
                items.append(tuple(e.value if e is not None else None for e in ends))
            elif part.text("class_name") == "__ellipsis__":
                items.append(...)
            elif isinstance(part.value, int | None):
                items.append(part.value)
            else:
                return None
        return Index(self.span, self.variable(), tuple(items))


def is_none(value: Expr) -> bool:
    return isinstance(value, Constant) and value.value is None
