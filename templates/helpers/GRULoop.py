class GRULoop(RecurrentLoop):
    """A GRU with any activations and with dropout on its recurrent input."""

    gates = 3  # update, reset, candidate: Keras' order

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
            input_size, hidden_size, bias, bias, dropout, recurrent_dropout
        )
        self.activation = activation
        self.recurrent_activation = recurrent_activation

    def step(self, inputs: Tensor, h: Tensor, keep: Tensor | None) -> list[Tensor]:
        x_z, x_r, x_n = inputs.chunk(3, dim=-1)
        h_z, h_r, h_n = self.recur(h, keep).chunk(3, dim=-1)
        z = self.recurrent_activation(x_z + h_z)
        r = self.recurrent_activation(x_r + h_r)
        n = self.activation(x_n + r * h_n)
        return [z * h + (1 - z) * n]
