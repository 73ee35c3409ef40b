"""The data section of a script: loading, preparing, augmenting."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.backends.adapting import adapting, with_adapting
from kgen.backends.classes import class_texts
from kgen.backends.naming import batched, comma, docstring, listed, replace_word
from kgen.backends.templates import render
from kgen.backends.text import TextFront
from kgen.ir.model import TypedGraph
from kgen.ir.plan import DataPlan
from kgen.ir.shapes import TensorType
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import Lowered, ScriptNames
from kgen.torch_ir import Line, render_lines


def data_section(
    data: DataPlan,
    inputs: tuple[str, ...],
    targets: tuple[str, ...],
    names: ScriptNames,
    front: TextFront | None = None,
) -> str:
    arrays = (*inputs, *targets)
    lines: list[Line] = []
    fitted: list[str] = []
    loaded = arrays[: len(data.code.raw)]
    for i, (name, raw, chain, final) in enumerate(
        zip(arrays, data.code.raw, data.prepare, data.types, strict=False)
    ):
        lines += prepare_lines(name, raw, chain, final, names, fitted, i in data.classes)
    read = (*front.inputs, *loaded[len(inputs) :]) if front else loaded
    returned = arrays if len(loaded) == len(arrays) else (*loaded, *[loaded[0]] * len(targets))
    weight = ["*weight"] if data.weights.train or data.weights.test else []
    return render(
        "sections/data.py.j2",
        doc=data.code.doc,
        parts=docstring(
            f"{'A training and a test part' if data.code.has_test else 'One part'},"
            f" of {listed([f'`{a}`' for a in read])}{weights_doc(data)}.",
            1,
        )
        .replace('"""', "")
        .rstrip(),
        body=render_lines(data.code.body, 1),
        unpack=comma((*loaded, *weight)),
        lines=render_lines(lines, 1),
        returned=comma((*returned, *weight)),
        fitted="\n".join(fitted),
        text=front is not None,
    )


def weights_doc(data: DataPlan) -> str:
    """Return what the docstring of `load_data` says of sample weights."""
    weights = data.weights
    if not weights.train and not weights.test:
        return ""
    both = (weights.train and weights.test) or not data.code.has_test
    part = "" if both else f" of the {'training' if weights.train else 'test'} part"
    return f", and the sample weights{part}"


def prepare_lines(
    name: str,
    raw: TensorType,
    chain: TypedGraph | None,
    final: TensorType,
    names: ScriptNames,
    fitted: list[str],
    classes: bool = False,
) -> list[Line]:
    """Return the statements that bring one array into its final form.

    Arrays of `classes` become int64 whatever integers they hold. Modules that keep statistics
    of the training data go to `fitted`, which outlives a call.
    """
    lines: list[Line] = []
    current = raw
    if chain is not None:
        lowered = lower_graph(chain, "Prepare", names)
        lines += chain_lines(
            lowered, name, [path for _, path in adapting(chain, lowered.weights)], fitted
        )
        current = chain.output_types[0]
    if (*current.shape, 1) == final.shape:
        lines.append(Line(f"{name} = {name}.unsqueeze(-1)", batched(final)))
    elif current.shape == (*final.shape, 1):
        lines.append(Line(f"{name} = {name}.squeeze(-1)", batched(final)))
    if current.dtype != final.dtype or classes:
        cast = {"float32": ".float()", "int64": ".long()", "int32": ".int()"}.get(final.dtype)
        if cast is not None:
            why = "cross_entropy takes classes: one-hot rows would be slower" if classes else ""
            lines.append(Line(f"{name} = {name}{cast}", why))
    return lines


def chain_lines(
    lowered: Lowered, name: str, adapted: Sequence[str], fitted: list[str]
) -> list[Line]:
    """Return a chain's forward as statements on one variable, its modules as variables."""
    source = lowered.definition.inputs[0]
    lines = []
    kept: dict[str, str] = {}  # adapted modules, of several chains perhaps, need unique names
    for line in lowered.definition.init:
        module, _, constructor = line.code.removeprefix("self.").partition(" = ")
        if module in adapted:
            taken = any(text.startswith(f"{module} = ") for text in fitted)
            kept[module] = f"{module}_{name}" if taken else module
            fitted.append(f"{kept[module]} = {constructor}")
            lines.append(Line(f"{kept[module]}.to(device)"))
        else:
            lines.append(Line(f"{module} = {constructor}.to(device)"))
    for line in lowered.definition.forward:
        code = line.code
        if code.startswith("return "):
            code = f"{source} = {code.removeprefix('return ')}"
        if code == f"{source} = {source}":
            continue
        code = replace_word(code.replace("self.", ""), source, name)
        for module, variable in kept.items():
            code = replace_word(code, module, variable)
        lines += with_adapting(code, name, list(kept.values()), line.depth, line.comment)
    return lines


def augmentation(
    data: DataPlan, inputs: tuple[str, ...], target: str, names: ScriptNames
) -> tuple[list[str], tuple[Line, ...]]:
    """Return the classes that augment training batches, and the statements that apply them.

    Args:
        data: The data.
        inputs: Variables of the model's inputs.
        target: The variable of the targets, where labels are mixed.
        names: The names of the script.
    """
    sections: list[str] = []
    lines: list[Line] = []
    for variable, chain in zip(inputs, data.augment, strict=False):
        if chain is None:
            continue
        name = "Augment" if not sections else f"Augment{len(sections) + 1}"
        lowered = lower_graph(chain, name, names, doc="Random changes to training batches.")
        sections += class_texts(ScriptNames(), lowered.definition)
        sections.append(f"{name.lower()} = {name}()\n")
        both = f"{variable}, {target}" if len(chain.graph.inputs) > 1 else variable
        lines.append(Line(f"{both} = {name.lower()}({both})"))
    return sections, tuple(lines)
