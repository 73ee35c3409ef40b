"""Running what a data source emits, as the generated script would."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import kgen.catalogue.layers  # noqa: F401  registers the layers of chains
from kgen.backends.assemble import imports_for, with_helpers
from kgen.catalogue.families import LAYERS, SOURCES
from kgen.catalogue.sources import Source, SourceCode, Wanted
from kgen.ir.build import LayerValue, chain, layer_value
from kgen.ir.shapes import TensorType
from kgen.source import Span
from kgen.torch_ir import render_lines

Array = Any
Loaded = tuple[tuple[Array, ...], tuple[Array, ...]]


def layers(*calls: tuple[str, dict[str, Any]]) -> LayerValue:
    """Return a chain from names and arguments."""
    values = []
    for name, arguments in calls:
        cls = LAYERS.find(name)
        assert cls is not None, name
        entry = cls(called_as=name, **arguments)
        values.append(layer_value(entry, Span(0, 0)))  # type: ignore[arg-type]
    return chain(values)


def source(name: str, **arguments: Any) -> Source:
    """Return a data source by its name in a spec."""
    cls = SOURCES.find(name)
    assert cls is not None, name
    made = cls(called_as=name, **arguments)
    assert isinstance(made, Source)
    return made


def wanted(
    inputs: Sequence[tuple[Any, ...] | TensorType] | tuple[int | None, ...],
    target: tuple[int | None, ...] | None = (10,),
    labels: str = "one_hot",
    classes: int = 10,
    vocabulary: int = 0,
) -> Wanted:
    """Return what a model with one input and one output wants."""
    kind = inputs if isinstance(inputs, TensorType) else TensorType(tuple(inputs))  # type: ignore[arg-type]
    if target is None:
        return Wanted((("x", kind),), (), (), (), (vocabulary,))
    dtype = "int64" if labels == "index" else "float32"
    return Wanted(
        (("x", kind),), (("y", TensorType(target, dtype)),), (labels,), (classes,), (vocabulary,)
    )


def load(made: Source, want: Wanted, **settings: Any) -> tuple[Loaded, SourceCode]:
    """Run a source's code with the settings of a command line; return what it loads."""
    code = made.lower(want)
    body = "def load_data(cfg):\n" + render_lines(code.body, 1) + "\n"
    text = "\n\n".join(with_helpers([body], code.imports))
    text = imports_for(text, code.imports) + "\n\n" + text
    space: dict[str, Any] = {}
    exec(compile(text, "load_data", "exec"), space)
    values = {option.name: eval(option.default) for option in code.options}
    cfg = SimpleNamespace(**{"weights": "", "save": "", **values, **settings})
    loaded = space["load_data"](cfg)
    check(loaded, code)
    return loaded, code


def check(loaded: Loaded, code: SourceCode) -> None:
    """Check what every source promises of its arrays."""
    train, test = loaded
    assert len(train) == len(code.raw)
    assert len(test) == (len(code.raw) if code.has_test else 0)
    for part in (train, test):
        assert len({len(a) for a in part}) <= 1
        for array, kind in zip(part, code.raw, strict=bool(part)):
            sizes = zip(array.shape[1:], kind.shape, strict=True)
            assert all(have == size or size is None for have, size in sizes), (array.shape, kind)
            assert array.dtype.kind in "biuf"
            assert array.flags.writeable  # torch warns of arrays that are not


def refused(made: Source, want: Wanted, **settings: Any) -> str:
    """Run a source's code that must end the program; return the message."""
    try:
        load(made, want, **settings)
    except SystemExit as end:
        assert isinstance(end.code, str)
        return end.code
    raise AssertionError("it loaded")
