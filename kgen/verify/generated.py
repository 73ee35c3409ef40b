"""The generated side: a script as a module, and its model with every layer's result shown."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import ModuleType

import torch

from kgen.backends.assemble import imports_for, with_helpers
from kgen.backends.classes import class_texts
from kgen.backends.script import Script
from kgen.ir.model import TypedGraph
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import ScriptNames
from kgen.torch_ir import class_names

_modules = count()


@contextmanager
def in_float64() -> Iterator[None]:
    """Let torch make float64 of what has no precision of its own, such as `integers * 0.5`."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def doubled(text: str) -> str:
    """Return a script whose casts to real numbers are to float64."""
    return text.replace(".float()", ".double()")


def load_script(text: str, folder: Path) -> ModuleType:
    """Import a generated script, which is written into a folder."""
    name = f"generated_{next(_modules)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    before = torch.get_default_dtype()  # a script in float64 sets it for all of the process
    try:
        spec.loader.exec_module(module)
    finally:
        torch.set_default_dtype(before)
        del sys.modules[name]
    return module


def watched_model(typed: TypedGraph, fused: frozenset[int]) -> Script:
    """Return the classes of a script, its model calling `__watch__` with what layers return.

    The calls are in the order of `reference.visits`, one for each output of a layer, with None
    for an output that the script does not compute.
    """
    names = ScriptNames(class_names())
    model = lower_graph(typed, "Model", names, fused=fused, watched=True)
    sections = ["__watch__ = [].append", *class_texts(names, model.definition)]
    parts = with_helpers(sections)
    return Script("\n\n".join([imports_for(parts), *parts]), model.weights)
