"""Names for blocks that folding finds, and for the layers inside of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kgen.catalogue.base import snake_case
from kgen.catalogue.layer import Layer
from kgen.ir.functions import Function
from kgen.ir.model import Composite, Node, Ref
from kgen.ir.show import show_function

PARTS = {
    "BatchNormalization": "bn",
    "LayerNormalization": "ln",
    "ZeroPadding2D": "pad",
    "Dropout": "dropout",
    "LSTM": "lstm",
    "GRU": "gru",
    "Embedding": "embedding",
    "ReversibleEmbedding": "embedding",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
}


def block_name(uses: Sequence[Sequence[Node]], source: Ref, several: bool = False) -> str:
    """Return a name for a block: what a person would call it.

    Args:
        uses: The nodes of every use.
        source: The input of the first.
        several: Whether it has several inputs.
    """
    if several:
        word = common_word(uses, "[a-z]+")
        return f"{word}_cell" if word else "cell"
    nodes = uses[0]
    layers = [node.instance.layer for node in nodes]
    merging = {type(layer).__name__: node for layer, node in zip(layers, nodes, strict=True)}
    last = next((node for node in nodes if is_sum(node.instance.layer)), None)
    if last is not None:
        named = common_word(uses)
        if named:
            return named
        passed = source in last.inputs
        depthwise = any("depthwise" in b.title for b in layers if isinstance(b, Composite))
        return ("inverted_" * (depthwise and passed)) + ("residual" if passed else "projection")
    if "Concatenate" in merging:
        return "dense_layer" if source in merging["Concatenate"].inputs else "inception"
    if "Multiply" in merging:
        return "squeeze_excite"
    blocks = [layer for layer in layers if isinstance(layer, Composite)]
    if not blocks:
        return "_".join(_part(node) for node in nodes)
    strided = "strided_" if all(any(map(strides, use)) for use in uses) else ""
    inverted = "inverted_" if any("depthwise" in block.title for block in blocks) else ""
    return strided + inverted + ("bottleneck" if len(blocks) > 2 else "pair")


def common_word(uses: Sequence[Sequence[Node]], form: str = r"[a-z]+\d+") -> str:
    """Return the word that the names of all last layers begin with, such as `block35`."""
    names = [nodes[-1].instance.name for nodes in uses if nodes[-1].instance.name]
    words = {name.partition("_")[0] for name in names}
    word = words.pop() if len(words) == 1 else ""
    return word if re.fullmatch(form, word) else ""


def is_sum(layer: Layer | Composite) -> bool:
    """Return whether a layer adds tensors, in whatever way."""
    function = getattr(layer, "function", None)
    if isinstance(function, Function):
        return re.fullmatch(r"(\w+), (\w+): \1 \+ \2", show_function(function)) is not None
    return type(layer).__name__ in ("Add", "CustomScaleLayer")


def strides(node: Node) -> bool:
    """Return whether a layer, or one in a block, makes images smaller by its strides."""
    layer = node.instance.layer
    if isinstance(layer, Composite):
        return any(strides(inner) for inner in layer.graph.nodes)
    step = getattr(layer, "strides", 1)
    return any(s > 1 for s in step) if isinstance(step, tuple) else bool(step and step > 1)


def _part(node: Node) -> str:
    layer = node.instance.layer
    kind = type(layer).__name__
    if kind in PARTS:
        return PARTS[kind]
    if kind == "Activation":
        word = getattr(getattr(layer, "activation", None), "called_as", "activation").lower()
        return word if word.isidentifier() else "activation"
    if getattr(layer, "groups", 1) == getattr(layer, "filters", 0) != 1:
        return "depthwise"
    for word in ("Depthwise", "Separable"):
        if kind.startswith(word):
            return word.lower()
    return "conv" if "Conv" in kind else snake_case(kind)


def inner_names(uses: Sequence[Sequence[Node]]) -> list[str]:
    """Return the names of a block's layers: what their names have in common in all uses.

    `block_3_expand` and `block_4_expand` are both `expand`. A layer without a common name, or
    with one that Keras gave, has none.
    """
    short: list[list[str]] = []
    for nodes in uses:
        names = [node.instance.name for node in nodes]
        prefix = common_prefix(names)
        short.append([n.removeprefix(prefix) for n in names])
    result: list[str] = []
    for i, column in enumerate(zip(*short, strict=True)):
        name = column[0]
        kind = uses[0][i].instance.layer
        good = len(set(column)) == 1 and name.isidentifier() and name not in result
        result.append(name if good and not automatic_name(name, type(kind).__name__) else "")
    return result


def common_prefix(names: Sequence[str]) -> str:
    """Return the words that all names begin with, up to an underscore."""
    if not all(names):
        return ""
    first, last = min(names), max(names)
    same = next((i for i, c in enumerate(first) if c != last[i : i + 1]), len(first))
    return first[: first.rfind("_", 0, same) + 1]


def automatic_name(name: str, kind: str) -> bool:
    """Return whether a name is what Keras gives a layer without one: `conv2d_12`."""
    stems = f"{re.escape(snake_case(kind))}|{re.escape(kind.lower())}"
    return re.fullmatch(rf"({stems})(_\d+)?", name) is not None
