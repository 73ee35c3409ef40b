"""What all optimizers share, written out so that a step is Keras' step exactly.

Most keep all trainable parameters in one flat vector `self.params` and their gradients in
`self.grads` (the parameters are views into them), so that an update is a few operations whatever
the number of layers. An update of many weights that torch has a kernel for takes the list of the
parameters instead: then no gradient is cleared and added to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import OPTIMIZERS, SCHEDULES
from kgen.catalogue.kinds import Bool, Either, Float, Int, Opt, Str
from kgen.catalogue.references import Ref
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.torch_ir import Line, number

MANY = 100_000  # weights from which clearing their gradients takes longer than a call a tensor
ZEROS = "torch.zeros_like(self.params)"
ZEROS_EACH = "[torch.zeros_like(p) for p in self.params]"
FINALIZE = (Line("if self.iterations:"), Line("self.params.copy_(self.average)", depth=1))
TRAINABLE = Line("parameters = [p for p in model.parameters() if p.requires_grad]")
LISTED = Line("self.params = [p for p in model.parameters() if p.requires_grad]")


def infinity(of: str) -> Line:
    """Return the line of `__init__` that makes what `adam_` takes, where tensor `of` is."""
    return Line(f"self.inf = torch.tensor(math.inf).to({of}.device, torch.float32)")


@dataclass(frozen=True)
class Trained:
    """A trainable weight.

    Args:
        path: Keras' path: `dense/kernel`.
        names: Its names in the torch model.
        weight: What it is.
        loaded: The path after Keras has loaded the model from a file, which leaves out what is
            around the layer; "" for a model that is in no file.
    """

    path: str
    names: tuple[str, ...]
    weight: Weight
    loaded: str = ""


@dataclass(frozen=True)
class OptimizerCode:
    """The optimizer class of the script.

    Args:
        name: Of the class.
        doc: Its docstring: the update in a formula.
        step: The body of `step`, which sees `p` (all parameters), `g` (all gradients), `lr` (this
            update's rate) and `self.iterations` (the steps made before this one).
        flat: Whether `p` and `g` are vectors, and not lists of tensors.
        constants: Class attributes: the hyper-parameters and their values.
        state: What it keeps beside the parameters, as they are a vector or a list, with the initial
            value as an expression ("torch.zeros_like(self.params)").
        lists: Lists of tensors that `setup` makes and that it keeps.
        numbers: Numbers that it keeps, with their initial value.
        choose: Lines that set `parameters`, the list of those that it updates, from `model`.
        setup: Further lines of `__init__`, which see `model` and `parameters`.
        finalize: The body of `finalize`, which the script calls after the last epoch.
        accumulate: How many batches' gradients make one update.
        scheduled: Whether `learning_rate` is a function rather than a number.
        schedule: The body of that function where it is the class' own, and not the script's.
    """

    name: str
    doc: str
    step: tuple[Line, ...]
    flat: bool = True
    constants: tuple[tuple[str, Any], ...] = ()
    state: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    numbers: tuple[tuple[str, float], ...] = ()
    choose: tuple[Line, ...] = (TRAINABLE,)
    setup: tuple[Line, ...] = ()
    finalize: tuple[Line, ...] = ()
    accumulate: int = 1
    scheduled: bool = False
    schedule: tuple[Line, ...] = ()


class Epsilon(Float):
    """A small constant; None is 1e-7, as `keras.backend.epsilon()` is for Keras 1 and 2."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any) -> float:
        return 1e-7 if value is None else super().convert(value)


COMMON = (
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class Optimizer(Entry, abstract=True, family=OPTIMIZERS):
    """Base of optimizers: rates, clipping, weight decay, averages and accumulation.

    Class attributes:
        decays_itself: Whether `update` includes `weight_decay`.
        per_weight: Whether `update` needs `self.sizes`, the number of elements of each weight.
        leading: The first arguments, where Keras has one of those that all share among them.
        wraps: Whether it has its own arguments alone, since another optimizer makes the updates.
        skips: Whether it leaves out steps.
        wrapped: Whether it makes its updates for another optimizer.
        several: Whether it is several optimizers, each with a group of the weights.
        grouped: Whether it updates a group of the weights, beside other optimizers.
    """

    learning_rate: Any = arg(
        Either(Float(min=0), Ref(SCHEDULES)), "Step size, or a schedule of it.", 0.001
    )
    weight_decay: float | None = arg(
        Opt(Float(min=0)), "Shrinks every weight by `lr * weight_decay` before the update.", None
    )
    clipnorm: float | None = arg(Opt(Float(min=0)), "Largest norm of each weight's gradient.", None)
    clipvalue: float | None = arg(Opt(Float(min=0)), "Largest absolute value in a gradient.", None)
    global_clipnorm: float | None = arg(
        Opt(Float(min=0)), "Largest norm of all gradients together.", None
    )
    use_ema: bool = arg(Bool(), "End with a moving average of the weights.", False)
    ema_momentum: float = arg(Float(min=0, max=1), "Decay of that average.", 0.99)
    ema_overwrite_frequency: int | None = arg(
        Opt(Int(min=1)), "Also replace the weights by it every so many updates.", None
    )
    loss_scale_factor: float | None = arg(
        Opt(Float(above=0)), "Multiplies the loss, and divides the gradients.", None
    )
    gradient_accumulation_steps: int | None = arg(
        Opt(Int(min=2)), "Make one update from the mean gradient of so many batches.", None
    )
    decay: float = arg(
        Float(min=0),
        "Update t uses `learning_rate / (1 + decay * t)`, as in Keras 1 and 2.",
        0.0,
        keyword_only=True,
    )

    name: str | None = arg(
        Opt(Str()),
        "What the logs of a `MultiOptimizer` call it, after `learning_rate_`; None for its class.",
        None,
        keyword_only=True,
    )

    renamed = {"lr": "learning_rate"}
    decays_itself: ClassVar[bool] = False
    per_weight: ClassVar[bool] = False
    leading: ClassVar[tuple[str, ...]] = ("learning_rate",)
    wraps: ClassVar[bool] = False
    skips: ClassVar[bool] = False
    wrapped: bool = False
    several: bool = False
    grouped: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Keras' order: an optimizer's own arguments stand before those that all have.
        own = [n for n, a in cls.args.items() if n not in COMMON and not a.keyword_only]
        order = dict.fromkeys([*cls.leading, *own, *COMMON, *cls.args])
        cls.args = {n: cls.args[n] for n in order if not cls.wraps or n in vars(cls)}

    def check(self) -> None:
        clips = [
            n for n in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, n) is not None
        ]
        if len(clips) > 1:
            raise Fault(
                "K204",
                f"`{clips[0]}` and `{clips[1]}` exclude each other",
                arg=clips[1],
                label="give one of the two",
            )
        if self.decay and self.scheduled:
            raise Fault(
                "K204",
                "`decay` and a schedule exclude each other",
                arg="decay",
                label="the schedule already changes the rate",
            )

    @property
    def scheduled(self) -> bool:
        """Return whether the learning rate is a schedule rather than a number."""
        return not isinstance(self.learning_rate, int | float)

    @property
    def fixed_rate(self) -> float | None:
        """Return the number that is the learning rate, None where there is no such number."""
        return None if self.scheduled else float(self.learning_rate)

    @property
    def rates(self) -> tuple[str, ...]:
        """Return what callbacks log the rates as."""
        return ("learning_rate",)

    @property
    def averages(self) -> bool:
        """Return whether weights are averaged."""
        return self.use_ema

    @property
    def loss_scale(self) -> str:
        """Return the attribute that the loss is multiplied with, "" for none."""
        return "" if self.loss_scale_factor is None else "loss_scale_factor"

    @property
    def updates(self) -> str:
        """Return the expression of the number of updates made before this one."""
        steps = self.gradient_accumulation_steps
        return f"self.iterations // {steps}" if steps else "self.iterations"

    def flat(self, weights: Sequence[Trained]) -> bool:
        """Return whether all weights, and all gradients, are best kept in one vector."""
        # What `clip`, `shrink` and `average` do is an operation each on a vector. A vector of
        # gradients is there to be added to: by further batches, or by rows of an embedding.
        return bool(
            sum(w.weight.size for w in weights) < MANY
            or self.wrapped
            or self.loss_scale_factor is not None
            or self.gradient_accumulation_steps
            or self.clip()
            or self.shrink()
            or self.average()
            or any(w.weight.sparse for w in weights)
        )

    @property
    def count(self) -> Line:
        """Return the line that counts the updates from 1."""
        return Line(f"t = {self.updates} + 1")

    def wrap(self) -> None:
        """Let another optimizer scale the loss: Keras scales it once."""
        self.loss_scale_factor = None
        self.wrapped = True

    def check_weight(self, weight: Trained) -> None:
        """Raise `Fault` where the optimizer cannot update a weight as Keras does."""

    def check_weights(self, weights: Sequence[Trained]) -> None:
        """Raise `Fault` where the optimizer does not fit the weights of a model."""

    def check_used(self, weights: Sequence[Trained], asked: Collection[str]) -> None:
        """Raise `Fault` where one of several optimizers has no weights, and callbacks ask it.

        Args:
            weights: Those with a gradient.
            asked: What they ask, the names of methods.
        """

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        """Return the class with the update alone: what differs between optimizers."""
        raise NotImplementedError(type(self).__name__)

    def lower(self, weights: Sequence[Trained]) -> OptimizerCode:
        """Return the class that makes the updates; raise `Fault` as `check_weight` does."""
        for weight in weights:
            self.check_weight(weight)
        code = self.update(weights)
        once = [*self.unscale(), *self.clip(), *self.shrink(), *code.step]
        steps = self.gradient_accumulation_steps
        summed = bool(steps) and self.wrapped  # apart from gradients that have a factor each
        if steps:
            mean = [Line(f"g.div_({steps})", "their mean")]
            if summed:
                mean = [Line(f"g.copy_(self.sum.div_({steps}))", "their mean")]
                mean.append(Line("self.sum.zero_()"))
            once = [
                Line(f"if (self.iterations + 1) % {steps} == 0:", "the gradients are complete"),
                *(replace(line, depth=line.depth + 1) for line in [*mean, *once]),
            ]
            if summed:
                once.insert(0, Line("self.sum.add_(g)"))
        constants = [*code.constants]
        if self.loss_scale_factor is not None:
            constants.append(("loss_scale_factor", self.loss_scale_factor))
        if self.weight_decay and not self.decays_itself:
            constants.append(("weight_decay", self.weight_decay))
        if self.use_ema:
            constants.append(("ema_momentum", self.ema_momentum))
        if self.decay:
            constants.append(("decay", self.decay))
        return replace(
            code,
            step=(self.rate(), *once, *self.average()),
            constants=tuple(constants),
            choose=code.choose if code.flat else (LISTED,),
            state=(
                *code.state,
                *((("average", ZEROS),) if self.use_ema else ()),
                *((("sum", ZEROS),) if summed else ()),
            ),
            setup=(*code.setup, *self.sizes(weights)),
            finalize=FINALIZE if self.use_ema else (),
            accumulate=1 if summed else steps or 1,
            scheduled=self.scheduled,
            schedule=self.learning_rate.lower() if self.scheduled and self.grouped else (),
        )

    def rate(self) -> Line:
        """Return the line that sets `lr`."""
        if self.scheduled:
            owner = "self." if self.grouped else ""
            return Line(f"lr = {owner}learning_rate(self.iterations)")
        if self.decay:
            return Line("lr = self.learning_rate / (1 + self.decay * self.iterations)")
        return Line("lr = self.learning_rate")

    def unscale(self) -> list[Line]:
        """Return the line that divides the gradients by what the loss was multiplied with."""
        if self.loss_scale_factor is None:
            return []
        return [Line("g.div_(self.loss_scale_factor)")]

    def clip(self) -> list[Line]:
        """Return the lines that limit the gradients; Keras takes 0 for no limit."""
        norm = "torch.linalg.vector_norm"
        if self.clipnorm:
            limit = number(self.clipnorm)
            return [
                Line("parts = g.split(self.sizes)", "Keras clips each weight by itself"),
                Line(f"norms = torch.stack([{norm}(part) for part in parts])"),
                Line(f"for part, scale in zip(parts, {limit} / norms.clamp(min={limit})):"),
                Line("part.mul_(scale)", depth=1),
            ]
        if self.global_clipnorm:
            limit = number(self.global_clipnorm)
            return [Line(f"g.mul_({limit} / {norm}(g).clamp(min={limit}))")]
        if self.clipvalue:
            limit = number(self.clipvalue)
            return [Line(f"g.clamp_(-{limit}, {limit})")]
        return []

    def sizes(self, weights: Sequence[Trained]) -> list[Line]:
        """Return the lines of `__init__` that set `self.sizes` where it is needed."""
        if not (self.clipnorm or self.per_weight):
            return []
        joined = {name: w.names[0] for w in weights for name in w.names[1:]}
        if not joined:
            return [Line("self.sizes = [p.numel() for p in parameters]")]
        table = ", ".join(f'"{name}": "{first}"' for name, first in joined.items())
        return [
            Line(f"joined = {{{table}}}", "one weight for Keras"),
            Line("names = {p: joined.get(name, name) for name, p in model.named_parameters()}"),
            Line("sizes: dict[str, int] = {}"),
            Line("for p in parameters:"),
            Line("sizes[names[p]] = sizes.get(names[p], 0) + p.numel()", depth=1),
            Line("self.sizes = list(sizes.values())"),
        ]

    def shrink(self) -> list[Line]:
        """Return the line of weight decay."""
        if self.weight_decay and not self.decays_itself:
            return [Line("p.mul_(1 - self.weight_decay * lr)")]
        return []

    def average(self) -> list[Line]:
        """Return the lines that follow the weights with their average."""
        if not self.use_ema:
            return []
        lines = [
            Line(
                f"self.average.lerp_(p, 1 - self.ema_momentum if {self.updates} else 1.0)",
                "starts as the weights after the first update",
            )
        ]
        if self.ema_overwrite_frequency:
            lines += [
                Line(f"if ({self.updates} + 1) % {self.ema_overwrite_frequency} == 0:"),
                Line("p.copy_(self.average)", depth=1),
            ]
        return lines
