class ConvLSTM(nn.Module):
    """A convolutional LSTM (Shi et al., 2015) over sequences (N, T, C, ...).

    With dropout every gate has a mask of its own, the same at every step: the gates are
    then the four groups of both convolutions, which see their input four times.
    Where `mask` is False a step keeps the state and repeats the output before it (zeros
    before the first valid step).
    """

    def __init__(
        self,
        conv: nn.Module,
        recurrent: nn.Module,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        recurrent_activation: Callable[[Tensor], Tensor] = torch.sigmoid,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.conv = conv  # from the input to the gates: input, forget, cell, output
        self.recurrent = recurrent
        self.activation = activation
        self.recurrent_activation = recurrent_activation
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout

    def forward(
        self,
        x: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the outputs (N, T, filters, ...) and the last state (h, c)."""
        copies = self.conv.groups
        x = torch.cat([x] * copies, dim=2) if copies > 1 else x
        x = x * self.drop(x[:, 0], self.dropout)[:, None] if self.dropout else x
        gates = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        if state is None:
            zeros = torch.zeros_like(gates[:, 0]).chunk(4, dim=1)[0]
            state = zeros, zeros
        h, c = state
        keep = None
        if self.recurrent_dropout:
            keep = self.drop(torch.cat([h] * copies, 1), self.recurrent_dropout)

        outputs = []
        for t, step in enumerate(gates.unbind(1)):
            old = h, c
            h = torch.cat([h] * copies, 1) if copies > 1 else h
            h = h if keep is None else h * keep
            i, f, g, o = (step + self.recurrent(h)).chunk(4, dim=1)
            gate = self.recurrent_activation
            c = gate(f) * c + gate(i) * self.activation(g)
            h = gate(o) * self.activation(c)
            if mask is not None:
                valid = mask[:, t].view(-1, *[1] * (h.dim() - 1))
                h, c = torch.where(valid, h, old[0]), torch.where(valid, c, old[1])
            outputs.append(h)
        y = torch.stack(outputs, dim=1)
        if mask is not None:
            started = mask.cumsum(1) > 0
            y = torch.where(started.view(*started.shape, *[1] * (y.dim() - 2)), y, 0)
        return y, (h, c)

    def drop(self, x: Tensor, rate: float) -> Tensor:
        return F.dropout(torch.ones_like(x), rate, self.training)
