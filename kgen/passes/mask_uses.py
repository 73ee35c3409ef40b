"""Which masks are used where, and from where a layer or block gets them: see `masks.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kgen.catalogue.layer import Layer
from kgen.ir.model import Ref
from kgen.ir.order import Path, Use
from kgen.passes.mask_flow import MaskFlow, Sight
from kgen.passes.mask_run import ModelRun, Number


@dataclass(frozen=True)
class Home:
    """A tensor that was made with a mask, as a graph that may take it from there sees it.

    Args:
        place: The use that makes the tensor; -1 for an input.
        local: The tensor in the graph.
        ref: The same among the uses.
    """

    place: int
    local: Ref
    ref: Ref


class MaskUses:
    """Finds the `flow` of a run."""

    def __init__(self, run: ModelRun) -> None:
        self.run, self.flat = run, run.flat
        self.flow = MaskFlow()
        self.homes: dict[Path, dict[int, Home]] = defaultdict(dict)
        self.begins: dict[Path, int] = {}  # the first use in a block
        self.used: dict[Ref, list[Path]] = defaultdict(list)  # where a tensor's mask is used
        self.supplied: dict[tuple[Path, Ref], Sight] = {}  # what a block's input carries besides
        self.carrying: set[Ref] = set()
        self.find_homes()
        end = len(self.flat.uses)
        self.flow.outputs = tuple(
            self.sight(ref, mask, (), end)
            for ref, mask in zip(self.flat.outputs, run.left, strict=True)
        )
        for i in reversed(run.order):
            self.note(i, self.flat.uses[i])
        self.note_blocks()

    def find_homes(self) -> None:
        """Find the first tensor with each mask, in each graph."""
        for path, local, ref in self.flat.formal:
            if (mask := self.run.first.get(ref)) is not None:
                self.homes[path].setdefault(mask, Home(-1, local, ref))
        for i, use in enumerate(self.flat.uses):
            for n in range(len(use.path), 0, -1):
                self.begins.setdefault(use.path[:n], i)
            for o in range(use.node.output_count):
                mask = self.run.first.get((i, o))
                if mask is not None and use.node.repeat is None:  # a loop hides what is in it
                    home = Home(i, (use.node.id, o), (i, o))
                    self.homes[use.path].setdefault(mask, home)

    def note(self, i: int, use: Use) -> None:
        """Note where the masks come from that one use needs."""
        flow, id = self.flow.at(use.path), use.node.id
        flow.sees[id] = self.sights(i, use, self.run.seen[i])
        if i in self.run.inside:
            flow.inside[id] = MaskUses(self.run.inside[i]).flow
        layer = use.node.instance.layer
        made = [(i, o) for o in range(use.node.output_count)]
        if isinstance(layer, Layer) and not self.carrying.isdisjoint(made):
            masks = [self.run.in_graph[ref] for ref in use.inputs]
            n = len(masks) if layer.mask_of == "all" else 1
            flow.keeps[id] = self.sights(i, use, [*masks[:n], *[None] * len(masks[n:])])
            flow.carries |= {(id, o) for _, o in self.carrying.intersection(made)}

    def sights(self, i: int, use: Use, masks: Sequence[Number]) -> tuple[Sight, ...]:
        pairs = zip(use.inputs, masks, strict=True)
        return tuple(self.sight(ref, mask, use.path, i) for ref, mask in pairs)

    def sight(self, ref: Ref, mask: Number, path: Path, before: int) -> Sight:
        """Return from where a use before another, in a block, gets a mask of a tensor."""
        if mask is None:
            return ""
        if mask == self.run.first[ref]:
            self.used[ref].append(path)
            return "mask"
        home = self.homes[path].get(mask)
        if home is not None and home.place < before:
            self.used[home.ref].append(path)
            return home.local
        self.carry(ref, mask, path)
        return "kept"

    def carry(self, ref: Ref, mask: int, path: Path) -> None:
        """Bring a mask to a tensor in a block: from around the block, or from its maker."""
        made = self.flat.uses[ref[0]].path
        while path != made[: len(path)]:
            around = path[:-1]
            if (path, ref) in self.supplied:
                return
            home = self.homes[around].get(mask)
            if home is not None and home.place < self.begins[path]:
                self.used[home.ref].append(around)
                self.supplied[path, ref] = home.local
                return
            self.supplied[path, ref] = "kept"
            path = around
        self.carrying.add(ref)

    def note_blocks(self) -> None:
        """Note which masks blocks take."""
        for path, (formal, _), ref in self.flat.formal:
            flow, around = self.flow.at(path), self.flow.at(path[:-1])
            back = ref in self.flat.returned  # it may be used anywhere
            supply = self.supplied.get((path, ref), "kept" if back and ref in self.carrying else "")
            if any(back or where[: len(path)] == path for where in self.used[ref]):
                flow.used[formal].add("mask")
            if supply:
                flow.used[formal].add("kept")
            around.keeps[path[-1]] = (*around.keeps.get(path[-1], ()), supply)
