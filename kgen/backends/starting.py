"""The function of a script that gives weights the arrays of files, as `weights=` says."""

from __future__ import annotations

from collections.abc import Sequence

from kgen.backends.naming import attribute_path, comma, docstring
from kgen.backends.templates import py, render
from kgen.catalogue.initializers import Constant, arranged
from kgen.passes.lowered import Placed
from kgen.torch_ir import Line, render_lines

DOC = "Start from the arrays of files, which have the shapes of Keras' weights."


def starting_section(placed: Sequence[Placed]) -> str:
    """Return the function, "" where no weight starts from a file."""
    groups: dict[tuple[str, tuple[str, ...]], list[Placed]] = {}
    for p in placed:
        if p.files:
            groups.setdefault((p.group, p.files), []).append(p)
        elif isinstance(p.weight.initializer, Constant) and p.weight.initializer.file:
            groups[p.paths[0], (p.weight.initializer.file,)] = [p]
    lines: list[Line] = []
    for (_, files), weights in groups.items():
        lines += _layer(weights, files)
    if not lines:
        return ""
    function = render(
        "sections/function.py.j2",
        name="start_from_files",
        arguments="model: Model",
        returns="None",
        doc=docstring(DOC, 1),
        body=render_lines(lines, 1),
    )
    return f"@torch.no_grad()\n{function}"


def _layer(weights: Sequence[Placed], files: Sequence[str]) -> list[Line]:
    """Return the lines that read the arrays of a layer and write them into its tensors."""
    names = [p.weight.name for p in weights]
    if len(set(names)) < len(names) or not all(map(str.isidentifier, names)):
        names = [f"w{i}" for i in range(1, len(weights) + 1)]
    shapes = ", ".join(py(tuple(p.weight.shape)) for p in weights)
    read = f"initial_arrays({py(weights[0].layer)}, [{', '.join(map(py, files))}], {shapes})"
    lines = [Line(f"{comma(names)} = {read}")]
    for p, name in zip(weights, names, strict=True):
        targets = [attribute_path(path) for path in p.paths]
        array = arranged(name, p.weight)
        if len(targets) == 1:
            lines.append(Line(f"{targets[0]}.copy_({array})"))
            continue
        lines.append(Line(f"parts = {array}.chunk({len(targets)})"))
        lines += [Line(f"{t}.copy_(parts[{i}].view_as({t}))") for i, t in enumerate(targets)]
    return lines
