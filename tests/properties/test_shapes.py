"""Random well-shaped models: the script is valid, formatted, and computes the shapes promised."""

from __future__ import annotations

import ast
from typing import Any

import black
import torch
from hypothesis import Phase, given, settings

from kgen.api import build_text
from tests.properties.running import load, run_model
from tests.properties.specs import graphs


@settings(max_examples=20, phases=[Phase.generate])
@given(spec=graphs())
def test_shapes_are_those_inferred(spec: str) -> None:
    build = build_text(spec)
    ast.parse(build.script)
    assert black.format_str(build.script, mode=black.Mode()) == build.script
    batch = 3
    arrays = [torch.rand(batch, *t.shape) for t in build.typed.graph.input_types]  # type: ignore[arg-type]
    results = run_model(load(build.script), arrays)
    expected = [(batch, *t.shape) for t in build.typed.graph.output_types]
    assert [tuple(r.shape) for r in results] == expected
    assert all(torch.isfinite(r).all() for r in results)


def test_of_itself_a_spec_builds_the_same_twice() -> None:
    spec = "Input(4) -> Dense(3, relu) * 3 -> Dense(2)\n"
    builds: list[Any] = [build_text(spec).script for _ in range(2)]
    assert builds[0] == builds[1]
