class GRUResetBefore(RecurrentLoop):
    """A GRU whose reset gate acts before the recurrent matrix (`reset_after=False`).

    torch's GRU, like Keras' default, resets after it.
    """

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
            input_size, hidden_size, bias, False, dropout, recurrent_dropout
        )
        self.activation = activation
        self.recurrent_activation = recurrent_activation

    def step(self, inputs: Tensor, h: Tensor, keep: Tensor | None) -> list[Tensor]:
        x_z, x_r, x_n = inputs.chunk(3, dim=-1)
        w_z, w_r, w_n = self.weight_hh.chunk(3)
        kept = (h, h, h) if keep is None else (h[:, None] * keep).unbind(1)
        z = self.recurrent_activation(x_z + F.linear(kept[0], w_z))
        r = self.recurrent_activation(x_r + F.linear(kept[1], w_r))
        n = self.activation(x_n + F.linear(r * kept[2], w_n))
        return [z * h + (1 - z) * n]
