"""Spectrograms of sound."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import STFTInitializer
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt
from kgen.catalogue.layer import Context, Layer, Value, need_known, need_rank
from kgen.catalogue.layers.spatial import DATA_FORMAT, PADDING
from kgen.catalogue.weights import Layout, Weight
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, same_padding, window_length


class STFTSpectrogram(Layer):
    """The short-time Fourier transform of sound, by convolutions with trained kernels."""

    mode: str = arg(
        Choice("log", "magnitude", "psd", "real", "imag", "angle", "stft"),
        "What of the complex spectrum to return.",
        "log",
    )
    frame_length: int = arg(Int(min=1), "Samples a frame.", 256)
    frame_step: int | None = arg(
        Opt(Int(min=1)), "Samples from one frame to the next; half a frame by default.", None
    )
    fft_length: int | None = arg(
        Opt(Int(min=1)), "Size of the transform; the next power of two by default.", None
    )
    window: str | None = arg(
        Choice("hann", "hamming", "blackman", "bartlett", None), "How frames fade out.", "hann"
    )
    periodic: bool = arg(Bool(), "Whether the window is periodic.", False)
    scaling: str | None = arg(
        Choice("density", "spectrum", None), "What the window is normalized for.", "density"
    )
    padding: str = PADDING
    expand_dims: bool = arg(
        Bool(), "Whether channels and frequencies are two axes, not one.", False
    )
    data_format: str = DATA_FORMAT

    short = False  # its transform is of float32

    def check(self) -> None:
        if self.step > self.frame_length:
            raise Fault("K203", "`frame_step` must not exceed `frame_length`", arg="frame_step")
        if self.transform < self.frame_length:
            raise Fault("K203", "`fft_length` must not be below `frame_length`", arg="fft_length")

    @property
    def step(self) -> int:
        return self.frame_step or self.frame_length // 2 or 1

    @property
    def transform(self) -> int:
        return self.fft_length or 1 << (self.frame_length - 1).bit_length()

    @property
    def bins(self) -> int:
        return self.transform // 2 + 1

    @property
    def first(self) -> bool:
        return self.data_format == "channels_first"

    def output(self, x: TensorType) -> TensorType:
        need_rank(self, x, 2, "(channels, samples)" if self.first else "(samples, channels)")
        channels = need_known(self, x, 0 if self.first else 1, "number of channels")
        samples = x.shape[1 if self.first else 0]
        frames = window_length(samples, self.frame_length, self.step, self.padding)
        if frames is not None and frames <= 0:
            raise Fault(
                "K303", f"a frame of {self.frame_length} samples is longer than its input {x}"
            )
        if self.padding == "same" and samples is None:
            raise Fault("K301", f"`padding=same` needs a known number of samples, got {x}")
        bins = self.bins * (2 if self.mode == "stft" else 1)
        shape: tuple[int | None, ...]
        if self.expand_dims:
            shape = (channels, frames, bins) if self.first else (frames, bins, channels)
        else:
            shape = (channels * bins, frames) if self.first else (frames, channels * bins)
        return x.with_shape(*shape)

    def weights(self, x: TensorType) -> list[Weight]:
        sides = [s for s, other in (("real", "imag"), ("imag", "real")) if self.mode != other]
        shape, layout = (self.frame_length, 1, self.bins), Layout(permute=(2, 1, 0))
        options = {n: getattr(self, n) for n in ("window", "scaling", "periodic")}
        made = {side: STFTInitializer(side=side, **options) for side in sides}
        return [Weight(f"{side}_kernel", shape, made[side], side, layout) for side in sides]

    def lower(self, ctx: Context, x: Value) -> str:
        arguments: list[Any] = [self.frame_length, self.bins, self.step, f'"{self.mode}"']
        samples = x.type.shape[1 if self.first else 0]
        if self.padding == "same" and samples is not None:
            pads = same_padding(samples, self.frame_length, self.step)
            arguments += [f"padding={pads}"] * any(pads)
        arguments += ["expand=True"] * self.expand_dims
        module = ctx.module(f"STFTSpectrogram({', '.join(map(str, arguments))})")
        if not self.first:
            return f"{module}({x})"
        back = "permute(0, 3, 1, 2)" if self.expand_dims else "transpose(1, 2)"
        return f"{module}({x}.transpose(1, 2)).{back}"

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        kernels = sum(w.size for w in self.weights(*inputs))
        frames = window_length(
            inputs[0].shape[1 if self.first else 0], self.frame_length, self.step, self.padding
        )
        return 2 * kernels * (frames or 0)


class MelSpectrogram(Layer):
    """The spectrum of sound on the mel scale: (samples,) becomes (bands, frames)."""

    fft_length: int = arg(Int(min=1), "Size of the transform.", 2048)
    sequence_stride: int = arg(Int(min=1), "Samples from one frame to the next.", 512)
    sequence_length: int | None = arg(
        Opt(Int(min=1)), "Samples a frame; the size of the transform by default.", None
    )
    window: str | None = arg(Choice("hann", "hamming", None), "How frames fade out.", "hann")
    sampling_rate: int = arg(Int(min=1), "Samples a second.", 16000)
    num_mel_bins: int = arg(Int(min=1), "Number of bands.", 128)
    min_freq: float = arg(Float(min=0), "Lowest frequency in Hertz.", 20.0)
    max_freq: float | None = arg(
        Opt(Float(above=0)), "Highest frequency; half the sampling rate by default.", None
    )
    power_to_db: bool = arg(Bool(), "Whether to return decibels.", True)
    top_db: float = arg(Float(min=0), "How far below the loudest place decibels may lie.", 80.0)
    mag_exp: float = arg(Float(), "Exponent of the magnitude: 1 for it, 2 for the power.", 2.0)
    min_power: float = arg(Float(above=0), "Least power that decibels know.", 1e-10)
    ref_power: float = arg(Float(), "The power of 0 decibels.", 1.0)

    short = False  # its transform is of float32

    def check(self) -> None:
        if (self.sequence_length or 1) > self.fft_length:
            raise Fault(
                "K203", "`sequence_length` must not exceed `fft_length`", arg="sequence_length"
            )

    def output(self, x: TensorType) -> TensorType:
        need_rank(self, x, 1, "(samples,)")
        samples = x.shape[0]
        if samples is not None and samples <= self.fft_length // 2:
            raise Fault("K303", f"`fft_length` of {self.fft_length} is too long for {x}")
        frames = None if samples is None else 1 + samples // self.sequence_stride
        return x.with_shape(self.num_mel_bins, frames)

    def lower(self, ctx: Context, x: Value) -> str:
        rate = self.sampling_rate
        high = self.max_freq or rate // 2
        length = self.sequence_length or self.fft_length
        arguments = [
            f"fft_length={self.fft_length}",
            f"step={self.sequence_stride}",
            "window="
            + (f"torch.{self.window}_window({length})" if self.window else f"torch.ones({length})"),
            f"mel=mel_matrix({self.num_mel_bins}, {self.fft_length // 2 + 1}, {rate}, "
            f"{self.min_freq:g}, {high:g})",
        ]
        if self.mag_exp != 2:
            arguments.append(f"exponent={self.mag_exp}")
        module = ctx.module(f"MelSpectrogram({', '.join(arguments)})")
        mel = f"{module}({x})"
        if not self.power_to_db:
            return mel
        options = [str(self.top_db), str(self.min_power)]
        options += [str(abs(self.ref_power))] * (self.ref_power != 1)
        return f"decibels({mel}, {', '.join(options)})"
