class LSTMLoop(RecurrentLoop):
    """An LSTM with any activations and with dropout on its recurrent input."""

    gates = 4  # input, forget, cell, output: the order of Keras and of torch
    states = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        recurrent_activation: Callable[[Tensor], Tensor] = torch.sigmoid,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__(
            input_size, hidden_size, bias, False, dropout, recurrent_dropout
        )
        self.activation = activation
        self.recurrent_activation = recurrent_activation

    def step(
        self, inputs: Tensor, h: Tensor, c: Tensor, keep: Tensor | None
    ) -> list[Tensor]:
        i, f, g, o = (inputs + self.recur(h, keep)).chunk(4, dim=-1)
        gate, activation = self.recurrent_activation, self.activation
        c = gate(f) * c + gate(i) * activation(g)
        return [gate(o) * activation(c), c]
