class ReduceLROnPlateau:
    """Keras' ReduceLROnPlateau: lower the rate when a value improves no more."""

    def __init__(
        self,
        monitor: str,
        mode: str,
        factor: float,
        patience: int,
        min_delta: float,
        cooldown: int = 0,
        min_lr: float = 0.0,
        verbose: bool = False,
    ) -> None:
        self.monitor, self.mode, self.factor = monitor, mode, factor
        self.patience, self.min_delta, self.cooldown = patience, min_delta, cooldown
        self.min_lr, self.verbose = min_lr, verbose
        self.best: float | None = None
        self.wait = self.rest = 0

    def update(self, optimizers: list[Any], epoch: int, logs: dict[str, float]) -> None:
        """Take note of an epoch; lower the optimizers' rates when it is time to."""
        value = logs.get(self.monitor)
        if value is None:  # an epoch without validation
            return
        if self.rest > 0:
            self.rest -= 1
            self.wait = 0
        if improves(value, self.best, self.mode, self.min_delta):
            self.best, self.wait = value, 0
        elif self.rest == 0:
            self.wait += 1
            high = [o for o in optimizers if o.learning_rate > self.min_lr]
            if self.wait >= self.patience and high:
                self.wait, self.rest = 0, self.cooldown
                for optimizer in high:
                    rate = max(optimizer.learning_rate * self.factor, self.min_lr)
                    optimizer.learning_rate = rate
                    if self.verbose:
                        print(
                            f"Epoch {epoch + 1}: reducing the learning rate to {rate}."
                        )

    def state_dict(self) -> dict[str, Any]:
        """Return what continuing the training takes."""
        return {"best": self.best, "wait": self.wait, "rest": self.rest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        vars(self).update(state)
