"""One torch module for a shared layer whose applications would make different ones.

Keras decides at each call what `padding="same"` adds and whether there is a mask; the script
decides when it makes the module. Where the modules would differ, the layer is lowered for what
its inputs have in common: a size that differs is known at the call only, and an input without
a mask comes with one that keeps all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kgen.catalogue.layer import Context, Layer, Value
from kgen.diagnostics import Diagnostics, Fault
from kgen.ir.model import Composite, Instance, TypedGraph, TypedNode
from kgen.ir.rewrite import layers_of
from kgen.ir.shapes import Shape, TensorType
from kgen.passes.infer import infer
from kgen.passes.mask_flow import takes_masks

ROUNDED = (
    "batch normalization inside of it counts steps in Keras, and so rounds otherwise with a mask "
    "that keeps everything than without one"
)
TAKEN = "`MultiHeadAttention` inside of it takes the masks off other tensors in each use"


class Unshareable(Exception):
    """The applications of a layer with weights need different torch modules.

    Args:
        instance: The layer object.
        constructors: What would make the modules.

    Attributes:
        why: Why none serves all of them, where that is not what would make them.
    """

    def __init__(self, instance: Instance, *constructors: str) -> None:
        super().__init__(instance.name)
        self.instance, self.constructors = instance, constructors
        self.why = ""

    def because(self, why: str) -> Unshareable:
        """Return the error with a reason."""
        self.why = why
        return self


def shareable(typed: TypedGraph, lower: Callable[[TypedGraph], object]) -> TypedGraph:
    """Return a graph whose shared layers make one module each.

    Args:
        typed: The graph.
        lower: Lowers it, to see whether it can be done; nothing of it is kept.

    Raises:
        Unshareable: The inputs of a layer have too little in common.
    """
    if not differing(typed):
        return typed
    while True:
        try:
            lower(typed)
        except Unshareable as error:
            typed = generalized(typed, error)
        else:
            return typed


def differing(typed: TypedGraph) -> list[TypedNode]:
    """Return the applications of the layers in a graph that are applied in different ways."""
    uses: dict[int, list[TypedNode]] = {}
    for node in typed.nodes:
        uses.setdefault(node.node.instance.uid, []).append(node)
    return [n for nodes in uses.values() for n in nodes if way(n) != way(nodes[0])]


def way(node: TypedNode) -> tuple[Layer | Composite, tuple[TensorType, ...]]:
    """Return what a shared layer's module may depend on, besides the layer object."""
    return node.node.instance.layer, node.inputs


def generalized(typed: TypedGraph, error: Unshareable) -> TypedGraph:
    """Return a graph with one layer made for all of its applications; raise the error."""
    uses = [node for node in typed.nodes if node.node.instance.uid == error.instance.uid]
    made = [beside(node, uses) for node in uses]
    if all(a is b for a, b in zip(made, uses, strict=True)):
        made = for_all_inputs(uses, error)
    by_id = {node.node.id: node for node in made}
    return replace(typed, nodes=tuple(by_id.get(n.node.id, n) for n in typed.nodes))


def beside(node: TypedNode, uses: Sequence[TypedNode]) -> TypedNode:
    """Return an application whose module serves the calls of others, which say other things."""
    instance = node.node.instance
    calls = [n.node.instance.layer for n in uses]
    layers = [layer for layer in calls if isinstance(layer, Layer)]
    made = instance.layer.beside(layers) if isinstance(instance.layer, Layer) else instance.layer
    if made is instance.layer:
        return node
    return replace(node, node=replace(node.node, instance=replace(instance, layer=made)))


def for_all_inputs(uses: Sequence[TypedNode], error: Unshareable) -> list[TypedNode]:
    """Return applications whose module is made for what their inputs have in common, or raise."""
    if not uses or uses[0].general:
        raise error
    most = max((node.inputs for node in uses), key=len)
    kinds = [joined([n.inputs[i] for n in uses if i < len(n.inputs)]) for i in range(len(most))]
    general = tuple(kind for kind in kinds if kind is not None)
    if len(general) < len(kinds):
        raise error
    return [made_for(node, general[: len(node.inputs)], error) for node in uses]


def made_for(node: TypedNode, general: tuple[TensorType, ...], error: Unshareable) -> TypedNode:
    """Return an application whose module is made for inputs of other types; raise the error."""
    layer = node.node.instance.layer
    have, want = ([kind.mask for kind in kinds] for kinds in (node.inputs, general))
    maskable = isinstance(layer, Layer) and layer.maskable
    if have != want and not maskable and any(part.rounds_masks for part in layers_of(layer)):
        raise error.because(ROUNDED)
    if isinstance(layer, Layer):
        try:
            weights = tuple(layer.weights(*general))
        except Fault:
            raise error from None
        same = [w.paths for w in weights] == [w.paths for w in node.weights]
        return replace(node, general=general, weights=node.weights if same else weights)
    found = Diagnostics()
    inner = infer(layer.graph, found, general)
    if found.errors or node.keeps:
        raise error
    if any(have) and takes_masks(layer.graph) and not sees_alike(node.inner, inner):
        raise error.because(TAKEN)
    return replace(node, general=general, inner=inner)


def sees_alike(one: TypedGraph | None, other: TypedGraph) -> bool:
    """Return whether the layers of a model see the same masks in two of its uses.

    They do not where one tensor is given twice: a layer takes the mask off both at once.
    """
    assert one is not None
    pairs = zip([*one.walk()], [*other.walk()], strict=True)
    return one.sees == other.sees and all((a.sees, a.keeps) == (b.sees, b.keeps) for a, b in pairs)


def joined(kinds: Sequence[TensorType]) -> TensorType | None:
    """Return what some types have in common, None for too little."""
    first = kinds[0]
    shape = common([kind.shape for kind in kinds])
    alike = {(k.dtype, k.batch, k.kept, k.known, k.believed) for k in kinds}
    if len(alike) > 1 or first.kept or shape is None:
        return None
    masked = [kind for kind in kinds if kind.mask]
    if not masked:
        return replace(first, shape=shape)
    axes = len(masked[0].flags)
    if any(kind.flags != kind.shape[:axes] for kind in masked):
        return None
    return replace(first, shape=shape, mask=True, mask_shape=shape[:axes])


def common(shapes: Sequence[Shape]) -> Shape | None:
    """Return the sizes that are the same in all shapes, None where these have other axes."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True))


def generally(ctx: Context, node: TypedNode, inputs: Sequence[Value]) -> list[Value]:
    """Return the inputs of an application as a module takes them that is made for others, too."""
    layer = node.node.instance.layer
    maskable = isinstance(layer, Layer) and layer.maskable
    given = []
    for value, kind in zip(inputs, node.general, strict=True):
        mask = value.mask
        if kind.mask and not mask and not maskable:
            value = ctx.channels_last(value)
            like = f"{value}.shape[:{len(kind.flags) + 1}], dtype=torch.bool, device={value}.device"
            mask = ctx.let("mask", f"torch.ones({like})", "everything counts")
        given.append(replace(value, type=kind, mask=mask))
    return given
