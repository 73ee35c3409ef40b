"""`Layer`: the base of every layer, and what its lowering works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kgen.catalogue.base import Entry, arg
from kgen.catalogue.families import LAYERS, REGULARIZERS
from kgen.catalogue.kinds import Bool, Choice, Int, Opt, Str, TupleOf
from kgen.catalogue.policies import INPUTS, SUPPORTED
from kgen.catalogue.references import Ref
from kgen.catalogue.starting import ArrayFiles
from kgen.catalogue.weights import Weight
from kgen.diagnostics import Fault
from kgen.ir.functions import Function
from kgen.ir.shapes import Shape, TensorType
from kgen.source import Span

if TYPE_CHECKING:
    from kgen.catalogue.activations import Activation
    from kgen.catalogue.regularizers import Regularizer

INTEGERS = ("int32", "int64", "uint8", "bool")
Outputs = TensorType | tuple[TensorType, ...]


@dataclass(frozen=True)
class Value:
    """A tensor in the body of the generated `forward`.

    Args:
        expr: A Python expression, usually a variable. `str(value)` is this.
        type: Its Keras type (channels last, no batch).
        first: Whether the torch tensor has its channels first, as torch's convolutions want.
        mask: A variable with the Keras mask, shape (N, T), or "".
        kept: The same for the mask that Keras has in the graph, where that is another.
        double: Whether it is in float64 in a model that is not.
    """

    expr: str
    type: TensorType
    first: bool = False
    mask: str = ""
    kept: str = ""
    double: bool = False

    def __str__(self) -> str:
        return self.expr

    def seen(self, mask: str) -> Value:
        """Return the value with the mask that is seen of it, "" for none."""
        return replace(self, type=self.type.seen(bool(mask)), mask=mask, kept="")

    def dim(self, axis: int) -> int:
        """Return the torch dim of a Keras axis that counts the batch (-1 is channels)."""
        rank = self.type.rank + 1
        axis %= rank
        if not self.first or axis == 0:
            return axis if axis != rank - 1 else -1
        return 1 if axis == rank - 1 else axis + 1


def masks_of(values: Sequence[Value]) -> list[str]:
    """Return the masks that are handed on with values, between classes."""
    return [mask for v in values for mask in (v.mask, v.kept) if mask]


class Context(Protocol):
    """What a layer's `lower` may do. `passes/lower.py` implements it.

    Names are enough: a lowering that writes `F.relu(...)`, `math.pi` or the name of a file in
    `templates/helpers/` gets the import or the helper, since the script's imports and helpers
    are found from the names it uses.
    """

    outputs: tuple[TensorType, ...]  # the inferred types of what the layer returns
    general: bool  # whether the module is made for inputs of other types as well
    mask_given: bool  # whether the mask of the first input is one that the call gives

    def policy_of(self, layer: Layer) -> str:
        """Return the dtype policy by which a layer computes."""

    def module(self, constructor: str) -> str:
        """Add `self.<name> = <constructor>` once per layer; return `self.<name>`."""

    def let(self, name: str, expr: str, comment: str = "") -> str:
        """Add `<name> = <expr>` to forward; return the variable (renamed when taken)."""

    def unpack(self, targets: str, expr: str, comment: str = "") -> tuple[str, ...]:
        """Add `<targets> = <expr>` to forward, where targets is a pattern such as `y, (h, _)`.

        Returns the variables of the pattern, `_` left out, renamed where a name is taken.
        """

    def run(self, statement: str, comment: str = "") -> None:
        """Add a statement to forward."""

    def each(self, items: str, values: str, result: Callable[..., str]) -> str:
        """Return the list of what `result` makes of each of some values.

        It is given the variables of one value, called `items` where these names are free.
        Penalties in it are those of each value.
        """

    def penalty(self, expr: str) -> None:
        """Add an expression to the loss of this forward pass."""

    def activate(
        self,
        activation: Activation | Any,
        value: str,
        first: bool = False,
        kind: TensorType | None = None,
    ) -> str:
        """Return `value` with an activation applied (dropped where the loss includes it).

        Args:
            activation: An entry or a small function.
            value: The expression.
            first: Whether it has torch's layout.
            kind: Its type as Keras has it, where that is not the type of the layer's output.
        """

    def channels_first(self, value: Value) -> Value:
        """Return the value with torch's layout, adding a permute where needed."""

    def channels_last(self, value: Value) -> Value:
        """Return the value with Keras' layout, adding a permute where needed."""

    def apply(self, inner: Any, *inputs: Value, calls: str = "") -> tuple[Value, ...]:
        """Lower a wrapped layer or model on inputs, in the place of this one.

        Where Keras calls it more than once, `calls` says how often: so often count penalties.
        """

    def inner(self, suffix: str, layer: Layer, *inputs: Value) -> Value:
        """Lower a further layer that this one owns, under a name of its own."""


class Layer(Entry, abstract=True, family=LAYERS):
    """Base of layers.

    Class attributes:
        layout: Which tensor layout `lower` wants: "last" (Keras'), "first" (torch's channels
            first) or "any" (elementwise layers: as it comes).
        supports_masking: Whether a mask passes through unchanged (Keras' attribute).
        mask_of: Whose mask the result has: that of the "first" input, one of "all" inputs, or one
            that the layer makes "itself".
        mask_hangs: Whether the mask is only known when the layer runs: Keras' graph has none.
        mask_argument: Whether Keras' `call` has an argument `mask`.
        takes_masks: Whether Keras' `call` takes the masks off its inputs.
        maskable: Whether a module that is made for an input with a mask takes one without, too.
        usual_training: What `training` is in a call of Keras' layer that does not say it.
        attends: Whether it must know what is padding, to attend to the rest.
        fusable: Whether `activation` is the last thing the layer does, so that a loss may
            take it over (softmax with crossentropy), and a ReLU may wait until after pooling.
        inputs: The least and most tensors it takes (None: any number).
        stateless: True when it has no weights and no randomness, so that it may preprocess data.
        short: Whether torch can compute it with weights and inputs of 16 bits.
        has_sublayers: Whether in Keras its weights are those of layers inside, which learn nothing
            of `trainable=False`.
        wants_list: True for merge layers, which take a list of tensors.
        fixed_by: For a layer that adapts, what to give it instead of training data.
        text: How it takes text, "" for not at all. Tensors hold none, so something is applied
            before the text enters the model: the "whole" layer, or "fingerprints", which are
            numbers that the layer takes in the place of text.
    """

    name: str | None = arg(Opt(Str()), "Name of the layer.", None, keyword_only=True)
    trainable: bool = arg(Bool(), "Whether training changes the weights.", True, keyword_only=True)
    dtype: str | None = arg(
        Opt(Choice(*SUPPORTED, *INPUTS, also={"int": "int32", "float": "float32"})),
        "Dtype policy: `float32`, `float64` or mixed; by default that of `fit(precision=...)`. On "
        "a first layer also the type of its input, such as `int32`.",
        None,
        keyword_only=True,
    )
    input_shape: tuple[int | None, ...] | None = arg(
        Opt(TupleOf(Opt(Int(0)), single=True)),
        "Shape of one sample, on the first layer.",
        None,
        keyword_only=True,
    )
    input_dim: int | None = arg(
        Opt(Int(1)), "Short for `input_shape=(n,)`.", None, keyword_only=True
    )
    input_length: int | None = arg(
        Opt(Int(1)), "Time steps of a first recurrent or embedding layer.", None, keyword_only=True
    )
    batch_input_shape: tuple[int | None, ...] | None = arg(
        Opt(TupleOf(Opt(Int(1)))),
        "Shape with the batch size, on the first layer.",
        None,
        keyword_only=True,
    )
    batch_size: int | None = arg(
        Opt(Int(1)), "Fixed batch size, on the first layer.", None, keyword_only=True
    )
    activity_regularizer: Regularizer | None = arg(
        Ref(REGULARIZERS), "Penalty on the output, for each sample.", None, keyword_only=True
    )

    initial_weights: tuple[str, ...] | None = arg(
        Opt(ArrayFiles()),
        "Files (`.npy`, `.npz`) that a new training starts from: Keras' arrays, in the order of "
        "its `get_weights()`.",
        None,
        keyword_only=True,
    )

    renamed: ClassVar[dict[str, str]] = {"dtype_policy": "dtype", "weights": "initial_weights"}

    layout: ClassVar[str] = "last"
    supports_masking: ClassVar[bool] = False
    mask_of: str = "first"
    mask_hangs: bool = False
    mask_argument: ClassVar[bool] = False
    takes_masks: ClassVar[bool] = False
    maskable: ClassVar[bool] = False
    usual_training: ClassVar[bool | None] = False
    attends: ClassVar[bool] = False
    fusable: ClassVar[bool] = False
    inputs: ClassVar[tuple[int, int | None]] = (1, 1)
    stateless: ClassVar[bool] = False
    short: ClassVar[bool] = True
    has_sublayers: ClassVar[bool] = False
    wants_list: ClassVar[bool] = False
    fixed_by: ClassVar[str] = ""
    text: ClassVar[str] = ""
    call_args: ClassVar[tuple[str, ...]] = ()  # arguments that Keras takes in each call
    dropped_args: ClassVar[tuple[str, ...]] = ()  # those that Keras 3 does not have any more
    call_inputs: ClassVar[tuple[str, ...]] = ()  # what Keras calls several inputs of different use
    takes_integers: ClassVar[bool] = False  # whether integers are no numbers to compute with
    tensor_args: ClassVar[tuple[str, ...]] = ()  # arguments that are further input tensors

    @classmethod
    def given_masks(cls) -> tuple[int, int]:
        """Return the least and most masks that a call may give in the place of those that travel.

        Of several there is a list, with one for each input.
        """
        alone = cls.chained is Layer.chained  # not the layers of a `Pipeline`
        return (1, 1) if cls.mask_argument and alone and "mask" not in cls.refused else (0, 0)

    def output(self, *inputs: TensorType) -> Outputs:
        """Return the type of the result; raise `Fault` where the inputs do not fit.

        The mask of the result follows `supports_masking` unless the layer sets it.
        """
        return inputs[0]

    def output_count(self) -> int:
        """Return how many tensors an application returns."""
        return 1

    def extra_inputs(self, n: int) -> int:
        """Return how many of `n` inputs, the last, are those of `tensor_args`."""
        return n - 1 if self.tensor_args else 0

    def output_mask(self, *inputs: TensorType) -> bool:
        """Return whether the (first) result carries a mask."""
        return self.supports_masking and any(i.mask for i in inputs)

    def flags(self, output: TensorType, *inputs: TensorType) -> Shape | None:
        """Return the shape of the mask of a result, None for that of its first axis."""
        first = next((t.mask_shape for t in inputs if t.mask), None)
        if self.mask_of == "itself" and output.rank > 2:
            return output.shape[:-1]
        return output.shape[: len(first)] if self.mask_of == "all" and first is not None else first

    def weights(self, *inputs: TensorType) -> list[Weight]:
        """Return the weights in the order of Keras' `get_weights()`."""
        return []

    def lower(self, ctx: Context, *inputs: Value) -> str | Value | tuple[Value, ...]:
        """Return the expression of the result.

        A bare expression has the first output type, the layout that `layout` says ("any": that
        of the first input) and the mask of the first input when `supports_masking`. Several
        values that share one expression are what it returns, in order.
        """
        raise NotImplementedError(f"{type(self).__name__} has no lowering")

    def lower_mask(self, ctx: Context, *inputs: Value) -> str:
        """Return the mask of the (first) result where it carries one: a variable."""
        return inputs[0].mask

    @property
    def rounds_masks(self) -> bool:
        """Return whether a mask that keeps everything gives other numbers than no mask."""
        return False

    def beside(self, calls: Sequence[Layer]) -> Layer:
        """Return the layer for one call of several, with a module that serves all of them.

        Args:
            calls: The layer as each call has it: they may differ in `call_args`.
        """
        return self

    def returns_input(self, training: bool) -> bool:
        """Return whether Keras' `call` returns its input itself, and not a tensor of its own."""
        return False

    def activity_penalty(self, output: str) -> str:
        """Return what the layer adds to the loss for one of its outputs, "" for nothing.

        The pass that lowers layers calls it for every output that Keras regularizes.
        """
        if self.activity_regularizer is None:
            return ""
        penalty = self.activity_regularizer.lower(output)
        return f"({penalty}) / len({output})"  # Keras: a mean over the batch

    def casts(self, x: TensorType) -> bool:
        """Return whether an input of integers becomes floats first, as Keras does."""
        if self.takes_integers or x.dtype not in INTEGERS:
            return False
        return type(self).weights is not Layer.weights or self.layout_for(x) == "first"

    def wraps(self, *inputs: TensorType) -> tuple[Any, tuple[TensorType, ...]] | None:
        """Return the `ir.model.Instance` that this layer applies, and to what types; or None.

        For a wrapper, inference asks for the types that the instance returns and gives them to
        `wrap` in the place of calling `output`.
        """
        return None

    def wrap(self, inner: tuple[TensorType, ...], *inputs: TensorType) -> Outputs:
        """Return the types of the result from those that the wrapped instance returns."""
        return inner

    def chained(self) -> tuple[Any, ...]:
        """Return the instances of which this layer is nothing but the chain, () for none."""
        return ()

    def unwrapped(self) -> Layer:
        """Return the plainer layer that this one is another spelling of; itself by default."""
        return self

    def layout_for(self, *inputs: TensorType) -> str:
        """Return the layout wanted for these inputs, where `layout` depends on arguments."""
        return self.layout

    def as_function(self, inputs: tuple[TensorType, ...], span: Span) -> Function | None:
        """Return the layer as a function of tensors that may stand in an expression, or None.

        Args:
            inputs: The types of what it is applied to.
            span: Where it is applied.
        """
        return None

    def activated(self, output: TensorType) -> TensorType:
        """Return the type of what its activations get, by that of its output."""
        return output

    def adapts(self) -> bool:
        """Return whether statistics of the training data must be known before training.

        The layer's torch module then has a method `adapt(x)`. It is to be called once, before
        training, with all that the training data feeds to the layer; of several such layers,
        those whose outputs the others see come first.
        """
        return False

    @property
    def frozen(self) -> bool:
        """Return whether training leaves the weights alone, and adds no penalties on them."""
        return not self.trainable

    def remembers(self) -> bool:
        """Return whether an application leaves something behind, such as moving averages.

        The order counts in which such a layer is applied to several tensors.
        """
        return bool(getattr(self, "stateful", False))

    def flops(self, inputs: tuple[TensorType, ...], outputs: tuple[TensorType, ...]) -> int:
        """Return multiply-adds times two of one sample's forward pass; 0 when negligible."""
        return 0


def need_rank(
    layer: Layer, x: TensorType, rank: int, axes: str, helps: tuple[str, ...] = ()
) -> None:
    """Raise K302 unless the input has `rank` axes after the batch, called `axes`."""
    if x.rank != rank:
        raise Fault(
            "K302",
            f"`{type(layer).__name__}` needs a {axes} input, got {x}",
            label=f"expects {rank} ax{'i' if rank == 1 else 'e'}s after the batch",
            helps=helps,
        )


def need_known(layer: Layer, x: TensorType, axis: int, what: str) -> int:
    """Return the size of an axis; raise K301 when it is unknown."""
    size = x.shape[axis] if x.rank else None
    if size is None:
        raise Fault(
            "K301",
            f"`{type(layer).__name__}` needs a known {what}, got {x}",
            label=f"the {what} decides the shape of its weights",
        )
    return size


def padding(flags: Shape) -> str:
    """Return the comment of a mask whose flags have a shape."""
    sizes = ["T"] if len(flags) == 1 else [str(size or "?") for size in flags]
    return f"({', '.join(['N', *sizes])}), False at padding"


def masked(x: TensorType, mask: bool) -> TensorType:
    """Return a type with its mask flag set."""
    return replace(x, mask=mask)
