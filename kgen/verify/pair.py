"""The generated model and Keras', with the same weights; one pass through both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kgen.backends.adapting import adapting
from kgen.backends.script import Script
from kgen.ir.model import TypedGraph
from kgen.ir.plan import Plan
from kgen.passes.lowered import Placed
from kgen.verify.arrays import Array, numpy, random_weight
from kgen.verify.failures import keras_side
from kgen.verify.generated import doubled, in_float64, load_script, watched_model
from kgen.verify.reference import KerasModel, Visit, listed, visits

ACTIVATE: dict[str, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "": lambda x, axis: x,
    "softmax": torch.softmax,
    "sigmoid": lambda x, axis: torch.sigmoid(x),
}
Draw = Callable[[Placed, Array], Array]  # a weight's values, from its place and initial values


class Mismatch(Exception):
    """The two models do not have the same weights."""


@dataclass(eq=False)
class Side:
    """What one of the two models computes.

    Args:
        inputs: What it gets.
        outputs: What it returns, after the last activations.
        layers: What each layer returns, in the order of `visits`; None for what is not computed.
        gradients: Of the trainable weights, in Keras' arrangement.
        input_gradients: Of the inputs that are no integers.
    """

    inputs: list[torch.Tensor]
    outputs: list[torch.Tensor] = field(default_factory=list)
    layers: list[Any] = field(default_factory=list)
    gradients: list[Array] = field(default_factory=list)
    input_gradients: list[torch.Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inputs = [x.requires_grad_() if x.is_floating_point() else x for x in self.inputs]

    def backward(
        self, cotangents: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]
    ) -> list[torch.Tensor]:
        """Return the gradients of the weights; keep those of the inputs."""
        total = sum(
            (y * c).sum()
            for y, c in zip(self.outputs, cotangents, strict=True)
            if y.is_floating_point()
        )
        floats = [x for x in self.inputs if x.is_floating_point()]
        wanted = [*weights, *floats]
        if not wanted or not isinstance(total, torch.Tensor) or not total.requires_grad:
            return [torch.zeros_like(w) for w in weights]
        found = torch.autograd.grad(total, wanted, allow_unused=True)
        filled = [
            torch.zeros_like(w) if g is None else g.to_dense()
            for g, w in zip(found, wanted, strict=True)
        ]
        self.input_gradients = filled[len(weights) :]
        return filled[: len(weights)]


class Pair:
    """A generated model and Keras', with the same weights.

    Args:
        graph: The model.
        plan: How it is trained.
        script: Its script.
        folder: Where the script is written to be imported.
    """

    def __init__(self, graph: TypedGraph, plan: Plan, script: Script, folder: Path) -> None:
        self.graph, self.plan = graph, plan
        adapted = {id(w) for node, _ in adapting(graph, script.weights) for w in node.weights}
        self.all_placed = script.weights
        self.placed = [p for p in script.weights if id(p.weight) not in adapted]
        self.module = load_script(doubled(script.text), folder)
        self.ours = self.model()
        with keras_side("build"):
            self.keras = KerasModel(graph)
        self.visits: list[Visit] = list(visits(graph))
        self.pairs = self.match()
        watched = watched_model(graph, plan.fused_nodes)
        self.watched, self.watched_placed = (
            load_script(doubled(watched.text), folder),
            watched.weights,
        )
        self.initial = {k: v.clone() for k, v in self.ours.state_dict().items()}

    def match(self) -> list[tuple[Placed, Any]]:
        """Return kgen's weights with Keras' variables, both in Keras' order."""
        placed, variables = self.placed, self.keras.variables
        ours = [tuple(p.weight.shape) for p in placed]
        theirs = [tuple(v.shape) for v in variables]
        names = [(p.weight.name, v.name) for p, v in zip(placed, variables, strict=False)]
        # A weight that Keras' layer does not name is a numbered `variable`.
        alike = all(a == b or b.startswith("variable") for a, b in names)
        if ours != theirs or not alike:
            raise Mismatch(f"the weights differ in order or shape: {ours}, Keras has {theirs}")
        return name_variables(placed, variables)

    # ------------------------------------------------------------------------ weights

    def tensors(self, placed: Placed) -> list[torch.Tensor]:
        """Return the tensors of the generated model that hold a weight."""
        return tensors_of(self.ours, placed)

    def values(self, placed: Placed) -> Array:
        """Return a weight of the generated model in Keras' arrangement."""
        return as_keras(placed, self.tensors(placed))

    def draw(self, rng: np.random.Generator) -> list[Array]:
        """Give every weight the same random values on both sides; return them."""
        return self.set_weights(lambda p, _: random_weight(rng, p.weight.name, p.weight.shape))

    def set_weights(self, draw: Draw) -> list[Array]:
        """Give every weight the same values on both sides; return them."""
        arrays = []
        for placed, variable in self.pairs:
            array = draw(placed, self.values(placed))
            variable.assign(array)
            set_tensors(self.tensors(placed), placed, array)
            arrays.append(array)
        return arrays

    def model(self) -> torch.nn.Module:
        """Return the generated model; the constants in it are of full precision."""
        with in_float64():
            return self.module.Model().double()  # type: ignore[no-any-return]

    def forget(self) -> None:
        """Give both models back what training has left in them besides weights."""
        self.ours = self.model()
        self.ours.load_state_dict(self.initial)
        self.keras.reset_states()

    def adapt(self, inputs: Sequence[Array]) -> None:
        """Let the layers that take statistics of the data take those of the inputs."""
        for node, path in adapting(self.graph, self.all_placed):
            x = inputs[self.graph.graph.inputs.index(node.node.inputs[0][0])]
            self.ours.get_submodule(path).adapt(torch.from_numpy(x))  # type: ignore[operator]
            self.keras.layers[node.node.instance.uid].adapt(x)

    # ------------------------------------------------------------------------- passes

    def run(
        self, inputs: Sequence[Array], training: bool, rng: np.random.Generator
    ) -> tuple[Side, Side]:
        """Run both models and backpropagate the same random cotangents."""
        ours, theirs = (Side([torch.from_numpy(x.copy()) for x in inputs]) for _ in "ab")
        self.forward(ours, training)
        given = theirs.inputs if len(theirs.inputs) > 1 else theirs.inputs[0]
        with keras_side("run"):
            results = listed(self.keras.open(given, training=training))
        count = len(self.graph.graph.outputs)
        theirs.outputs, theirs.layers = list(results[:count]), list(results[count:])
        if self.keras.stateful:
            return ours, theirs  # Keras assigns to the state, which torch cannot differentiate
        cotangents = [torch.from_numpy(rng.standard_normal(numpy(y).shape)) for y in theirs.outputs]
        trainable = [(p, v) for p, v in self.pairs if v.trainable]
        tensors = [self.tensors(p) for p, _ in trainable]
        flat = ours.backward(cotangents, [t for ts in tensors for t in ts])
        for (placed, _), ts in zip(trainable, tensors, strict=True):
            ours.gradients.append(as_keras(placed, [flat.pop(0) for _ in ts]))
        with keras_side("train"):
            theirs.gradients = theirs.backward(cotangents, [v.value for _, v in trainable])
        return ours, theirs

    def forward(self, side: Side, training: bool) -> None:
        """Run the generated model, and the copy that shows its layers."""
        with in_float64():
            copy = self.watched.Model().double()
        for ours, theirs in zip(self.all_placed, self.watched_placed, strict=True):
            for a, b in zip(self.tensors(ours), tensors_of(copy, theirs), strict=True):
                b.data.copy_(a.data)
        seen: list[Any] = []
        vars(self.watched)["__watch__"] = seen.append
        with torch.no_grad(), in_float64():
            copy.train(training)(*side.inputs)
        side.layers = seen
        self.ours.train(training)
        with in_float64():
            side.outputs = self.outputs(side.inputs)

    def outputs(self, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return what the generated model returns, with the activations that the loss has."""
        result = self.ours(*inputs)
        values = result if isinstance(result, tuple) else (result,)
        # Masks come after the outputs.
        pairs = zip(self.plan.outputs, values, strict=False)
        return [ACTIVATE[o.fused](y, o.fused_axis) for o, y in pairs]

    def predicted(self, inputs: Sequence[Array]) -> list[Array]:
        """Return what the script's `predict` returns, all samples in one batch."""
        with in_float64():
            given = tuple(torch.from_numpy(x.copy()) for x in inputs)
            result = self.module.predict(deepcopy(self.ours), given, len(given[0]))
        return [numpy(y) for y in (result if isinstance(result, tuple) else (result,))]

    def draws(self, inputs: Sequence[Array]) -> str:
        """Return the path of the first layer that draws random numbers in training, "" for none."""
        results = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            side = Side([torch.from_numpy(x.copy()) for x in inputs])
            state = {k: v.clone() for k, v in self.ours.state_dict().items()}
            self.forward(side, training=True)
            self.ours.load_state_dict(state)
            results.append(side.layers)
        flat = (v.path for v in self.visits for _ in v.node.outputs)
        for path, a, b in zip(flat, *results, strict=True):
            if a is not None and not torch.equal(a, b):
                return str(path)
        return ""


def tensors_of(model: torch.nn.Module, placed: Placed) -> list[torch.Tensor]:
    """Return the tensors of a model that hold a weight."""
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return [state[path] for path in placed.paths]


def set_tensors(tensors: Sequence[torch.Tensor], placed: Placed, array: Array) -> None:
    """Write a weight in Keras' arrangement into the tensors that hold it."""
    values = placed.weight.layout.to_torch(array)
    parts = np.split(values, len(tensors)) if len(tensors) > 1 else [values]
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.data.copy_(torch.from_numpy(np.asarray(part).reshape(tensor.shape)))


def name_variables(placed: Sequence[Placed], variables: Sequence[Any]) -> list[tuple[Placed, Any]]:
    """Give Keras' variables the paths of the spec, which optimizers see; return the pairs."""
    pairs = list(zip(placed, variables, strict=True))
    for weight, variable in pairs:
        variable._path = f"{weight.layer}/{weight.weight.path}"
    return pairs


def as_keras(placed: Placed, tensors: Sequence[torch.Tensor]) -> Array:
    """Return torch arrays of a weight (its values, its gradient) in Keras' arrangement."""
    layout, shape = placed.weight.layout, placed.weight.shape
    joined = np.concatenate([numpy(t).ravel() for t in tensors])
    torch_shape = layout.to_torch(np.empty(shape)).shape
    return layout.to_keras(joined.reshape(torch_shape), shape)
