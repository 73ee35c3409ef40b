"""`Input`: where tensors enter a model."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Int, Opt, TupleOf
from kgen.catalogue.layer import Layer, Outputs
from kgen.catalogue.policies import HALVES, INPUTS, PURE
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType

DTYPES = ("float32", *PURE, *INPUTS)


class Input(Layer):
    """An input of the model. `Input(28, 28, 1)` and `Input(shape=(28, 28, 1))` are the same."""

    shape: tuple[int | None, ...] = arg(
        Opt(TupleOf(Opt(Int(0)), single=True)), "Shape of one sample.", None
    )
    batch_size: int | None = arg(Opt(Int(1)), "Fixed batch size.", None)
    dtype: str = arg(
        Choice(*DTYPES, also={"int": "int32", "float": "float32", None: "float32"}),
        "Type of the elements.",
        "float32",
    )
    batch_shape: tuple[int | None, ...] | None = arg(
        Opt(TupleOf(Opt(Int(1)))), "Shape with the batch size.", None, keyword_only=True
    )
    sparse: bool = arg(Bool(), "Only False is supported.", False, keyword_only=True)
    ragged: bool = arg(Bool(), "Only False is supported.", False, keyword_only=True)

    spellings = ("InputLayer",)
    inputs = (0, 0)
    refused = {"tensor": "the script feeds the inputs", "input_tensor": "the script feeds them"}

    @classmethod
    def legacy(cls, called_as: str, args: list[Any]) -> list[Any]:
        """Collect `Input(28, 28, 1)` into one shape."""
        from dataclasses import replace

        positional = [a for a in args if a.name is None]
        if len(positional) > 1 and all(isinstance(a.value, int | type(None)) for a in positional):
            shape = replace(
                positional[0],
                name="shape",
                value=tuple(a.value for a in positional),
                span=positional[0].span.to(positional[-1].span),
            )
            args = [shape, *(a for a in args if a.name is not None)]
        return args

    def check(self) -> None:
        if self.sparse or self.ragged:
            raise Fault("K501", "sparse and ragged inputs are not supported", arg="sparse")
        if self.type is None:
            raise Fault("K202", f"`{self.called_as}` is missing `shape`")

    @property
    def type(self) -> TensorType | None:
        """Return the type of the input, None when no argument gives its shape."""
        return declared_input(self)

    @property
    def rounds(self) -> str:
        """Return the method of torch that rounds to 16 bits where the input is one of those."""
        return PURE[self.dtype] if self.dtype in HALVES.values() else ""

    def output(self, *inputs: TensorType) -> Outputs:
        assert self.type is not None
        return self.type


EMBEDDINGS = ("Embedding", "ReversibleEmbedding")  # their `input_dim` is that of no tensor


def declared_input(layer: Layer) -> TensorType | None:
    """Return the input type that the arguments of a (first) layer declare, or None.

    Reads `input_shape`, `input_dim`, `input_length`, `batch_input_shape` and `batch_size`, and
    for `Input` its `shape` and `batch_shape`. An `Embedding` takes integers of any length.
    """
    dtype = layer.dtype or "float32"
    if dtype in HALVES or dtype in HALVES.values():
        dtype = "float32"  # a policy is no type; what is rounded to 16 bits is computed with in 32
    batch = layer.batch_size
    shape = layer.input_shape
    full = layer.batch_input_shape
    if isinstance(layer, Input):
        shape = layer.shape if layer.shape is not None else shape
        full = layer.batch_shape or full
    if full:
        batch, shape = full[0], full[1:]
    if type(layer).__name__ in EMBEDDINGS:
        # Its `input_dim` is the vocabulary, and its input defaults to sequences of integers.
        dtype = "int32"
        if shape is None:
            shape = (layer.input_length,)
    elif shape is None and layer.input_dim is not None:
        steps = (layer.input_length,) if layer.input_length or _is_recurrent(layer) else ()
        shape = (*steps, layer.input_dim)
    return None if shape is None else TensorType(tuple(shape), dtype, batch=batch)


def _is_recurrent(layer: Layer) -> bool:
    return "return_sequences" in layer.args or type(layer).__name__ == "Conv1D"
