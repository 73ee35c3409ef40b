"""Learning-rate schedules (`keras.optimizers.schedules`): the rate of update number `step`."""

from __future__ import annotations

from kgen.catalogue.base import Entry
from kgen.catalogue.families import SCHEDULES
from kgen.torch_ir import Line


class Schedule(Entry, abstract=True, family=SCHEDULES):
    """Base of schedules."""

    def lower(self) -> tuple[Line, ...]:
        """Return the body of the script's `learning_rate(step: int) -> float`, step from 0."""
        raise NotImplementedError(type(self).__name__)
