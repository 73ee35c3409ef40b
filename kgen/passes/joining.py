"""Operations on tensors that make one expression of the script, as they do in a spec.

Keras has a layer for each operation of `x * 0.5 + y`, and so has a graph. In the script an
operation whose result nothing else reads, and which has no name, stands in the expression that
reads it, as far as a line has room.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from kgen.catalogue.layer import Layer
from kgen.catalogue.layers.lambda_ import Lambda
from kgen.catalogue.policies import Policies
from kgen.diagnostics import Fault
from kgen.ir.functions import Function, Variable, with_variables
from kgen.ir.model import Ref, TypedGraph, TypedNode
from kgen.torch_ir import Names

ROOM = 64  # characters of an expression


def joined(typed: TypedGraph, policies: Policies) -> TypedGraph:
    """Return a graph whose operations stand together; its other nodes are the same."""
    if policies.mixed or policies.pure or policies.several:
        # There each operation rounds what it returns.
        return typed
    uses: Counter[Ref] = Counter(typed.graph.outputs)
    applied: Counter[int] = Counter()
    for node in typed.nodes:
        uses.update(node.node.inputs)
        applied[node.node.instance.uid] += 1
    free = {
        n.node.id
        for n in typed.nodes
        if applied[n.node.instance.uid] == 1 and operation(n) is not None
    }
    if len(free) < 2:
        return typed
    nodes: dict[int, TypedNode] = {}
    for node in typed.nodes:
        nodes[node.node.id] = node
        for ref in node.node.inputs if node.node.id in free else ():
            if ref[0] not in free or uses[ref] != 1 or any(nodes[ref[0]].node.bound):
                continue
            whole = with_operation(nodes[node.node.id], nodes[ref[0]])
            if whole is not None:
                nodes[node.node.id] = whole
                del nodes[ref[0]]
    kept = tuple(nodes.values())
    if len(kept) == len(typed.nodes):
        return typed
    graph = replace(typed.graph, nodes=tuple(n.node for n in kept))
    return replace(typed, graph=graph, nodes=kept)


def operation(node: TypedNode) -> Function | None:
    """Return the function of tensors that a node is, None for one that is more than that."""
    layer = node.node.instance.layer
    masked = any(t.mask or t.kept for t in (*node.inputs, *node.outputs))
    if (
        not isinstance(layer, Layer)
        or layer.dtype is not None
        or layer.activity_regularizer is not None
        or node.node.repeat is not None
        or node.node.masked
        or masked
        or node.sees
        or node.keeps
    ):
        return None
    return layer.as_function(node.inputs, node.node.span)


def with_operation(reader: TypedNode, made: TypedNode) -> TypedNode | None:
    """Return a node with an operation in the place of what it reads, None where that is no gain."""
    outer, inner = operation(reader), operation(made)
    assert outer is not None and inner is not None
    place = reader.node.inputs.index((made.node.id, 0))
    refs, types, params = list(reader.node.inputs), list(reader.inputs), list(outer.params)
    del refs[place], types[place]
    replaced = params.pop(place)
    taken = Names(set(outer.params))
    names: dict[str, Variable] = {}
    for name, ref, kind in zip(inner.params, made.node.inputs, made.inputs, strict=True):
        if ref not in refs:
            refs.append(ref)
            types.append(kind)
            params.append(taken.new(name))
        names[name] = Variable(inner.span, params[refs.index(ref)])
    operand = with_variables(inner.body, names)
    uses = tuple(dict.fromkeys((*outer.uses, *inner.uses)))
    if len({f.name for f in uses}) < len(uses):
        return None
    body = with_variables(outer.body, {replaced: operand})
    layer = Lambda(function=Function("", tuple(params), body, outer.span, uses=uses))
    try:
        read = Lambda(function=outer).compiled(reader.inputs).code
        code, kind = layer.compiled(tuple(types)).code, layer.output(*types)
    except Fault:  # merging layers take types that operators do not
        return None
    once = len(re.findall(rf"\b{re.escape(replaced)}\b", read)) == 1
    same = (kind.shape, kind.dtype) == (reader.outputs[0].shape, reader.outputs[0].dtype)
    if not once or len(code) > ROOM or not same:
        return None
    instance = replace(reader.node.instance, layer=layer, arg_spans={})
    node = replace(reader.node, instance=instance, inputs=tuple(refs))
    return replace(reader, node=node, inputs=tuple(types))
