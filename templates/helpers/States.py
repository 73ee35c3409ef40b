class States:
    """What stateful layers carry between batches: for a checkpoint, no weights."""

    def __init__(self, model: nn.Module) -> None:
        self.layers = [m for m in model.modules() if hasattr(m, "set_states")]

    def state_dict(self) -> dict[str, list[Tensor]]:
        return {str(i): layer.states() for i, layer in enumerate(self.layers)}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        for i, layer in enumerate(self.layers):
            device = layer.states()[0].device
            layer.set_states(part.to(device) for part in state[str(i)])
