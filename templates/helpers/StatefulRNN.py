class StatefulRNN(nn.Module):
    """An RNN whose state lives on from batch to batch, until `reset_states()`.

    The state is no weight and not in `state_dict()`. `states()` lists its tensors, each
    (1, N, U), for a checkpoint; `set_states()` puts such a list back.
    """

    def __init__(self, rnn: nn.Module, batch_size: int, parts: int) -> None:
        super().__init__()
        self.rnn = rnn
        self.names = ("h", "c")[:parts]
        for name in self.names:
            zeros = torch.zeros(1, batch_size, rnn.hidden_size)
            self.register_buffer(name, zeros, persistent=False)

    @property
    def state(self) -> tuple[Tensor, ...] | Tensor:
        """The state as the RNN takes it."""
        parts = tuple(self.states())
        return parts if len(parts) > 1 else parts[0]

    def keep(self, state: tuple[Tensor, ...] | Tensor) -> None:
        """Start the next batch from this state; no gradient flows back through it."""
        self.set_states(state if isinstance(state, tuple) else (state,))

    def states(self) -> list[Tensor]:
        return [getattr(self, name) for name in self.names]

    def set_states(self, states: Iterable[Tensor]) -> None:
        for name, value in zip(self.names, states):
            setattr(self, name, value.detach())

    def reset_states(self) -> None:
        self.set_states(torch.zeros_like(s) for s in self.states())
