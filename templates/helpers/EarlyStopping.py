class EarlyStopping:
    """Keras' EarlyStopping: stop when a logged value does not improve any more."""

    def __init__(
        self,
        monitor: str,
        mode: str,
        min_delta: float = 0.0,
        patience: int = 0,
        baseline: float | None = None,
        restore_best: bool = False,
        start_from_epoch: int = 0,
        verbose: bool = False,
    ) -> None:
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.patience, self.baseline, self.restore_best = (
            patience,
            baseline,
            restore_best,
        )
        self.start_from_epoch, self.verbose = start_from_epoch, verbose
        self.best: float | None = None
        self.best_epoch = self.wait = self.stopped_epoch = 0
        self.weights: dict[str, Tensor] | None = None

    def update(self, model: nn.Module, epoch: int, logs: dict[str, float]) -> bool:
        """Take note of an epoch; return whether training should stop."""
        value = logs.get(self.monitor)  # None after an epoch without validation
        if value is None or epoch < self.start_from_epoch:
            return False
        self.wait += 1
        if improves(value, self.best, self.mode, self.min_delta):
            self.best, self.best_epoch = value, epoch
            if self.restore_best:
                self.weights = {k: v.clone() for k, v in model.state_dict().items()}
            if improves(value, self.baseline, self.mode, self.min_delta):
                self.wait = 0
            return False
        if self.wait < self.patience or epoch == 0:
            return False
        self.stopped_epoch = epoch
        return True

    def finish(self, model: nn.Module) -> None:
        """Restore the best weights, as Keras does even when nothing stopped early."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.weights is None:
            return
        if self.verbose:
            print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
        model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return what continuing the training takes."""
        names = ("best", "best_epoch", "wait", "stopped_epoch", "weights")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        vars(self).update(state)
