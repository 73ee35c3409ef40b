"""Which Python variable holds which tensor in a generated `forward`.

A chain keeps one variable (`x = ...; x = ...`); a tensor that the spec names, or that is needed
again later, gets a name of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from kgen.catalogue.base import snake_case
from kgen.catalogue.layer import Value
from kgen.ir.model import Composite, Graph, Instance, Ref
from kgen.torch_ir import Names, hides


@dataclass
class Variables:
    """Hands out variables for the outputs of a graph's nodes, in order."""

    graph: Graph
    names: Names
    uses: Counter[Ref] = field(default_factory=Counter)
    holder: dict[str, Ref] = field(default_factory=dict)
    wanted: dict[Ref, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.graph.nodes:
            self.uses.update(node.inputs)
            # A mask that a call gives may travel on: nothing else gets its name.
            self.uses.update(node.inputs[len(node.inputs) - len(node.masked) :])
        self.uses.update(self.graph.outputs)
        consumers: dict[Ref, int] = {}
        for node in self.graph.nodes:
            for ref in node.inputs:
                consumers[ref] = node.id
        # Walk backwards, so that a chain leading to a named tensor takes that name.
        for node in reversed(self.graph.nodes):
            for i in range(node.output_count):
                ref = (node.id, i)
                bound = node.bound[i] if node.bound else ""
                heir = consumers.get(ref)
                if not bound and heir is not None and self.uses[ref] == 1 and i == 0:
                    bound = self.wanted.get((heir, 0), "")
                self.wanted[ref] = bound

    def consume(self, ref: Ref) -> None:
        """Note one use of a tensor; after its last use its variable is free."""
        self.uses[ref] -= 1
        if self.uses[ref] <= 0:
            for name in [n for n, r in self.holder.items() if r == ref]:
                del self.holder[name]

    def assign(self, ref: Ref, fallback: str, passing: Collection[str] = ()) -> str:
        """Return the variable for a new tensor: the spec's name, `x`, or the layer's name.

        Args:
            ref: The tensor.
            fallback: The layer's name.
            passing: Variables of the statements just written that nothing needs any more.
        """
        for wanted in (self.wanted.get(ref, ""), "x", fallback):
            if not wanted or not wanted.isidentifier() or wanted == "self":
                continue
            if wanted not in self.holder and (wanted in passing or self.usable(wanted)):
                self.holder[wanted] = ref
                return wanted
        name = self.new(fallback)
        self.holder[name] = ref
        return name

    def new(self, wanted: str) -> str:
        """Return a variable that nothing else has in this function: no tensor that lives on."""
        return self.names.new(wanted, self.holder)

    def usable(self, name: str) -> bool:
        """Return whether a name is not reserved for something else in this function."""
        return name not in self.names.taken and not hides(name)


def attribute_name(instance: Instance) -> str:
    """Return the attribute a layer object would like: its name, or Keras' snake_case."""
    layer = instance.layer
    if isinstance(layer, Composite) and layer.kind == "model":
        return snake_case(layer.title)
    if instance.name:
        return snake_case(instance.name) or instance.name
    return snake_case(layer.title if isinstance(layer, Composite) else type(layer).__name__)


def show_type(value: Value) -> str:
    """Return the shape comment of a line: `(N, 28, 28, 32)` in the layout that torch sees."""
    kind = value.type
    if not kind.known:
        return ""
    sizes = [
        str(s) if s is not None else "T" if kind.rank == 2 and i == 0 else "?"
        for i, s in enumerate(kind.shape)
    ]
    if value.first:
        sizes = [sizes[-1], *sizes[:-1]]
    return f"({', '.join(['N', *sizes])})" if sizes else "(N,)"
