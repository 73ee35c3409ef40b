"""Low-rank adaptation (LoRA): a kernel that stays as it is, and a product that is added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from kgen.catalogue.base import arg
from kgen.catalogue.initializers import HeUniform, Zeros
from kgen.catalogue.kinds import Float, Int, Opt
from kgen.catalogue.layer import Context, Layer
from kgen.catalogue.weights import SAME, TRANSPOSED, Layout, Weight
from kgen.diagnostics import Fault
from kgen.torch_ir import number

RANK_DOC = (
    "For low-rank adaptation (LoRA): the kernel is frozen, and the product of two matrices of this "
    "rank is trained, which is added to it."
)
ALPHA_DOC = "What the product is multiplied by, over the rank; by default the rank: by 1."
ALPHA_IS_LOST = "Keras takes it and builds the layer without it: the product is added as it is"


class Adapted(Layer, abstract=True):
    """Base of layers whose first weight Keras can adapt by a product of low rank."""

    lora_rank: int | None = arg(Opt(Int(min=1)), RANK_DOC, None, keyword_only=True)
    lora_alpha: float | None = arg(Opt(Float()), ALPHA_DOC, None, keyword_only=True)

    def check(self) -> None:
        super().check()
        for name in ("kernel_constraint", "embeddings_constraint"):
            if self.lora_rank is not None and getattr(self, name, None) is not None:
                raise Fault(
                    "K203",
                    f"`lora_rank` and `{name}` exclude each other: the kernel is not trained",
                    arg="lora_rank",
                    helps=("leave one of the two out",),
                )

    @property
    def scale(self) -> float:
        """Return the factor of the product."""
        if self.lora_alpha is None or "lora_alpha" in type(self).no_effect:
            return 1.0
        return self.lora_alpha / (self.lora_rank or 1)

    def adapted(self, weights: Sequence[Weight]) -> list[Weight]:
        """Return the weights of the layer, the kernel first, as they are with an adaptation."""
        if self.lora_rank is None:
            return list(weights)
        kernel, *others = (replace(w, torch=f"layer.{w.torch}") for w in weights)
        rank, shape = self.lora_rank, kernel.shape
        rows = prod(shape[:-1])
        if is_transposed(kernel):
            flat = () if len(shape) == 2 else (rank, rows)
            a_path, a_layout = "right", Layout(permute=kernel.layout.permute, reshape=flat)
            b_path, b_layout = "left", TRANSPOSED
        else:
            a_path, a_layout = "left", SAME if len(shape) == 2 else Layout(reshape=(rows, rank))
            b_path, b_layout = "right", SAME
        kept = kernel.regularizer
        a = Weight(
            f"lora_{kernel.name}_a",
            (*shape[:-1], rank),
            HeUniform(),
            a_path,
            a_layout,
            regularizer=kept,
            low_rank=self.scale,
            dtype="float32",
        )
        b = Weight(
            f"lora_{kernel.name}_b",
            (rank, shape[-1]),
            Zeros(),
            b_path,
            b_layout,
            regularizer=kept,
            low_rank=self.scale,
            dtype="float32",
        )
        return [replace(kernel, trainable=False, sparse=False), *others, a, b]

    def adapting(self, ctx: Context, constructor: str, kernel: Weight) -> str:
        """Return the constructor of the layer's module, with the adaptation of its kernel."""
        if self.lora_rank is None:
            return constructor
        options = f", rank={self.lora_rank}"
        if not is_transposed(kernel) and len(kernel.shape) != 2:
            options += f", rows={prod(kernel.shape[:-1])}"
        options += f", scale={number(self.scale)}" if self.scale != 1 else ""
        single = "Single" if ctx.policy_of(self) == "float64" else ""
        return f"{single}LowRank({constructor}{options})"


def is_transposed(kernel: Weight) -> bool:
    """Return whether torch has the last axis of a kernel first."""
    return kernel.layout.permute[:1] == (len(kernel.shape) - 1,)
