class RNNLoop(RecurrentLoop):
    """A simple RNN with any activation and with dropout on its recurrent input."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__(
            input_size, hidden_size, bias, False, dropout, recurrent_dropout
        )
        self.activation = activation

    def step(self, inputs: Tensor, h: Tensor, keep: Tensor | None) -> list[Tensor]:
        return [self.activation(inputs + self.recur(h, keep))]
