"""LambdaCallback: functions of the spec that say something at moments of the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.callbacks.base import Callback, CallbackCode, Epochs, renamed_metric
from kgen.catalogue.function_code import FunctionFault
from kgen.catalogue.kinds import Custom, Opt
from kgen.catalogue.ops.base import ATOM, SUM
from kgen.catalogue.scalars import INTEGER, LIST, LOGS, MAYBE, NOTHING, NUMBER, Text, expression
from kgen.catalogue.texts import Inner, text_expression
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.ir import functions as ir
from kgen.torch_ir import Line, literal


@dataclass(frozen=True)
class Logs:
    """What a function gets as its logs.

    Args:
        whole: The logs as an expression of the script.
        entry: How one of them is read.
        names: Their names.
        sometimes: Those that are not there at every epoch.
        lists: Those that are lists, and of how many numbers.
        first: A statement that makes them, where they have to be made.
    """

    whole: str = "{}"
    entry: str = "logs[{}]"
    names: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    first: str = ""
    lists: Mapping[str, int] = field(default_factory=dict)


def _moment(params: str, second: str = "") -> Any:
    """Return the kind of a function with these parameters, the last of which are the logs."""
    wanted = params.split(", ")

    def convert(value: Any) -> ir.Function:
        if not isinstance(value, ir.Function) or len(value.params) != len(wanted):
            raise TypeError
        if second and value.params[1] != second:  # Keras passes it by name
            raise TypeError
        return value

    named = f", the second called `{second}`" if second else ""
    return Opt(Custom(f"a function of {listing(wanted)}{named}", convert))


class LambdaCallback(Callback):
    """Print at moments of the training: each function says something with `print`.

    It may print numbers and text, `logs["loss"]` and the other logged values among them, and what
    is computed from them; `where(epoch % 10 == 0, print(...), None)` prints now and then, and a
    list prints several times. The logs of a batch are the means since the start of the epoch.
    """

    on_epoch_begin: ir.Function | None = arg(
        _moment("epoch, logs"), "Before an epoch, counted from 0; there are no logs yet.", None
    )
    on_epoch_end: ir.Function | None = arg(
        _moment("epoch, logs"), "After an epoch and its validation.", None
    )
    on_train_begin: ir.Function | None = arg(
        _moment("logs"), "Before the first epoch; there are no logs yet.", None
    )
    on_train_end: ir.Function | None = arg(
        _moment("logs"), "After the last epoch, with its logs.", None
    )
    on_train_batch_begin: ir.Function | None = arg(
        _moment("batch, logs", "logs"), "Before a batch, counted from 0 in each epoch.", None
    )
    on_train_batch_end: ir.Function | None = arg(
        _moment("batch, logs", "logs"), "After a batch, with the means so far.", None
    )
    on_test_begin: ir.Function | None = arg(
        _moment("logs"), "Before the validation of an epoch.", None
    )
    on_test_end: ir.Function | None = arg(
        _moment("logs"), "After the validation of an epoch, with its logs.", None
    )

    renamed = {"on_batch_begin": "on_train_batch_begin", "on_batch_end": "on_train_batch_end"}
    refused = {
        "on_test_batch_begin": "a validation is one call of the script's `evaluate`",
        "on_test_batch_end": "a validation is one call of the script's `evaluate`",
        "on_predict_begin": "`fit` does not predict",
        "on_predict_end": "`fit` does not predict",
        "on_predict_batch_begin": "`fit` does not predict",
        "on_predict_batch_end": "`fit` does not predict",
    }

    def lower(self, epochs: Epochs) -> CallbackCode:
        trained = tuple(n for n in epochs.directions if not n.startswith("val_"))
        checked = tuple(n for n in epochs.directions if n.startswith("val_"))
        sometimes = checked if epochs.validation_freq > 1 else ()
        after = (*epochs.directions, *epochs.added)
        last = "{name: values[-1] for name, values in history.items()}"
        made = "batch_logs = averages(sums, seen)"
        logs = Logs("logs", "logs[{}]", after, sometimes, lists=epochs.lists)
        tested = replace(logs, whole="results", entry="results[{}]", names=trained, sometimes=())
        batch = replace(tested, whole="batch_logs", entry="batch_logs[{}]", first=made)
        return CallbackCode(
            setup=said(self.on_train_begin, (), Logs()),
            begin=said(self.on_epoch_begin, ("epoch",), Logs()),
            before=said(self.on_train_batch_begin, ("step - 1",), Logs()),
            batch=said(self.on_train_batch_end, ("step - 1",), batch),
            binds=("batch_logs",) if self.on_train_batch_end else (),
            test_begin=said(self.on_test_begin, (), Logs()),
            test_end=said(self.on_test_end, (), tested),
            end=said(self.on_epoch_end, ("epoch",), logs),
            finish=said(self.on_train_end, (), replace(logs, whole=last, entry="history[{}][-1]")),
        )


def said(function: ir.Function | None, numbers: tuple[str, ...], logs: Logs) -> tuple[Line, ...]:
    """Return the statements of a function; raise `Fault` where it does what it cannot."""
    if function is None:
        return ()
    values = [Text(n, SUM if " " in n else ATOM, INTEGER) for n in numbers]
    values.append(Text(logs.whole, ATOM, LOGS))
    scope = dict(zip(function.params, values, strict=True))
    return tuple(_Speaker(function, scope, logs).statements(function.body))


class _Speaker:
    """Writes the statements of one function."""

    def __init__(self, function: ir.Function, scope: Mapping[str, Text], logs: Logs) -> None:
        self.function, self.scope, self.logs = function, scope, logs

    def statements(self, node: ir.Expr) -> list[Line]:
        """Return the statements of an expression that is there for what it does."""
        return self._made([*self._lines(node)])

    def _lines(self, node: ir.Expr) -> list[Line]:
        if isinstance(node, ir.Operation) and node.op == "list":
            return [line for item in node.args for line in self._lines(item)]
        if isinstance(node, ir.Operation) and node.op in ("where", "switch"):
            return self._condition(node)
        if isinstance(node, ir.Operation) and (used := self._used(node)) is not None:
            return self._within(node, used)._lines(used.body)
        text = self._text(node)
        if text.kind != NOTHING or text.code == "None":
            message = f"{self.function.described} computes a value that nobody sees"
            fault = Fault("K203", message, helps=("print it: `print(...)`",))
            raise FunctionFault.within(fault, node.span)
        return [Line(text.code)]

    def _condition(self, node: ir.Operation) -> list[Line]:
        """Return `where(condition, print(...), None)` as an `if`."""
        if len(node.args) != 3 or node.kwargs:
            fault = Fault("K205", f"`{node.op}` takes 3 arguments, without names")
            raise FunctionFault.within(fault, node.span)
        asked, then, otherwise = node.args
        condition = self._text(asked)
        if condition.kind not in (NUMBER, INTEGER):
            fault = Fault("K203", f"a condition cannot be {condition.kind}")
            raise FunctionFault.within(fault, asked.span)
        lines = [Line(f"if {condition.code}:"), *self._branch(then)]
        if not is_none(otherwise):
            lines += [Line("else:"), *self._branch(otherwise)]
        return lines

    def _branch(self, node: ir.Expr) -> list[Line]:
        lines = [Line("pass")] if is_none(node) else self._lines(node)
        return [replace(line, depth=line.depth + 1) for line in lines]

    def _made(self, lines: list[Line]) -> list[Line]:
        """Return the statements after the one that makes the logs, where they need it.

        Where a condition does without them, they are made only when it holds: that waits for
        the device.
        """
        name, _, _ = self.logs.first.partition(" = ")
        if not name or not any(name in line.code for line in lines):
            return lines
        first = Line(self.logs.first)
        alone = lines[0].code.startswith("if ") and all(line.depth for line in lines[1:])
        if alone and name not in lines[0].code:
            return [lines[0], replace(first, depth=1), *lines[1:]]
        return [first, *lines]

    def _used(self, node: ir.Operation) -> ir.Function | None:
        """Return the function of the spec that is called, None where it is none."""
        return next((f for f in self.function.uses if f.name == node.op), None)

    def _within(self, node: ir.Operation, used: ir.Function) -> _Speaker:
        """Return what writes the statements of a function that this one calls."""
        if node.kwargs or len(node.args) != len(used.params):
            fault = Fault("K205", f"`{used.name}` takes {len(used.params)} arguments")
            raise FunctionFault.within(fault, node.span)
        given = [self._text(a) for a in node.args]
        return _Speaker(used, dict(zip(used.params, given, strict=True)), self.logs)

    def _text(self, node: ir.Expr) -> Text:
        return expression(node, self.function, self.scope, self._special)

    def _special(self, node: ir.Expr, inner: Inner) -> Text | None:
        """Return an expression that reads the logs or deals with text, None for others."""
        match node:
            case ir.Index(items=(str() as name,)) if inner(node.value).kind == LOGS:
                return self._entry(name)
            case ir.Index(value=ir.Index(items=(str() as name,)), items=(int() as i,)):
                return self._item(inner(node.value), name, i)
            case ir.Index():
                raise Fault("K114", 'only the logs have entries: `logs["loss"]`')
            case ir.Operation(op="get", kwargs=()) if len(node.args) == 2:
                return self._found(*node.args, inner)
            case ir.Variable() if node.name in self.scope:
                return self._variable(node.name)
            case ir.Operation() if (used := self._used(node)) is not None:
                return self._within(node, used)._text(used.body)
        return text_expression(node, inner)

    def _variable(self, name: str) -> Text:
        value = self.scope[name]
        if value.kind == LOGS and self.logs.sometimes and self.logs.whole.startswith("{"):
            raise Fault("K203", "the last epoch may be without validation: name a value")
        return value

    def _found(self, owner: ir.Expr, name: ir.Expr, inner: Inner) -> Text | None:
        """Return `logs.get("val_loss")`, which is None in epochs without validation."""
        named = isinstance(name, ir.Constant) and isinstance(name.value, str)
        if not named or inner(owner).kind != LOGS:
            return None
        assert isinstance(name, ir.Constant)
        if name.value not in self.logs.sometimes or not self.logs.entry.startswith("logs"):
            return self._entry(str(name.value))
        return Text(f"logs.get({literal(name.value)})", kind=MAYBE)

    def _item(self, value: Text, name: str, i: int) -> Text:
        """Return one of a list of numbers."""
        if value.kind != LIST:
            raise Fault("K203", f"`{name}` is one number, and has no parts", label=value.kind)
        length = self.logs.lists[name]
        if not -length <= i < length:
            raise Fault("K203", f"`{name}` has {length} numbers, and none at {i}")
        return Text(f"{value.code}[{i}]")

    def _entry(self, name: str) -> Text:
        """Return the logged value of a name; raise `Fault` where it may not be there."""
        names = self.logs.names
        if name not in names:
            name = next(n for n in (renamed_metric(name), name) if n in names or n == name)
        if name in self.logs.sometimes:
            raise Fault(
                "K430",
                f"`{name}` is not among the logged values of every epoch",
                label="only after a validation",
                helps=(f'`logs.get("{name}")` is None without it',),
            )
        if name in names:
            kind = LIST if name in self.logs.lists else NUMBER
            return Text(self.logs.entry.format(literal(name)), kind=kind)
        hint = did_you_mean(name, names)
        raise Fault(
            "K430",
            f"`{name}` is not among the logged values",
            label="nothing is logged yet" if not names else hint,
            notes=(f"logged are: {listing(names)}",) if names else (),
        )


def is_none(node: ir.Expr) -> bool:
    """Return whether an expression is None."""
    return isinstance(node, ir.Constant) and node.value is None
