class SwapEMAWeights:
    """Keras' SwapEMAWeights: exchange the parameters for their moving averages."""

    def __init__(self, optimizers: list[Any]) -> None:
        self.optimizers, self.swapped = optimizers, False

    def swap(self) -> None:
        """Exchange the parameters and the averages."""
        for optimizer in self.optimizers:
            kept = optimizer.params.clone()
            optimizer.params.copy_(optimizer.average)
            optimizer.average.copy_(kept)
        self.swapped = not self.swapped

    def keep(self) -> None:
        """Let the averages that are in the model be the averages, too."""
        if self.swapped:
            for optimizer in self.optimizers:
                optimizer.average.copy_(optimizer.params)

    def state_dict(self) -> dict[str, Any]:
        """Return what continuing the training takes."""
        return {"swapped": self.swapped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        self.swapped = state["swapped"]
