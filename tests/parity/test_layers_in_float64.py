"""Layers in float64 among others compute, bit by bit, as in a model that is in it as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgen.api import Check, check_text
from kgen.backends.script import render_script
from kgen.catalogue.policies import Policies
from kgen.verify.arrays import inputs_of, random_input
from tests.parity.oracle import load_script
from tests.parity.row import Row
from tests.saved.test_every_layer import one_for_each_layer

APART = Policies("float32", "float64", several=True)  # each layer is made in float64, and casts


def model_under(policies: Policies, check: Check, folder: Path) -> Any:
    assert check.typed is not None and check.plan is not None
    folder.mkdir()
    text = render_script(check.typed, replace(check.plan, policies=policies)).text
    model = load_script(text, folder).Model()
    return model if policies.several else model.double()


@pytest.mark.parametrize("row", one_for_each_layer("keras"))
def test_one_by_one_or_as_a_whole(row: Row, tmp_path: Path) -> None:
    fit = "" if "fit(" in row.spec else "\nfit(precision=pure_float64)"
    check = check_text(row.spec + fit)
    whole = model_under(Policies.named("pure_float64"), check, tmp_path / "whole")
    apart = model_under(APART, check, tmp_path / "apart")
    state = {k: v.float().double() if v.is_floating_point() else v for k, v in tensors(whole)}
    assert {k: v.dtype for k, v in tensors(apart) if "lora" not in row.spec} == (
        {k: v.dtype for k, v in tensors(whole) if "lora" not in row.spec}
    )
    rng = np.random.default_rng(2)
    assert check.typed is not None
    arrays = []
    for kind, reader in inputs_of(check.typed.graph):
        size = kind.batch or row.batch
        if row.inputs is not None:
            x = row.inputs(rng, (size, *kind.shape), kind)
        else:
            x = random_input(rng, kind, size, reader)
        arrays.append(torch.from_numpy(x.astype("float32") if x.dtype == np.float64 else x))
    for training in (False, True):
        one, other = (run(model, state, arrays, training) for model in (apart, whole))
        for a, b in zip(one, other, strict=True):
            assert a.dtype == b.dtype
            if "lora" in row.spec:  # its product is in float32
                torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
            else:
                assert torch.equal(a.nan_to_num(), b.nan_to_num())


def tensors(model: Any) -> list[tuple[str, torch.Tensor]]:
    return [(k, v) for k, v in model.state_dict().items() if torch.is_tensor(v)]


def run(model: Any, state: Any, arrays: Any, training: bool) -> tuple[torch.Tensor, ...]:
    model.load_state_dict(state, strict=False)
    model.train(training)
    torch.manual_seed(3)
    with torch.no_grad():
        found = model(*arrays)
    return found if isinstance(found, tuple) else (found,)
