"""The optimizer of a script: a class that makes Keras' updates."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from textwrap import indent

from kgen.backends.templates import py, render
from kgen.catalogue.optimizers import Optimizer, OptimizerCode, Trained
from kgen.passes.lowered import Placed
from kgen.torch_ir import Line, render_lines


def render_optimizer(
    optimizer: Optimizer, weights: Sequence[Placed] = (), without_loss: Collection[str] = ()
) -> str:
    """Return the class of the script that makes an optimizer's updates.

    It is constructed as `Name(model, learning_rate)`, as `Name(model)` with a schedule.

    Args:
        optimizer: The optimizer.
        weights: The weights of the model.
        without_loss: Paths of the layers that no gradient reaches.

    Raises:
        Fault: A weight is of a kind that the optimizer cannot update.
    """
    active: list[Placed] = []
    idle: list[Placed] = []
    for w in weights:
        if w.trainable:
            (idle if is_idle(w, without_loss) else active).append(w)
    code = optimizer.lower(
        [Trained(f"{w.layer}/{w.weight.name}", w.paths, w.weight) for w in active]
    )
    state = [name for name, _ in code.state]
    tensors, lists = (state, [*code.lists]) if code.flat else ([], [*state, *code.lists])
    if code.accumulate > 1:
        tensors.append("grads")  # an epoch may end within an update
    numbers = [name for name, _ in code.numbers]
    numbers += ["iterations"] if code.scheduled else ["iterations", "learning_rate"]
    return render(
        "optimizer.py.j2",
        code=code,
        docstring=docstring(code.doc),
        constants="\n".join(f"    {name} = {py(value)}" for name, value in code.constants),
        rate="" if code.scheduled else ", learning_rate: float",
        choose=render_lines([*freezing(idle), *code.choose], 2),
        setup=render_lines(code.setup, 2),
        named=named(code),
        step=render_lines(code.step, 2),
        finalize=render_lines(code.finalize, 2),
        saved=f"({', '.join(map(py, (*tensors, *lists, *numbers)))})",
        tensors=tensors,
        lists=lists,
        numbers=numbers,
    )


def is_idle(weight: Placed, without_loss: Collection[str]) -> bool:
    """Return whether no gradient reaches a weight: Keras leaves it as it is."""
    return within(weight.layer, without_loss) and weight.weight.regularizer is None


def within(path: str, layers: Collection[str]) -> bool:
    """Return whether a path is that of one of the layers, or of one inside of them."""
    names = path.split("/")
    return any("/".join(names[:n]) in layers for n in range(1, len(names) + 1))


def freezing(weights: Sequence[Placed]) -> list[Line]:
    """Return the lines that leave weights out of the training."""
    names = [py(path) for w in weights for path in w.paths]
    if not names:
        return []
    return [
        Line(f"for name in [{', '.join(names)}]:", "no loss depends on them"),
        Line("model.get_parameter(name).requires_grad_(False)", depth=1),
    ]


def named(code: OptimizerCode) -> str:
    """Return the line that names the parameters and gradients which a step uses."""
    used = {word for line in code.step for word in re.findall(r"(?<![\w.])[pg]\b", line.code)}
    names = {"p": "self.params", "g": "self.grads" if code.flat else "gradients(self.params)"}
    pairs = [(short, name) for short, name in names.items() if short in used]
    if not pairs:
        return ""
    return f"        {', '.join(s for s, _ in pairs)} = {', '.join(n for _, n in pairs)}"


def docstring(text: str) -> str:
    """Return a class docstring, its closing quotes on a line of their own when it is long."""
    closing = '"""' if "\n" not in text else '\n"""'
    return indent(f'"""{text}{closing}', "    ")
