"""`verify`: the generated script against real Keras."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kgen.cli import saved
from kgen.cli.base import checked, cli, define_option, examples, fail, say, show, spec_argument

if TYPE_CHECKING:
    from kgen.api import Check

PACKAGES = ("numpy", "torch", "keras", "h5py")


@cli.command(
    epilog=examples(
        "kgen verify mlp.kdsl                 compare with Keras, 20 steps of training included",
        "kgen verify model.keras              with the weights of a saved model",
        "kgen verify resnet.kdsl --steps 3    a large model, in less time",
    )
)
@spec_argument
@define_option
@click.option(
    "--steps",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="How many steps of training to compare.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Samples in a batch, where SPEC does not fix it.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of weights, inputs and targets.",
)
def verify(
    spec: str, define: Sequence[tuple[str, Any]], steps: int, batch_size: int, seed: int
) -> None:
    """Compare the script of SPEC with real Keras, layer by layer.

    Both get the same weights and random data, in float64: outputs in inference and in training
    (without dropout), the gradients of all weights, and some steps with the optimizer and loss of
    SPEC. The table shows the largest differences; where one is more than rounding, the first layer
    that diverges is named, and the exit status is 1.

    SPEC may be a saved model: then its weights are used, and Keras loads it, too.
    """
    need_packages()
    check, given = read(spec, define)
    assert check.typed is not None and check.plan is not None
    from kgen.verify.compare import Settings, compare
    from kgen.verify.failures import KerasFailure
    from kgen.verify.keras import keras
    from kgen.verify.pair import Mismatch
    from kgen.verify.report import table, verdict

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about its own ways
        settings = Settings(steps, batch_size, seed, **given)
        try:
            result = compare(check.typed, check.plan, settings)
        except (Mismatch, KerasFailure) as failure:
            fail(str(failure))
        except ImportError as error:  # some layers need TensorFlow
            fail(f"Keras' torch backend cannot run this model: {error}")
    click.echo(f"{check.source.path} against Keras {keras.__version__}, largest differences:\n")
    click.echo(table(result, check.source))
    for note in result.notes:
        say(f"note: {note}")
    if result.first is not None:
        fail(verdict(result, check.source))
    click.echo(verdict(result, check.source))


def need_packages() -> None:
    """Fail unless Keras and what it takes are installed."""
    from importlib.util import find_spec

    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        fail(f"verify needs {', '.join(missing)}: pip install 'kgen[verify]'")


def read(spec: str, define: Iterable[tuple[str, Any]]) -> tuple[Check, dict[str, Any]]:
    """Return the checked model, and of a saved one its weights and what Keras makes of it."""
    model, where = None, None
    if saved.is_saved(spec):
        file = saved.open_path(spec)
        where = saved.weights_for(spec, file, None)
        model = saved.loaded(spec, define, file, where)
    check = checked(spec, define) if model is None else model.check
    show(check.source, check.diagnostics, sys.stderr)
    if check.errors or check.typed is None or check.plan is None:
        sys.exit(1)
    if model is None or where is None:
        return check, {}
    from kgen.api import build_checked
    from kgen.saved import arrays, in_order
    from kgen.verify.saved import load_saved, outputs_of, read_otherwise

    found = arrays(model, where)
    given: dict[str, Any] = {"weights": in_order(build_checked(check), found, learnt=False)}
    if model.saved is where:
        if other := read_otherwise(check.typed.graph.graph):
            say(f"note: Keras 3 takes {other} of older versions for its own: not compared with it")
        elif (theirs := load_saved(spec)) is not None:
            given["saved"] = partial(outputs_of, theirs)
        else:
            say("note: Keras does not load this file: it is compared with what kgen reads from it")
    return check, given
