"""The rows of the optimizers once more in float32, the precision that scripts run in."""

from __future__ import annotations

from typing import Any

import pytest

from kgen.catalogue.families import OPTIMIZERS

from .optimizing import Images, Net, entry, keras_optimizer, keras_train, rendered, train
from .oracle import difference, precision, torch
from .test_optimizers import ROWS, WHOLE

# A step rounds in the seventh digit, and 100 steps amplify that: divided by the square root of a
# small mean square, some rows differ by 2e-5, of which Keras' distance from float64 is the most.
TOLERANCE = 1e-4


def single(cls: type[Any]) -> Any:
    """Return a network and its samples in float32."""
    net = cls().float()
    net.x = net.x.float() if net.x.is_floating_point() else net.x
    return net


@pytest.mark.parametrize(
    ("cls", "name", "values"),
    [(Net, *row) for row in ROWS] + [(Images, *row) for row in WHOLE],
    ids=lambda v: str(v)[:60],
)
def test_steps_in_float32(cls: type[Any], name: str, values: dict[str, Any]) -> None:
    net = single(cls)
    placed = net.placed() if cls is Images else ()
    optimizer = rendered(entry(OPTIMIZERS, name, values), placed)(net)
    train(net, optimizer)
    if hasattr(optimizer, "finalize"):
        optimizer.finalize()
    with precision("float32"):
        layouts = [p.weight.layout for p in placed]
        expected = keras_train(single(cls), keras_optimizer(name, values), layouts)
    for ours, theirs in zip(net.trainable(), expected, strict=True):
        assert ours.dtype == torch.float32 and theirs.dtype == "float32"
        assert difference(ours, theirs) < TOLERANCE
