"""Times of each epoch inside a contender's process, handed to the driver as one line of JSON."""

import json
import time


class Clock:
    """Wall and CPU seconds per epoch, with the metrics that the contender itself reported."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.start()

    def start(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def lap(self, loss: float, accuracy: float) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        times = {"wall": wall - self.wall, "cpu": cpu - self.cpu}
        self.epochs.append(times | {"loss": float(loss), "accuracy": float(accuracy)})
        self.start()

    def report(self) -> None:
        print("\n" + json.dumps({"epochs": self.epochs}), flush=True)
