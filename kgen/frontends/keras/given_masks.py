"""Whether the masks in the calls of a saved model are those that travel by themselves.

Keras 3 writes into the graph how each mask is computed, and gives it to the calls; here masks
travel with their tensors. One that a person gave to a call may be another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kgen.catalogue.layer import Layer
from kgen.frontends.keras.calls import Call, TensorRef
from kgen.frontends.keras.document import Item
from kgen.frontends.keras.operations import is_operation
from kgen.ir.model import Composite
from kgen.ir.shapes import TensorType

Place = tuple[str, int, int]  # a layer, which of its applications, which of its outputs
# What a mask is made of: where a tensor is not a number, or a tensor that is a mask itself (None).
Part = tuple[Place, float | None]
NO_MASK = frozenset[Part]()
MAX_STEPS = 1000
JOINED = ("Any", "Concatenate", "ConvertToTensor", "ExpandDims", "LogicalOr", "Squeeze")
WIDE = ("OnesLike", "ZerosLike")  # masks as wide as a tensor


@dataclass(eq=False)
class GivenMasks:
    """The masks of one functional model, each as the tensors that say what is padding.

    Args:
        calls: The applications of its layers.
    """

    calls: Mapping[tuple[str, int], Call]
    carried: dict[Place, frozenset[Part] | None] = field(default_factory=dict)
    given: set[Place] = field(default_factory=set)  # the tensors that calls give as masks

    def note(
        self,
        key: tuple[str, int],
        layer: Layer | Composite,
        taken: list[TensorRef],
        given: Sequence[TensorRef | None] = (),
    ) -> None:
        """Note the mask of what an application gives; None where it cannot be told."""
        made = (*key, 0)
        if isinstance(layer, Composite):
            self.carried[made] = None
            return
        masks = [self.carried.get(place(ref), NO_MASK) for ref in taken]
        if given:
            self.given |= {place(ref) for ref in given if ref is not None}
            told = [NO_MASK if ref is None else frozenset({(place(ref), None)}) for ref in given]
            masks = [*told, *masks[len(told) :]]
        inputs = [TensorType((None,) * 3, mask=mask != NO_MASK) for mask in masks]
        if not inputs or not layer.output_mask(*inputs):
            return
        if layer.mask_of == "itself":
            unlike = float(getattr(layer, "mask_value", 0))
            self.carried[made] = frozenset((place(ref), unlike) for ref in taken)
        else:
            self.carried[made] = joined(masks if layer.mask_of == "all" else masks[:1])

    def without(self, tensors: Sequence[TensorRef]) -> bool:
        """Return whether no tensor has a mask."""
        return all(self.carried.get(place(ref), NO_MASK) == NO_MASK for ref in tensors)

    def travel(self, given: Sequence[TensorRef | None], taken: Sequence[TensorRef]) -> bool:
        """Return whether the masks that are given to a call are those of the tensors it takes.

        Keras gives none of what comes out of a model, of which nothing can be told here.
        """
        wanted = [self.carried.get(place(ref)) or NO_MASK for ref in taken]
        found = [NO_MASK if ref is None else self.parts(ref) for ref in given]
        return found == wanted[: len(found)]

    def parts(self, mask: TensorRef) -> frozenset[Part] | None:
        """Return what a mask that Keras computes is made of, None for another mask."""
        pending = [mask]
        found: set[Part] = set()
        for _ in range(MAX_STEPS):
            if not pending:
                return frozenset(found)
            ref = pending.pop()
            if place(ref) in self.given:
                found.add((place(ref), None))
                continue
            made = self.calls.get((ref.layer, ref.call))
            if made is None or not is_operation(made.layer):
                return None
            kind = made.layer.text("class_name")
            taken = list(made.tensors(()))
            numbers = [a.value for a in made.args if isinstance(a, Item)]
            if kind == "NotEqual" and len(taken) == 1 and isinstance(numbers[0], int | float):
                found.add((place(taken[0]), float(numbers[0])))
            elif kind in JOINED:
                pending += taken
            elif kind not in WIDE:
                return None
        return None


def place(ref: TensorRef) -> Place:
    return ref.layer, ref.call, ref.output


def joined(masks: Sequence[frozenset[Part] | None]) -> frozenset[Part] | None:
    """Return what several masks are made of, None where it is not known of one."""
    known = [mask for mask in masks if mask is not None]
    return frozenset().union(*known) if len(known) == len(masks) else None
