class ModelCheckpoint:
    """Keras' ModelCheckpoint: save the weights of every epoch, or of the best."""

    def __init__(
        self,
        path: str,
        monitor: str = "",
        mode: str = "min",
        best: float | None = None,
        verbose: bool = False,
    ) -> None:
        self.path, self.monitor, self.mode = path, monitor, mode
        self.best, self.verbose = best, verbose

    def update(self, model: nn.Module, epoch: int, logs: dict[str, float]) -> None:
        """Save the weights unless the monitored value did not improve."""
        value = logs.get(self.monitor)  # None without validation: it saves
        if value is not None:
            if not improves(value, self.best, self.mode):
                if self.verbose:
                    what = f"{self.monitor} did not improve from {self.best}"
                    print(f"Epoch {epoch + 1}: {what}")
                return
            self.best = value
        path = self.path.format(epoch=epoch + 1, **logs)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        save_weights(model, path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved the weights to {path}")

    def state_dict(self) -> dict[str, Any]:
        """Return what continuing the training takes."""
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        self.best = state["best"]
