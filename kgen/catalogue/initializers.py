"""Initializers (`keras.initializers`): the same distributions, from the same fans.

A seed makes a draw repeatable. It does not give Keras' own numbers, which differ from one Keras
backend to the next.
"""

from __future__ import annotations

from abc import abstractmethod
from math import prod, sqrt
from typing import ClassVar

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import INITIALIZERS
from kgen.catalogue.kinds import Bool, Choice, Either, Float, Int, Opt, TupleOf
from kgen.catalogue.starting import ArrayFile
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault


class Initializer(Entry, abstract=True, family=INITIALIZERS):
    """Base of initializers."""

    @abstractmethod
    def lower(self, target: str, weight: Weight) -> str:
        """Return the statement that fills `target`, the torch tensor of `weight`.

        The statement is the same text for equal cases, so that layers can be grouped in a loop.
        """


class Seeded(Initializer, abstract=True):
    """Base of initializers that draw random numbers."""

    seed: int | None

    def fill(self, function: str, target: str, *arguments: str) -> str:
        """Return a call of an in-place torch initializer, with the seed where there is one."""
        seed = (
            [f"generator=torch.Generator().manual_seed({self.seed})"]
            if self.seed is not None
            else []
        )
        return f"{function}({', '.join([target, *arguments, *seed])})"


SEED = arg(Opt(Int()), "Makes the draw repeatable.", None)


class Zeros(Initializer):
    """All zeros."""

    spellings = ("zero",)

    def lower(self, target: str, weight: Weight) -> str:
        return f"nn.init.zeros_({target})"


class Ones(Initializer):
    """All ones."""

    spellings = ("one",)

    def lower(self, target: str, weight: Weight) -> str:
        return f"nn.init.ones_({target})"


class Constant(Initializer):
    """One value everywhere, or the array of a file that a new training starts from."""

    value: float | str = arg(
        Either(Float(), ArrayFile()), "The value, or a `.npy` file of the weight's shape.", 0.0
    )

    @property
    def file(self) -> str:
        """Return the file, "" for none."""
        return self.value if isinstance(self.value, str) else ""

    def lower(self, target: str, weight: Weight) -> str:
        if self.file:
            return ""  # the script reads it once it knows that no other weights are to be loaded
        return f"nn.init.constant_({target}, {self.value})"


class Identity(Initializer):
    """The identity matrix, times `gain`; for matrices only."""

    spellings = ("IdentityInitializer",)

    gain: float = arg(Float(), "Factor of the matrix.", 1.0)

    renamed = {"scale": "gain"}

    def lower(self, target: str, weight: Weight) -> str:
        if len(weight.shape) != 2:
            raise Fault(
                "K203",
                f"`Identity` fills matrices, and `{weight.name}` has the shape {weight.shape}",
                arg=f"{weight.name}_initializer",
            )
        if weight.layout.gates or weight.layout.reshape:
            eye = arranged(f"torch.eye({weight.shape[0]}, {weight.shape[1]})", weight)
            eye = f"{self.gain} * {eye}" if self.gain != 1 else eye
            return f"{target}.data.copy_({eye})"
        eye = f"nn.init.eye_({target})"
        return f"{eye}.data.mul_({self.gain})" if self.gain != 1 else eye


class RandomNormal(Seeded):
    """A normal distribution."""

    spellings = ("normal",)

    mean: float = arg(Float(), "Mean.", 0.0)
    stddev: float = arg(Float(min=0), "Standard deviation.", 0.05)
    seed: int | None = SEED

    def lower(self, target: str, weight: Weight) -> str:
        return self.fill("nn.init.normal_", target, f"mean={self.mean}", f"std={self.stddev}")


class RandomUniform(Seeded):
    """A uniform distribution."""

    spellings = ("uniform",)

    minval: float = arg(Float(), "Lower bound.", -0.05)
    maxval: float = arg(Float(), "Upper bound.", 0.05)
    seed: int | None = SEED

    def lower(self, target: str, weight: Weight) -> str:
        return self.fill("nn.init.uniform_", target, str(self.minval), str(self.maxval))


class TruncatedNormal(Seeded):
    """A normal distribution cut at two standard deviations from its mean."""

    mean: float = arg(Float(), "Mean of the normal distribution.", 0.0)
    stddev: float = arg(
        Float(min=0), "Standard deviation of the normal distribution, before the cut.", 0.05
    )
    seed: int | None = SEED

    def lower(self, target: str, weight: Weight) -> str:
        low, high = self.mean - 2 * self.stddev, self.mean + 2 * self.stddev
        mean = [f"mean={self.mean}"] if self.mean else []
        return self.fill(
            "nn.init.trunc_normal_",
            target,
            *mean,
            f"std={self.stddev}",
            f"a={low:.12g}",
            f"b={high:.12g}",
        )


class Orthogonal(Seeded):
    """An orthogonal matrix: the kernel with all but its last axis flattened."""

    spellings = ("OrthogonalInitializer",)

    gain: float = arg(Float(), "Factor of the matrix.", 1.0)
    seed: int | None = SEED

    renamed = {"scale": "gain"}

    def lower(self, target: str, weight: Weight) -> str:
        if len(weight.shape) < 2:
            raise Fault(
                "K203",
                f"`Orthogonal` needs two axes, and `{weight.name}` has the shape {weight.shape}",
                arg=f"{weight.name}_initializer",
            )
        gain = [f"gain={self.gain}"] if self.gain != 1 else []
        if not weight.layout.reshape and len(weight.paths) == 1:
            return self.fill("nn.init.orthogonal_", target, *gain)
        rows = prod(weight.shape[:-1])
        matrix = self.fill("nn.init.orthogonal_", f"torch.empty({rows}, {weight.shape[-1]})", *gain)
        shaped = arranged(f"{matrix}.view({_sizes(weight.shape)})", weight)
        return f"{target}.data.copy_({shaped})"


INPUT_AXES = arg(Opt(TupleOf(Int())), "Axes of the kernel that count as inputs.", None)
OUTPUT_AXES = arg(Opt(TupleOf(Int())), "Axes of the kernel that count as outputs.", None)


class Scaled(Seeded, abstract=True):
    """Base of initializers whose spread follows the fans: variance `scale / fan`."""

    scale: float
    mode: str
    distribution: str
    input_axes: tuple[int, ...] | None
    output_axes: tuple[int, ...] | None

    # What computes the fans from torch's own shape: equal text for layers of any size.
    _NATIVE: ClassVar[dict[tuple[str, float, str], tuple[str, ...]]] = {
        ("uniform", 1.0, "fan_avg"): ("nn.init.xavier_uniform_",),
        ("uniform", 2.0, "fan_in"): ("nn.init.kaiming_uniform_", 'nonlinearity="relu"'),
        ("uniform", 1.0, "fan_in"): ("nn.init.kaiming_uniform_", 'nonlinearity="linear"'),
        ("truncated_normal", 1.0, "fan_avg"): ("glorot_normal_",),
        ("truncated_normal", 2.0, "fan_in"): ("he_normal_",),
        ("truncated_normal", 1.0, "fan_in"): ("lecun_normal_",),
    }

    def fan(self, weight: Weight) -> float:
        """Return the fan that `mode` names, from Keras' shape of the weight."""
        fan_in, fan_out = weight.fans()
        if self.input_axes is not None and self.output_axes is not None:
            fan_in = prod(weight.shape[a] for a in self.input_axes)
            fan_out = prod(weight.shape[a] for a in self.output_axes)
        modes = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        return max(1.0, modes[self.mode])

    def lower(self, target: str, weight: Weight) -> str:
        case = (self.distribution, self.scale, self.mode)
        if case in self._NATIVE and self.input_axes is None and _same_fans(weight):
            return self.fill(self._NATIVE[case][0], target, *self._NATIVE[case][1:])
        if case == ("uniform", 1.0, "fan_avg") and self.input_axes is None:
            return self.fill("glorot_uniform_", target, *map(str, weight.fans()))
        fan = self.fan(weight)
        if self.distribution == "uniform":
            bound = f"{sqrt(3 * self.scale / fan):.9g}"
            return self.fill("nn.init.uniform_", target, f"-{bound}", bound)
        if self.distribution == "untruncated_normal":
            return self.fill("nn.init.normal_", target, f"std={sqrt(self.scale / fan):.9g}")
        return self.fill("truncated_normal_", target, _ratio(self.scale, fan))


class VarianceScaling(Scaled):
    """A distribution of variance `scale / fan`."""

    scale: float = arg(Float(above=0), "Factor of the variance.", 1.0)
    mode: str = arg(Choice("fan_in", "fan_out", "fan_avg"), "Which fan divides it.", "fan_in")
    distribution: str = arg(
        Choice(
            "truncated_normal",
            "untruncated_normal",
            "uniform",
            also={"normal": "truncated_normal"},
        ),
        "Shape of the distribution.",
        "truncated_normal",
    )
    seed: int | None = SEED
    input_axes: tuple[int, ...] | None = INPUT_AXES
    output_axes: tuple[int, ...] | None = OUTPUT_AXES


class FixedScaled(Scaled, abstract=True):
    """Base of the named cases of `VarianceScaling`."""

    seed: int | None = SEED
    input_axes: tuple[int, ...] | None = INPUT_AXES
    output_axes: tuple[int, ...] | None = OUTPUT_AXES


class GlorotUniform(FixedScaled):
    """Uniform in ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    spellings = ("xavier_uniform",)
    scale, mode, distribution = 1.0, "fan_avg", "uniform"


class GlorotNormal(FixedScaled):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""

    spellings = ("xavier_normal",)
    scale, mode, distribution = 1.0, "fan_avg", "truncated_normal"


class HeUniform(FixedScaled):
    """Uniform in ±sqrt(6 / fan_in) (He et al., 2015)."""

    scale, mode, distribution = 2.0, "fan_in", "uniform"


class HeNormal(FixedScaled):
    """Truncated normal of variance 2 / fan_in (He et al., 2015)."""

    scale, mode, distribution = 2.0, "fan_in", "truncated_normal"


class LecunUniform(FixedScaled):
    """Uniform in ±sqrt(3 / fan_in) (LeCun et al., 1998)."""

    scale, mode, distribution = 1.0, "fan_in", "uniform"


class LecunNormal(FixedScaled):
    """Truncated normal of variance 1 / fan_in (LeCun et al., 1998)."""

    scale, mode, distribution = 1.0, "fan_in", "truncated_normal"


# Windows by their names in scipy; torch has the first four in this form, too.
WINDOWS = ("hann", "hamming", "blackman", "bartlett", "cosine", "nuttall", "exponential")
COSINES = {  # the coefficients of sums of cosines
    "blackmanharris": [0.35875, 0.48829, 0.14128, 0.01168],
    "flattop": [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368],
}


class STFTInitializer(Initializer):
    """One side of a short-time Fourier transform; for kernels of shape (samples, 1, bins)."""

    spellings = ("STFT", "stft")

    side: str = arg(Choice("real", "imag"), "Real or imaginary side.", "real")
    window: str | tuple[float, ...] | None = arg(
        Opt(Either(Choice(*WINDOWS, *COSINES, "boxcar"), TupleOf(Float()))),
        "How the samples fade out: a name, or a number each.",
        "hann",
    )
    scaling: str | None = arg(
        Choice("density", "spectrum", None), "What the window is normalized for.", "density"
    )
    periodic: bool = arg(Bool(), "Whether the window is periodic.", False)

    def lower(self, target: str, weight: Weight) -> str:
        shape = weight.shape
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise Fault(
                "K203",
                f"`{self.called_as}` fills kernels of shape (samples, 1, bins), and "
                f"`{weight.name}` has the shape {shape}",
                arg=f"{weight.name}_initializer",
            )
        window = self.window_of(shape[0], f"{weight.name}_initializer")
        scaling = repr(self.scaling) if window != "None" else "None"
        kernel = f'stft_kernel("{self.side}", {shape[0]}, {shape[2]}, {window}, {scaling})'
        layout = weight.layout  # `stft_kernel` has torch's: (bins, 1, samples)
        if layout.gates or layout.reshape or layout.permute != (2, 1, 0):
            kernel = arranged(f"{kernel}.permute(2, 1, 0)", weight)
        return f"{target}.data.copy_({kernel})"

    def window_of(self, length: int, arg: str) -> str:
        """Return the expression of the window, "None" for none."""
        if isinstance(self.window, tuple):
            if len(self.window) != length:
                message = f"the window has {len(self.window)} numbers, the kernel {length} samples"
                raise Fault("K203", message, arg=arg)
            return f"torch.tensor({list(self.window)})"
        if self.window is None or self.window == "boxcar":
            return "None" if self.window is None else f"torch.ones({length})"
        if self.window in WINDOWS[:4]:
            return f"torch.{self.window}_window({length}, periodic={self.periodic})"
        options = f"sym={not self.periodic}"
        if self.window in COSINES:
            options = f"a={COSINES[self.window]}, {options}"
        name = "general_cosine" if self.window in COSINES else self.window
        return f"torch.signal.windows.{name}({length}, {options})"


def arranged(expr: str, weight: Weight) -> str:
    """Return a torch expression that takes an array from Keras' to torch's arrangement."""
    layout = weight.layout
    if layout.gates:
        blocks = f"unflatten(-1, ({len(layout.gates)}, -1))[..., {list(layout.gates)}, :]"
        expr = f"{expr}.{blocks}.flatten(-2)"
    if layout.permute:
        expr = f"{expr}.permute({_sizes(layout.permute)})"
    return f"{expr}.reshape({_sizes(layout.reshape)})" if layout.reshape else expr


def _same_fans(weight: Weight) -> bool:
    """Return whether torch finds Keras' fans in the shape of its own tensor."""
    if not weight.native_fans or len(weight.shape) < 2 or len(weight.paths) > 1:
        return False
    layout = weight.layout
    shape = layout.reshape or tuple(
        weight.shape[i] for i in layout.permute or range(len(weight.shape))
    )
    receptive = prod(shape[2:])
    return (shape[1] * receptive, shape[0] * receptive) == weight.fans()


def _ratio(scale: float, fan: float) -> str:
    """Return `scale / fan` as an expression of integers where it is one: `2 / 576`."""
    return f"{scale:g} / {fan:g}" if fan % 1 == 0 else f"{2 * scale:g} / {2 * fan:g}"


def _sizes(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
