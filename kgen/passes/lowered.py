"""What lowering a graph gives: a class, its weights' places, and what classes share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kgen.catalogue.layer import Value
from kgen.catalogue.weights import Weight
from kgen.ir.model import Composite, TypedGraph
from kgen.torch_ir import ClassDef, Names


@dataclass(frozen=True)
class Placed:
    """A weight and where the script keeps it: full names in `state_dict()`."""

    layer: str
    weight: Weight
    paths: tuple[str, ...]
    trainable: bool


@dataclass
class Lowered:
    """A class, what it needs besides its text, and what its call looks like."""

    definition: ClassDef
    weights: tuple[Placed, ...]
    outputs: tuple[Value, ...]
    key: str = ""
    penalized: bool = False


@dataclass
class ScriptNames:
    """What all classes of a script share: class names, and the classes of blocks."""

    classes: Names = field(default_factory=Names)
    lowered: list[tuple[Composite, TypedGraph, Lowered]] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)

    def composite(
        self, composite: Composite, inner: TypedGraph, inputs: Sequence[Value], lower: LowerInner
    ) -> Lowered:
        """Return the class of a block or model, one for all uses that come out the same."""
        title = "".join(part[:1].upper() + part[1:] for part in composite.title.split("_"))
        lowered = lower(inner, title, tuple(v.first for v in inputs))
        for other, _, known in self.lowered:
            if other.title == composite.title and known.definition == lowered.definition:
                return replace(lowered, key=known.key)
        lowered.key = f"\x02{len(self.lowered)}\x03"
        self.lowered.append((composite, inner, lowered))
        return lowered


# Lowers the graph of a block: (graph, class name, which inputs come channels-first).
LowerInner = Callable[[TypedGraph, str, tuple[bool, ...]], Lowered]
