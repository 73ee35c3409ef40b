"""Layers for the `x =` and `y =` chains of `data`: one-hot and multi-hot codes, padding."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Float, Int
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.layers.categories import DENSE
from kgen.catalogue.layers.spatial import Only
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType, show


class OneHot(Layer):
    """One-hot rows for classes, as `keras.utils.to_categorical` makes them.

    A last axis of size 1 is dropped: (N,) and (N, 1) both give (N, `num_classes`).
    """

    num_classes: int = arg(Int(min=1), "How many classes there are.")

    spellings: ClassVar[tuple[str, ...]] = ("one_hot", "to_categorical")
    renamed = {"n": "num_classes", "num_tokens": "num_classes", "nb_classes": "num_classes"}
    stateless = True

    def output(self, x: TensorType) -> TensorType:
        shape = x.shape[:-1] if x.rank and x.shape[-1] == 1 else x.shape
        return replace(x, shape=(*shape, self.num_classes), dtype="float32", mask=False)

    def lower(self, ctx: Context, x: Value) -> str:
        column = x.type.rank and x.type.shape[-1] == 1
        index = f"{x}.squeeze(-1)" if column else str(x)
        return f"F.one_hot({index}.long(), {self.num_classes}).float()"


class PadSequences(Layer):
    """Bring sequences to one length, as `keras.utils.pad_sequences` does."""

    maxlen: int = arg(Int(min=1), "The length.")
    padding: str = arg(Choice("pre", "post"), "On which side to fill shorter sequences.", "pre")
    truncating: str = arg(Choice("pre", "post"), "On which side to cut longer ones.", "pre")
    value: float = arg(Float(), "What to fill with.", 0.0)

    spellings: ClassVar[tuple[str, ...]] = ("pad_sequences",)
    no_effect = {"dtype": "the sequences keep their type"}
    stateless = True

    def output(self, x: TensorType) -> TensorType:
        if x.rank < 1:
            need_rank(self, x, 1, "(time steps,)")
        return x.with_shape(self.maxlen, *x.shape[1:])

    def lower(self, ctx: Context, x: Value) -> str:
        length = x.type.shape[0]
        if length == self.maxlen:
            return str(x)
        text = str(x)
        if length is None or length > self.maxlen:
            text += f"[:, -{self.maxlen}:]" if self.truncating == "pre" else f"[:, :{self.maxlen}]"
        if length is not None and length >= self.maxlen:
            return text
        missing = f"{self.maxlen} - {x}.shape[1]" if length is None else str(self.maxlen - length)
        if length is None:
            text = ctx.let("steps", text)
            missing = f"{self.maxlen} - {text}.shape[1]"
        sides = f"{missing}, 0" if self.padding == "pre" else f"0, {missing}"
        sides = "0, 0, " * (x.type.rank - 1) + sides
        fill = int(self.value) if self.value.is_integer() else self.value
        return f"F.pad({text}, ({sides}), value={fill})"


class CategoryEncoding(Layer):
    """Encode integers as one-hot rows, or each row of integers as one multi-hot or count row.

    With `count_weights` an integer counts as much as its weight says.
    """

    num_tokens: int = arg(Int(min=1), "How many integers there are.")
    output_mode: str = arg(Choice("one_hot", "multi_hot", "count"), "How to encode.", "multi_hot")
    count_weights: bool = arg(
        Only(False, "the tensor is given in a call: `encode(x, count_weights=w)`"),
        "In a call with `output_mode=count`: a tensor with a weight for each integer.",
        False,
        keyword_only=True,
    )

    no_effect = {"sparse": DENSE}
    spellings: ClassVar[tuple[str, ...]] = ("multi_hot",)
    inputs = (1, 2)
    call_args = ("count_weights",)
    tensor_args = ("count_weights",)
    stateless = True

    def check(self) -> None:
        if self.called_as == "multi_hot" and self.output_mode == "one_hot":
            raise Fault("K203", "`multi_hot` is no `one_hot`", arg="output_mode")

    def extra_inputs(self, n: int) -> int:
        return int(self.count_weights)

    def check_weights(self, x: TensorType, *weights: TensorType) -> None:
        """Raise `Fault` unless there are weights where it is said, one for each integer."""
        if len(weights) != self.count_weights:
            raise Fault("K305", "`CategoryEncoding` takes 1 input, got 2", label="needs 1")
        for kind in weights:
            if self.output_mode != "count":
                raise Fault("K203", "`count_weights` belongs to `output_mode=count`")
            if kind.shape != x.shape:
                raise Fault("K304", f"`count_weights` must be of {show(x.shape)}, got {kind}")

    def output(self, x: TensorType, *weights: TensorType) -> TensorType:
        self.check_weights(x, *weights)
        if self.output_mode == "one_hot":
            shape = x.shape[:-1] if x.rank and x.shape[-1] == 1 else x.shape
            shape = (*shape, self.num_tokens)
        else:
            # Keras itself reduces another axis than it says when there are more.
            need_rank(self, x, 1, "(integers,)")
            shape = (self.num_tokens,)
        return replace(x, shape=shape, dtype="float32", mask=False)

    def lower(self, ctx: Context, x: Value, *weights: Value) -> str:
        if weights:
            (w,) = map(str, weights)
            if not weights[0].type.dtype.startswith("float"):
                w = ctx.let("weight", f"{w}.float()")
            return f"{w}.new_zeros(len({x}), {self.num_tokens}).scatter_add(1, {x}.long(), {w})"
        encode = ctx.module(f'CategoryEncoding({self.num_tokens}, "{self.output_mode}")')
        if self.output_mode == "one_hot":
            column = x.type.rank and x.type.shape[-1] == 1
            return f"{encode}({x}.squeeze(-1))" if column else f"{encode}({x})"
        return f"{encode}({x})"
