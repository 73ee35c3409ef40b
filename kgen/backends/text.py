"""Text in a script: the layers that number it before the model, and those that make it behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kgen.backends.templates import render
from kgen.ir.shapes import TensorType
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import Lowered, ScriptNames
from kgen.passes.text import TextSplit, learning
from kgen.torch_ir import MODULE_ATTRIBUTES, Line, Names, render_lines


@dataclass(frozen=True)
class TextFront:
    """What stands before a model that text enters.

    Args:
        init: Statements of the model's `__init__` that make its modules.
        method: The model's method `encode`, which turns text into numbers.
        inputs: The variables of its arguments, the inputs of the whole.
        kinds: Their types.
        adapting: Statements of `main` that learn vocabularies.
        modules: Of its layer objects, by uid.
    """

    init: tuple[Line, ...]
    method: str
    inputs: tuple[str, ...]
    kinds: tuple[TensorType, ...]
    adapting: tuple[Line, ...]
    modules: Mapping[int, str]


@dataclass(frozen=True)
class TextBack:
    """What stands behind a model that returns text.

    Args:
        init: Statements of the model's `__init__` that make its modules.
        method: The model's method `decode`, which turns outputs into arrays with text.
        modules: Of its layer objects, by uid.
    """

    init: tuple[Line, ...]
    method: str
    modules: Mapping[int, str]


def own_attributes(split: TextSplit) -> Names | None:
    """Return the names that attributes of the model cannot have, None where there is no text."""
    methods = {"encode": split.front, "decode": split.back}
    made = {name for name, part in methods.items() if part is not None}
    return Names({*MODULE_ATTRIBUTES, *made}) if made else None


def text_front(split: TextSplit, names: ScriptNames, attributes: Names | None) -> TextFront | None:
    """Return what stands before a model, None where no text enters it."""
    front = split.front
    if front is None:
        return None
    lowered = lower_graph(front, "Model", names, attributes=attributes)
    inputs = lowered.definition.inputs
    learnt = {}
    for node in learning(front):
        place = front.graph.inputs.index(node.node.inputs[0][0])
        learnt[lowered.modules[node.node.instance.uid]] = place
    adapting = [Line(f"model.{m}.adapt(train_arrays[{i}])") for m, i in learnt.items()]
    return TextFront(
        lowered.definition.init,
        method(lowered, inputs),
        inputs,
        tuple(front.input_types),
        tuple(adapting),
        lowered.modules,
    )


def text_back(split: TextSplit, names: ScriptNames, attributes: Names | None) -> TextBack | None:
    """Return what stands behind a model, None where it returns no text."""
    back = split.back
    if back is None:
        return None
    lowered = lower_graph(back, "Model", names, attributes=attributes)
    definition = lowered.definition
    single = len(definition.inputs) == 1
    made = render(
        "sections/decode.py.j2",
        arguments=", ".join(f"{x}: Tensor" for x in definition.inputs),
        returns="np.ndarray" if single else "tuple[np.ndarray, ...]",
        body=render_lines(list(definition.forward), 2),
    )
    return TextBack(definition.init, made, lowered.modules)


def method(lowered: Lowered, inputs: tuple[str, ...]) -> str:
    """Return the method `encode` as text."""
    others = Names(set(inputs)).new("others")
    *body, last = lowered.definition.forward
    last = replace(last, code=f"{last.code}, *{others}")
    return render(
        "sections/encode.py.j2",
        arguments=", ".join(f"{x}: np.ndarray" for x in inputs),
        others=others,
        body=render_lines([*body, last], 2),
    )


def with_text(model: Lowered, front: TextFront | None, back: TextBack | None) -> Lowered:
    """Return the class of a model with what stands before it and behind it."""
    definition = model.definition
    init = (*(front.init if front else ()), *definition.init, *(back.init if back else ()))
    methods = "\n".join(part.method for part in (front, back) if part is not None)
    return replace(model, definition=replace(definition, init=init, extra=methods))


def adapting_lines(front: TextFront, checkpoint: str) -> list[Line]:
    """Return the statements of `main` that learn vocabularies, or find them again."""
    if not front.adapting:
        return []
    return [
        Line("if os.path.exists(cfg.checkpoint):"),
        Line(f'load_checkpoint({checkpoint}, {{"model": model}})', "its vocabulary", depth=1),
        Line("elif not cfg.weights:"),
        *(replace(line, depth=1) for line in front.adapting),
    ]


def encoding(arrays: str) -> str:
    """Return the expression of arrays in which text has become numbers."""
    return f"model.encode(*{arrays})"
