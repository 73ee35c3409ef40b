class SwapEMAWeights:
    """Keras' SwapEMAWeights: exchange the parameters for their moving averages."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.swapped = optimizer, False

    def swap(self) -> None:
        """Exchange the parameters and the averages."""
        params, average = self.optimizer.params, self.optimizer.average
        kept = params.clone()
        params.copy_(average)
        average.copy_(kept)
        self.swapped = not self.swapped

    def keep(self) -> None:
        """Let the averages that are in the model be the averages, too."""
        if self.swapped:
            self.optimizer.average.copy_(self.optimizer.params)

    def state_dict(self) -> dict[str, Any]:
        """Return what continuing the training takes."""
        return {"swapped": self.swapped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        self.swapped = state["swapped"]
