"""Whether the masks in the calls of a saved model are those that travel by themselves.

Keras 3 writes into the graph how each mask is computed, and gives it to the calls; here masks
travel with their tensors. One that a person gave to a call may be another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kgen.catalogue.layer import Layer
from kgen.frontends.keras.calls import Call, TensorRef
from kgen.frontends.keras.operations import is_operation
from kgen.ir.model import Composite
from kgen.ir.shapes import TensorType

Place = tuple[str, int, int]  # a layer, which of its applications, which of its outputs
MAX_STEPS = 1000


@dataclass(eq=False)
class GivenMasks:
    """The masks of one functional model, each as the tensors that say what is padding.

    Args:
        calls: The applications of its layers.
    """

    calls: Mapping[tuple[str, int], Call]
    carried: dict[Place, frozenset[Place] | None] = field(default_factory=dict)

    def note(self, key: tuple[str, int], layer: Layer | Composite, taken: list[TensorRef]) -> None:
        """Note the mask of what an application gives; None where it cannot be told."""
        made = (*key, 0)
        if isinstance(layer, Composite):
            self.carried[made] = None
            return
        masks = [self.carried.get(place(ref), frozenset()) for ref in taken]
        inputs = [TensorType((None,) * 3, mask=mask != frozenset()) for mask in masks]
        if not inputs or not layer.output_mask(*inputs):
            return
        if layer.mask_of == "itself":
            self.carried[made] = frozenset(map(place, taken))
        else:
            self.carried[made] = joined(masks if layer.wants_list else masks[:1])

    def without(self, tensors: Sequence[TensorRef]) -> bool:
        """Return whether no tensor has a mask."""
        return all(self.carried.get(place(ref), frozenset()) == frozenset() for ref in tensors)

    def travel(self, given: Sequence[TensorRef], taken: Sequence[TensorRef]) -> bool:
        """Return whether the masks that are given to a call are those of the tensors it takes."""
        wanted = joined([self.carried.get(place(ref), frozenset()) for ref in taken])
        found = joined(list(map(self.sources, given)))
        return found is not None and wanted in (None, found)

    def sources(self, mask: TensorRef) -> frozenset[Place] | None:
        """Return what a mask that Keras computes is computed from, None for another mask."""
        pending = [mask]
        found: set[Place] = set()
        for _ in range(MAX_STEPS):
            if not pending:
                return frozenset(found)
            ref = pending.pop()
            made = self.calls.get((ref.layer, ref.call))
            if made is None or not is_operation(made.layer):
                return None
            kind = made.layer.text("class_name")
            taken = list(made.tensors(()))
            if kind == "NotEqual":
                found |= set(map(place, taken))
            elif kind not in ("ZerosLike", "OnesLike"):  # masks as wide as a tensor
                pending += taken
        return None


def place(ref: TensorRef) -> Place:
    return ref.layer, ref.call, ref.output


def joined(masks: Sequence[frozenset[Place] | None]) -> frozenset[Place] | None:
    """Return what several masks are computed from, None where it is not known of one."""
    known = [mask for mask in masks if mask is not None]
    return frozenset().union(*known) if len(known) == len(masks) else None
