"""What lowering a graph gives: a class, its weights' places, and what classes share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kgen.catalogue.layer import Layer, Value
from kgen.catalogue.policies import FULL, Policies
from kgen.catalogue.weights import Weight
from kgen.ir.model import Composite, TypedGraph, TypedNode
from kgen.torch_ir import ClassDef, Names


@dataclass(frozen=True)
class Placed:
    """A weight and where the script keeps it: full names in `state_dict()`.

    Args:
        files: The files that the weights of its layer start from.
        group: What is the same for all weights of a layer, and of no other.
        dtype: The type that it has.
    """

    layer: str
    weight: Weight
    paths: tuple[str, ...]
    trainable: bool
    files: tuple[str, ...] = ()
    group: str = ""
    dtype: str = "float32"


@dataclass
class Lowered:
    """A class, what it needs besides its text, and what its call looks like.

    `modules` has the attribute of each layer object, by its uid.
    """

    definition: ClassDef
    weights: tuple[Placed, ...]
    outputs: tuple[Value, ...]
    key: str = ""
    penalized: bool = False
    modules: dict[int, str] = field(default_factory=dict)


@dataclass
class ScriptNames:
    """What all classes of a script share: class names, policies, and the classes of blocks."""

    classes: Names = field(default_factory=Names)
    policies: Policies = FULL
    lowered: list[tuple[Composite, TypedGraph, Lowered]] = field(default_factory=list)
    made: dict[Composite, Lowered] = field(default_factory=dict)  # the class of each, first used
    functions: dict[str, str] = field(default_factory=dict)

    def composite(
        self, composite: Composite, inner: TypedGraph, inputs: Sequence[Value], lower: LowerInner
    ) -> Lowered:
        """Return the class of a block or model, one for all uses that come out the same.

        A shared model has one class if its uses differ in nothing but the shapes in comments.
        """
        title = "".join(part[:1].upper() + part[1:] for part in composite.title.split("_"))
        lowered = lower(inner, title, tuple(inputs))
        first = self.made.get(composite)
        common = without_differing_comments(first, lowered) if first is not None else None
        if first is not None and common is not None:
            first.definition = common
            return replace(lowered, key=first.key)
        for other, _, known in self.lowered:
            if other.title == composite.title and known.definition == lowered.definition:
                self.made.setdefault(composite, known)
                return replace(lowered, key=known.key)
        lowered.key = f"\x02{len(self.lowered)}\x03"
        self.made.setdefault(composite, lowered)
        self.lowered.append((composite, inner, lowered))
        return lowered


def without_differing_comments(one: Lowered, other: Lowered) -> ClassDef | None:
    """Return the class that two lowerings have in common, None where their code differs."""
    a, b = one.definition, other.definition
    if replace(a, init=(), forward=()) != replace(b, init=(), forward=()):
        return None
    if len(a.init) != len(b.init) or len(a.forward) != len(b.forward):
        return None
    pairs = list(zip((*a.init, *a.forward), (*b.init, *b.forward), strict=True))
    if any((x.code, x.depth) != (y.code, y.depth) for x, y in pairs):
        return None
    lines = [x if x == y else replace(x, comment="") for x, y in pairs]
    n = len(a.init)
    return replace(a, init=tuple(lines[:n]), forward=tuple(lines[n:]))


def penalized(node: TypedNode) -> bool:
    """Return whether what a layer returns adds a penalty to the loss."""
    layer = node.node.instance.layer
    return isinstance(layer, Layer) and layer.activity_regularizer is not None


# Lowers the graph of a block: (graph, class name, what it is given).
LowerInner = Callable[[TypedGraph, str, tuple[Value, ...]], Lowered]
