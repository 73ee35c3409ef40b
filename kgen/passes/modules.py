"""Whether one torch module serves all applications of a shared layer.

Keras decides at each call what `padding="same"` adds and whether there is a mask. The script
decides when it makes the module, so that inputs of different kinds may need different modules.
"""

from __future__ import annotations

from collections.abc import Iterator

from kgen.diagnostics import Diagnostics
from kgen.ir.model import Composite, TypedGraph, TypedModel, TypedNode
from kgen.ir.plan import Plan
from kgen.passes.general import Unshareable
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import ScriptNames
from kgen.torch_ir import class_names


def check_modules(typed: TypedModel, plan: Plan, found: Diagnostics) -> None:
    """Report a layer with weights that is shared by inputs for which it needs different modules."""
    differing = list(shared_differently(typed.graph))
    if not differing:
        return
    try:
        names = ScriptNames(class_names(), plan.policies)
        lower_graph(typed.graph, "Model", names, fused=plan.fused_nodes)
    except Unshareable as error:
        instance = error.instance
        layer = instance.layer
        model = isinstance(layer, Composite)
        kind = layer.title if isinstance(layer, Composite) else type(layer).__name__
        uses = [n for n in differing if n.node.instance is instance]
        spans = list(dict.fromkeys(n.node.span for n in uses)) or [instance.span]
        given = list(dict.fromkeys(f"{shown(n)}" for n in uses))
        found.error(
            "K501",
            f"{'model' if model else 'layer'} `{instance.name or kind}` is shared by inputs that "
            "torch needs different modules for",
            spans[-1],
            "a use that needs another one",
            also=[(span, "the first use") for span in spans[:1] if len(spans) > 1],
            notes=[
                *([f"it is applied to {' and to '.join(given)}"] if len(given) > 1 else []),
                *why(error),
            ],
        )


def why(error: Unshareable) -> list[str]:
    """Return why no module serves all uses, as far as a reader of the spec can follow."""
    if error.why:
        return [error.why]
    if isinstance(error.instance.layer, Composite):
        return []
    return [f"they would be `{'` and `'.join(error.constructors)}`"]


def shared_differently(typed: TypedGraph) -> Iterator[TypedNode]:
    """Yield the applications of layers that are applied to inputs of different types."""
    pending, entered = [typed], set[int]()
    while pending:
        graph = pending.pop()
        uses: dict[int, list[TypedNode]] = {}
        for node in graph.nodes:
            uses.setdefault(node.node.instance.uid, []).append(node)
        for uid, nodes in uses.items():
            if any(node.inputs != nodes[0].inputs for node in nodes):
                yield from nodes
            if nodes[0].inner is not None and uid not in entered:
                entered.add(uid)
                pending.append(nodes[0].inner)


def shown(node: TypedNode) -> str:
    """Return what a layer is applied to, in words."""
    return " and ".join(f"{t} with a mask" if t.mask else str(t) for t in node.inputs)
