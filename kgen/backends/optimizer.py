"""The optimizer of a script: a class that makes Keras' updates."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from textwrap import indent

from kgen.backends.templates import py, render
from kgen.catalogue.optimizers import Optimizer, OptimizerCode, Trained
from kgen.catalogue.optimizers.multi import Group, MultiOptimizer, group_names
from kgen.catalogue.optimizers.scaling import LossScaleOptimizer
from kgen.passes.loop import within
from kgen.passes.lowered import Placed
from kgen.torch_ir import Line, Names, render_lines

GROUPS = "Keras' MultiOptimizer: each group of weights has an optimizer of its own."
PARTS = "Keras' {name} of weights in {types}: a part each."


def render_optimizer(
    optimizer: Optimizer,
    weights: Sequence[Placed] = (),
    without_loss: Collection[str] = (),
    names: Names | None = None,
    asked: Collection[str] = (),
    parted: bool = False,
) -> str:
    """Return the class of the script that makes an optimizer's updates, after those it uses.

    It is constructed as `Name(model, learning_rate)`, as `Name(model)` without such a number.

    Args:
        optimizer: The optimizer.
        weights: The weights of the model.
        without_loss: Paths of the layers that no gradient reaches.
        names: The names of the script's classes.
        asked: The methods that callbacks call, where it has several optimizers.
        parted: Whether the weights may be of several types.

    Raises:
        Fault: A weight is of a kind that the optimizer cannot update.
    """
    active: list[Placed] = []
    idle: list[Placed] = []
    for w in weights:
        if w.trainable:
            (idle if is_idle(w, without_loss) else active).append(w)
    trained = [Trained(f"{w.layer}/{w.weight.path}", w.paths, w.weight) for w in active]
    frozen = freezing(idle)
    types = dict.fromkeys(w.dtype for w in active)
    if len(types) > 1 or parted:
        parts = [[t for t, w in zip(trained, active, strict=True) if w.dtype == d] for d in types]
        return render_parts(optimizer, parts, [*types], frozen, names or Names(), asked)
    scaling = optimizer if isinstance(optimizer, LossScaleOptimizer) else None
    multi = optimizer if scaling is None else scaling.inner_optimizer
    if isinstance(multi, MultiOptimizer):
        return render_groups(multi, multi.groups(trained), frozen, names or Names(), asked, scaling)
    return render_class(optimizer.lower(trained), frozen)


def render_class(code: OptimizerCode, frozen: Sequence[Line], model: str = "model") -> str:
    """Return the class that makes an optimizer's updates.

    Args:
        code: What it consists of.
        frozen: Lines that leave weights out of the training.
        model: What it calls that which has the parameters: a model, or a group of them.
    """
    state = [name for name, _ in code.state]
    tensors, lists = (state, [*code.lists]) if code.flat else ([], [*state, *code.lists])
    if code.accumulate > 1:
        tensors.append("grads")  # an epoch may end within an update
    numbers = [name for name, _ in code.numbers]
    numbers += ["iterations"] if code.scheduled else ["iterations", "learning_rate"]
    choose, setup = (
        [replace(line, code=re.sub(r"\bmodel\b", model, line.code)) for line in lines]
        for lines in ([*frozen, *code.choose], code.setup)
    )
    return render(
        "optimizer.py.j2",
        code=code,
        docstring=docstring(code.doc),
        constants="\n".join(f"    {name} = {py(value)}" for name, value in code.constants),
        model=f"{model}: {'nn.Module' if model == 'model' else 'WeightGroup'}",
        rate="" if code.scheduled else ", learning_rate: float",
        choose=render_lines(choose, 2),
        setup=render_lines(setup, 2),
        schedule=render_lines(code.schedule, 2),
        named=named(code),
        step=render_lines(code.step, 2),
        finalize=render_lines(code.finalize, 2),
        saved=py((*tensors, *lists, *numbers)),
        tensors=tensors,
        lists=lists,
        numbers=numbers,
    )


def render_groups(
    optimizer: MultiOptimizer,
    groups: Sequence[Group],
    frozen: Sequence[Line],
    names: Names,
    asked: Collection[str] = (),
    scaling: LossScaleOptimizer | None = None,
) -> str:
    """Return the classes that update groups of the weights, and the one that has them all."""
    parts = group_names(groups)
    table = optimizer.optimizer_map
    default = table.default_optimizer
    named = zip(groups, parts, strict=True)
    others = tuple(name for (o, _), part in named if o is not default for name in part)
    texts = PartTexts(names)
    logged = dict(zip(map(id, table.optimizers), table.rates(), strict=True))
    made, averaging = [], []
    rates: dict[str, str] = {}
    for i, ((inner, weights), part) in enumerate(zip(groups, parts, strict=True)):
        code = inner.lower(weights)
        chosen = f"without={py(others)}" if inner is default else ", ".join(map(py, part))
        rate = "" if code.scheduled else f", {py(inner.fixed_rate)}"
        made.append(f"{texts.name(code)}(WeightGroup(model, {chosen}){rate})")
        own = f"self.optimizers[{i}]"
        called = f"({own}.iterations)" if code.scheduled else ""
        rates[logged[id(inner)]] = f"{own}.learning_rate{called}"
        if code.finalize:
            averaging.append(own)
    return "\n\n".join(
        [
            *texts.texts.values(),
            render(
                "multi_optimizer.py.j2",
                name=type(scaling or optimizer).__name__,
                docstring=docstring(scaling.description if scaling else GROUPS),
                scale=py(optimizer.loss_scale_factor) if optimizer.loss_scale_factor else "",
                numbers=scaling.numbers if scaling else (),
                saved=py((*(name for name, _ in scaling.numbers), "iterations")) if scaling else "",
                unscale=render_lines(scaling.unscale_or_skip(), 2) if scaling else "",
                frozen=render_lines(frozen, 2),
                types=" | ".join(texts.classes.values()),
                made=made,
                averaging=averaging,
                averaged="averaged" in asked,
                unit="group",
                rate="",
                rates=rates if "learning_rates" in asked else {},
            ),
        ]
    )


def render_parts(
    optimizer: Optimizer,
    parts: Sequence[Sequence[Trained]],
    types: Sequence[str],
    frozen: Sequence[Line],
    names: Names,
    asked: Collection[str] = (),
) -> str:
    """Return the class that updates the weights of one type, and the one that updates them all."""
    codes = [optimizer.lower(weights) for weights in parts]
    code = codes[0]
    texts = PartTexts(names, "Part")
    rate = "" if code.scheduled else ", learning_rate"
    made = [
        f"{texts.name(code)}(WeightGroup(model, {', '.join(map(py, chosen))}){rate})"
        for code, chosen in zip(codes, group_names([(optimizer, [*p]) for p in parts]), strict=True)
    ]
    own = render(
        "multi_optimizer.py.j2",
        name=code.name,
        docstring=docstring(PARTS.format(name=code.name, types=" and ".join(types))),
        scale=py(optimizer.loss_scale_factor) if optimizer.loss_scale_factor else "",
        frozen=render_lines(frozen, 2),
        types=" | ".join(texts.classes.values()),
        made=made,
        averaging=[f"self.optimizers[{i}]" for i in range(len(parts) if code.finalize else 0)],
        averaged="averaged" in asked,
        unit="part",
        rate="" if code.scheduled else ", learning_rate: float",
        **dict.fromkeys(("numbers", "saved", "unscale", "rates"), ()),
    )
    return "\n\n".join([*texts.texts.values(), own])


@dataclass
class PartTexts:
    """The classes that update some of the weights: one for all parts with the same text.

    Args:
        names: The names of the script's classes.
        ending: Of their names, which without one are the optimizers' own.
    """

    names: Names
    ending: str = ""
    texts: dict[str, str] = field(default_factory=dict)  # without their names, with the names
    classes: dict[str, str] = field(default_factory=dict)

    def name(self, code: OptimizerCode) -> str:
        """Return the name of the class of a part, which is written if it is not yet."""
        body = render_class(replace(code, name="{}"), (), "group")
        if body not in self.classes:
            wanted = f"{code.name}{self.ending}"
            free = not self.ending and wanted not in self.classes.values()
            self.classes[body] = wanted if free else self.names.new(wanted)
            named = replace(code, name=self.classes[body])
            self.texts[body] = render_class(named, (), "group")
        return self.classes[body]


def is_idle(weight: Placed, without_loss: Collection[str]) -> bool:
    """Return whether no gradient reaches a weight: Keras leaves it as it is."""
    return within(weight.layer, without_loss) and weight.weight.regularizer is None


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
