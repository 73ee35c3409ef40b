"""Learning-rate schedules (`keras.optimizers.schedules`): the rate of update number `step`."""

from __future__ import annotations

from abc import abstractmethod

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import SCHEDULES
from kgen.catalogue.kinds import Bool, Float, Int, Opt, Str, TupleOf
from kgen.diagnostics import Fault
from kgen.torch_ir import Line, number

NO_EFFECT = "Has no effect."


class Schedule(Entry, abstract=True, family=SCHEDULES):
    """Base of schedules."""

    @abstractmethod
    def lower(self) -> tuple[Line, ...]:
        """Return the body of the script's `learning_rate(step: int) -> float`, step from 0."""


def fraction(steps: float, staircase: bool) -> str:
    """Return `step / steps`, rounded down for a staircase."""
    if not staircase:
        return f"step / {number(steps)}"
    return f"step // {number(steps)}" if steps % 1 == 0 else f"math.floor(step / {number(steps)})"


class ExponentialDecay(Schedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`."""

    initial_learning_rate: float = arg(Float(), "Where it starts.")
    decay_steps: float = arg(Float(above=0), "Updates for one factor of `decay_rate`.")
    decay_rate: float = arg(Float(), "The factor.")
    staircase: bool = arg(Bool(), "Whether the exponent is rounded down.", False)
    name: str = arg(Str(), NO_EFFECT, "ExponentialDecay")

    def lower(self) -> tuple[Line, ...]:
        start, rate = number(self.initial_learning_rate), number(self.decay_rate)
        return (Line(f"return {start} * {rate} ** ({fraction(self.decay_steps, self.staircase)})"),)


class PiecewiseConstantDecay(Schedule):
    """`values[0]` up to step `boundaries[0]`, `values[1]` up to `boundaries[1]`, and so on."""

    boundaries: tuple[int, ...] = arg(
        TupleOf(Int(), empty=False), "The last step of every value but the last."
    )
    values: tuple[float, ...] = arg(TupleOf(Float()), "The rates, one more than boundaries.")
    name: str = arg(Str(), NO_EFFECT, "PiecewiseConstant")

    def check(self) -> None:
        n, m = len(self.boundaries), len(self.values)
        if n != m - 1:
            raise Fault(
                "K203",
                f"`values` must have one more item than `boundaries`, got {m} and {n}",
                arg="values",
            )
        if sorted(set(self.boundaries)) != list(self.boundaries):
            raise Fault("K203", "`boundaries` must increase", arg="boundaries")

    def lower(self) -> tuple[Line, ...]:
        lines: list[Line] = []
        for boundary, value in zip(self.boundaries, self.values, strict=False):
            lines += [Line(f"if step <= {boundary}:"), Line(f"return {number(value)}", depth=1)]
        return (*lines, Line(f"return {number(self.values[-1])}"))


class PolynomialDecay(Schedule):
    """From `initial_learning_rate` to `end_learning_rate` along `(1 - step / steps) ** power`."""

    initial_learning_rate: float = arg(Float(), "Where it starts.")
    decay_steps: float = arg(Float(above=0), "Updates until the end.")
    end_learning_rate: float = arg(Float(), "Where it ends.", 0.0001)
    power: float = arg(Float(), "The exponent; 1 is a line.", 1.0)
    cycle: bool = arg(Bool(), "Whether to go on over ever longer spans.", False)
    name: str = arg(Str(), NO_EFFECT, "PolynomialDecay")

    def lower(self) -> tuple[Line, ...]:
        steps, end = number(self.decay_steps), number(self.end_learning_rate)
        power = "" if self.power == 1 else f" ** {number(self.power)}"
        if self.cycle:
            lines = [
                Line(f"span = {steps} * max(math.ceil(step / {steps}), 1)"),
                Line("left = 1 - step / span"),
            ]
        else:
            lines = [Line(f"left = 1 - min(step, {steps}) / {steps}")]
        start = number(self.initial_learning_rate)
        return (*lines, Line(f"return ({start} - {end}) * left{power} + {end}"))


class InverseTimeDecay(Schedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`."""

    initial_learning_rate: float = arg(Float(), "Where it starts.")
    decay_steps: float = arg(Float(above=0), "Updates that count as one.")
    decay_rate: float = arg(Float(), "How fast it falls.")
    staircase: bool = arg(Bool(), "Whether the fraction is rounded down.", False)
    name: str = arg(Str(), NO_EFFECT, "InverseTimeDecay")

    def lower(self) -> tuple[Line, ...]:
        start, rate = number(self.initial_learning_rate), number(self.decay_rate)
        part = fraction(self.decay_steps, self.staircase)
        return (Line(f"return {start} / (1 + {rate} * ({part}))"),)


class CosineDecay(Schedule):
    """Down half a cosine to `alpha` of the start, after a warm-up along a line if asked for."""

    initial_learning_rate: float = arg(Float(), "Where it starts.")
    decay_steps: float = arg(Float(above=0), "Updates of the decay, after the warm-up.")
    alpha: float = arg(Float(), "Where it ends, as a fraction.", 0.0)
    name: str = arg(Str(), NO_EFFECT, "CosineDecay")
    warmup_target: float | None = arg(Opt(Float()), "Where the warm-up ends.", None)
    warmup_steps: int = arg(Int(min=0), "Updates of the warm-up.", 0)

    def check(self) -> None:
        if self.warmup_steps and self.warmup_target is None:
            raise Fault(
                "K202",
                "`warmup_steps` needs `warmup_target`",
                arg="warmup_steps",
                label="there is no warm-up without a target",
                helps=("give the rate that it ends with: `warmup_target=0.1`",),
            )

    def lower(self) -> tuple[Line, ...]:
        start, steps = number(self.initial_learning_rate), number(self.decay_steps)
        lines: list[Line] = []
        peak, done = start, "step"
        if self.warmup_target is not None:
            peak = number(self.warmup_target)
            if n := self.warmup_steps:
                lines = [
                    Line(f"if step < {n}:"),
                    Line(f"return ({peak} - {start}) * (step / {n}) + {start}", depth=1),
                ]
                done = f"step - {n}"
        lines += [
            Line(f"progress = min({done}, {steps}) / {steps}"),
            Line("cosine = 0.5 * (1 + math.cos(math.pi * progress))"),
        ]
        return (*lines, Line(f"return {peak} * {above(self.alpha, 'cosine')}"))


class CosineDecayRestarts(Schedule):
    """Down half a cosine again and again, over spans that grow by `t_mul` (SGDR)."""

    initial_learning_rate: float = arg(Float(), "Where it starts.")
    first_decay_steps: float = arg(Float(above=0), "Updates of the first span.")
    t_mul: float = arg(Float(min=1), "Growth of the spans.", 2.0)
    m_mul: float = arg(Float(), "Factor on the start of every further span.", 1.0)
    alpha: float = arg(Float(), "Where a span ends, as a fraction.", 0.0)
    name: str = arg(Str(), NO_EFFECT, "SGDRDecay")

    def lower(self) -> tuple[Line, ...]:
        start, t, m = (number(v) for v in (self.initial_learning_rate, self.t_mul, self.m_mul))
        lines = [Line(f"spans = step / {number(self.first_decay_steps)}")]
        if self.t_mul == 1:
            lines += [Line("restarts = math.floor(spans)"), Line("progress = spans - restarts")]
        else:
            lines += [
                Line(
                    f"restarts = math.floor(math.log(1 - spans * (1 - {t})) / math.log({t}))",
                    f"each span is {t} times as long as the one before",
                ),
                Line(f"past = (1 - {t}**restarts) / (1 - {t})"),
                Line(f"progress = (spans - past) / {t}**restarts"),
            ]
        peak = "" if self.m_mul == 1 else f"{m}**restarts * "
        return (
            *lines,
            Line(f"cosine = 0.5 * {peak}(1 + math.cos(math.pi * progress))"),
            Line(f"return {start} * {above(self.alpha, 'cosine')}"),
        )


def above(alpha: float, value: str) -> str:
    """Return the expression that scales a value in [0, 1] to [alpha, 1]."""
    return f"((1 - {number(alpha)}) * {value} + {number(alpha)})" if alpha else value
