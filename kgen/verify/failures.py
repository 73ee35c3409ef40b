"""What Keras' torch backend cannot do itself, as a message in place of a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

ANSI = re.compile(r"\x1b\[[\d;]*m")
CALL = re.compile(r"Exception encountered when calling [^\n]*\n|Arguments received by .*", re.S)
LIMIT = 300  # characters of a message of Keras


class KerasFailure(Exception):
    """Keras cannot build, run or train a model: there is nothing to compare with."""


@contextmanager
def keras_side(action: str) -> Iterator[None]:
    """Report what fails in Keras as a `KerasFailure`: that it cannot `action` the model."""
    try:
        yield
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        said = " ".join(CALL.sub("", ANSI.sub("", str(error))).split())
        message = f"Keras' torch backend cannot {action} this model: {said[:LIMIT]}"
        raise KerasFailure(message) from error
