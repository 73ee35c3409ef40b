"""A typed graph as a Keras model, and as one that shows what every layer returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.text_vectorization import Trim
from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite, Ref, TypedGraph, TypedNode, instance_names, is_inlined
from kgen.passes.infer import distributed, infer
from kgen.verify.borrowed import NEEDS_TENSORFLOW, Borrowed
from kgen.verify.entries import at_call, keras_layer
from kgen.verify.keras import has_tensorflow, keras


@dataclass(frozen=True, eq=False)
class Visit:
    """One application of a layer while a model runs.

    Args:
        path: Keras' name of the layer, after those of the blocks that it is in: `block/dense`.
        node: The application.
    """

    path: str
    node: TypedNode


def visits(typed: TypedGraph, within: str = "") -> Iterator[Visit]:
    """Yield the applications of layers in the order in which they run, blocks after their parts."""
    names = instance_names(typed.graph)
    for node in typed.nodes:
        if node.node.id in typed.graph.inputs:
            continue
        path = within + names[node.node.instance.uid]
        if node.inner is not None:
            yield from visits(node.inner, f"{path}/")
        yield Visit(path, node)


class KerasModel:
    """A typed graph as a Keras model.

    Args:
        typed: The graph.

    Attributes:
        layers: The Keras layers by the uid of their instance.
        model: The functional Keras model.
        variables: The float weights in the order of kgen's graph, a shared layer's once, without
            those that a layer takes from the data.
    """

    def __init__(self, typed: TypedGraph) -> None:
        self.typed = typed
        self.layers: dict[int, Any] = {}
        self.opened: dict[int, Any] = {}  # inner models that also return what their layers return
        self.variables: list[Any] = []
        self.inputs = [
            keras.Input(t.shape, dtype=None if "float" in t.dtype else t.dtype, batch_size=t.batch)
            for t in typed.input_types
        ]
        self.shown_inputs = self.inputs if len(self.inputs) > 1 else self.inputs[0]
        self.model = keras.Model(self.shown_inputs, self.graph(typed, self.inputs))

    @cached_property
    def open(self) -> Any:
        """The model when it returns its outputs, then all that its layers return.

        The latter are in the order of `visits`. Inner models stay models: Keras runs the layers
        of a model by their depth in it.
        """
        seen: list[Any] = []
        outputs = self.graph(self.typed, self.inputs, seen)
        return keras.Model(self.shown_inputs, [*outputs, *seen])

    def graph(
        self, typed: TypedGraph, inputs: Sequence[Any], seen: list[Any] | None = None
    ) -> list[Any]:
        """Apply a graph's layers to Keras tensors; return its outputs.

        Args:
            typed: The graph.
            inputs: Its inputs.
            seen: Collects what every layer returns, those of blocks and inner models before these.
        """
        values: dict[Ref, Any] = {
            (i, 0): tensor for i, tensor in zip(typed.graph.inputs, inputs, strict=True)
        }
        for node in typed.nodes:
            if node.node.id in typed.graph.inputs:
                continue
            taken = [values[r] for r in node.node.inputs]
            results = self.node(node, taken, seen)
            for i, result in enumerate(results):
                values[node.node.id, i] = result
            if seen is not None:
                seen += self.connected(node, results)
        return [values[r] for r in typed.graph.outputs]

    def connected(self, node: TypedNode, results: Sequence[Any]) -> Sequence[Any]:
        """Return results that Keras lets be outputs: no more than its layer's first call gives.

        Others are not used, so that the script does not compute them: the first is in their place.
        """
        layer = self.layers.get(node.node.instance.uid)
        if layer is None or isinstance(node.node.instance.layer, Composite):
            return results
        most = len(keras.tree.flatten(layer.output))
        return [*results[:most], *[results[0]] * len(results[most:])]

    def node(self, node: TypedNode, inputs: list[Any], seen: list[Any] | None) -> Sequence[Any]:
        """Apply one node, and note the weights of a new layer."""
        instance = node.node.instance
        new = instance.uid not in self.layers
        if is_inlined(instance.layer):
            # What a block writes shorter is part of the graph around it.
            assert node.inner is not None
            return self.graph(node.inner, inputs, seen)
        if isinstance(instance.layer, Composite):
            results = listed(self.inner_model(node, seen is not None)(inputs))
            if seen is not None:
                seen += results[len(node.outputs) :]
            return results[: len(node.outputs)]
        if new:
            self.layers[instance.uid] = self.new_layer(node)
        layer = self.layers[instance.uid]
        n = len(inputs) - len(node.node.masked)
        masks = dict(zip(node.node.masked, inputs[n:], strict=True))
        results = call_layer(instance.layer, layer, inputs[:n], masks)
        if new and instance.layer.frozen:
            layer.trainable = False  # when a layer is made, that does not reach those inside it
        if new and not instance.layer.adapts():  # such weights are statistics of the data
            noted = {id(v) for v in self.variables}  # those of a model in `TimeDistributed` are
            weights = [v for v in layer.weights if id(v) not in noted]
            self.variables += [v for v in weights if "float" in v.dtype]
        return results

    def new_layer(self, node: TypedNode) -> Any:
        """Return the Keras layer of a node; the script's own where Keras needs TensorFlow."""
        layer = node.node.instance.layer
        assert isinstance(layer, Layer)
        # With TensorFlow, too, Keras cannot learn a vocabulary of another size than before.
        if isinstance(layer, NEEDS_TENSORFLOW) and (layer.adapts() or not has_tensorflow()):
            return Borrowed(node)
        if isinstance(layer, Trim):  # no layer of Keras, whose `TextVectorization` does that
            return Borrowed(node)
        inner = distributed(node)
        if inner is not None:
            return keras.layers.TimeDistributed(self.functional(inner, None))
        return keras_layer(layer, node.outputs[0])

    def inner_model(self, node: TypedNode, opened: bool) -> Any:
        """Return the Keras model of an inner model, made at its first use.

        Args:
            node: An application of it.
            opened: Whether it also returns what its layers return.
        """
        made = self.opened if opened else self.layers
        uid = node.node.instance.uid
        if uid not in made:
            made[uid] = self.functional(declared(node), [] if opened else None)
        return made[uid]

    def functional(self, typed: TypedGraph, seen: list[Any] | None) -> Any:
        """Return a graph as a Keras model of its own, with what `seen` collects as outputs."""
        formal = [
            keras.Input(t.shape, dtype=None if "float" in t.dtype else t.dtype, batch_size=t.batch)
            for t in typed.input_types
        ]
        outputs = [*self.graph(typed, formal, seen), *(seen or ())]
        return keras.Model(formal, outputs[0] if len(outputs) == 1 else outputs)

    @property
    def stateful(self) -> list[Any]:
        """The layers that go on from where they were, inside of others as well."""
        return [
            layer
            for layer in self.model._flatten_layers()
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_states")
        ]

    def reset_states(self) -> None:
        """Let stateful layers start anew."""
        for layer in self.stateful:
            layer.reset_states()

    def mend_states(self) -> None:
        """Let stateful layers train: Keras' torch backend overwrites what backward still needs."""
        for layer in self.stateful:
            for state in layer.states or ():
                state._direct_assign = lambda value, state=state: setattr(
                    state, "_value", value.detach().clone()
                )


def declared(node: TypedNode) -> TypedGraph:
    """Return the graph of an inner model as it declares itself, which serves all applications."""
    layer = node.node.instance.layer
    assert isinstance(layer, Composite) and node.inner is not None
    found = Diagnostics()
    typed = infer(layer.graph, found)
    return node.inner if found.errors else typed


def listed(value: Any) -> Sequence[Any]:
    """Return outputs as a sequence."""
    return value if isinstance(value, list | tuple) else [value]


def call_layer(
    layer: Layer, made: Any, inputs: list[Any], masks: Mapping[int, Any]
) -> Sequence[Any]:
    """Apply a Keras layer as its class wants to be called, perhaps with masks of inputs."""
    options = {k: v for k, v in layer.config().items() if at_call(type(made), k)}
    if masks:
        listed_masks = [masks.get(i) for i in range(len(inputs))]
        options["mask"] = listed_masks if layer.given_masks()[1] > 1 else masks[0]
    lists = keras.layers.Attention | keras.layers.AdditiveAttention
    several = isinstance(made, keras.layers.Lambda) and len(inputs) > 1
    if layer.wants_list or several or isinstance(made, lists):
        return listed(made(inputs, **options))
    wrapped = made.forward_layer if isinstance(made, keras.layers.Bidirectional) else made
    if isinstance(wrapped, keras.layers.RNN):
        state = {"initial_state": inputs[1:]} if len(inputs) > 1 else {}
        cell = getattr(made, "cell", None)
        if state and isinstance(cell, keras.layers.StackedRNNCells):
            state["initial_state"] = keras.tree.pack_sequence_as(cell.state_size, inputs[1:])
        # Stacked cells return nested states.
        flat: list[Any] = keras.tree.flatten(made(inputs[0], **state, **options))
        return flat
    for name in layer.tensor_args:
        if getattr(layer, name, False):
            *inputs, options[name] = inputs
    own = keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention
    if isinstance(made, own) and len(inputs) == 1:
        return listed(made(inputs[0], inputs[0], **options))
    return listed(made(*inputs, **options))
