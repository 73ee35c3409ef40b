class RecurrentLoop(nn.Module):
    """Base of recurrent layers that go step by step, for what torch's own cannot do.

    Takes and returns what `nn.LSTM(batch_first=True)` or `nn.GRU` would. Where `mask`
    is False a step keeps the state and repeats the output before it (zeros before the
    first valid step). Dropout draws one mask for each gate, the same at every step.
    """

    gates = 1  # blocks of the first axis of the weights
    states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        recurrent_bias: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        rows = self.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows)) if bias else None
        self.bias_hh = nn.Parameter(torch.empty(rows)) if recurrent_bias else None

    def forward(
        self,
        x: Tensor,
        state: tuple[Tensor, ...] | Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...] | Tensor]:
        """Return the outputs (N, T, U) and the last state, each part (1, N, U)."""
        if state is None:
            state = (x.new_zeros(1, len(x), self.hidden_size),) * self.states
        parts = [
            s.squeeze(0) for s in (state if isinstance(state, tuple) else (state,))
        ]
        keep = None
        if self.recurrent_dropout and self.training:
            ones = x.new_ones(len(x), self.gates, self.hidden_size)
            keep = F.dropout(ones, self.recurrent_dropout)

        outputs = []
        for t, inputs in enumerate(self.project(x).unbind(1)):
            new = self.step(inputs, *parts, keep)
            if mask is not None:
                valid = mask[:, t, None]
                new = [torch.where(valid, n, old) for n, old in zip(new, parts)]
            parts = new
            outputs.append(parts[0])
        y = torch.stack(outputs, dim=1)
        if mask is not None:
            y = torch.where(mask.cumsum(1)[..., None] > 0, y, 0)
        parts = tuple(p.unsqueeze(0) for p in parts)
        return y, parts if self.states > 1 else parts[0]

    def project(self, x: Tensor) -> Tensor:
        """Return what the input adds to the gates of every step: (N, T, gates * U)."""
        if not (self.dropout and self.training):
            return F.linear(x, self.weight_ih, self.bias_ih)
        keep = F.dropout(x.new_ones(len(x), self.gates, x.shape[-1]), self.dropout)
        weight = self.weight_ih.unflatten(0, (self.gates, -1))
        y = torch.einsum("nti,ngi,gui->ntgu", x, keep, weight).flatten(2)
        return y if self.bias_ih is None else y + self.bias_ih

    def recur(self, h: Tensor, keep: Tensor | None) -> Tensor:
        """Return what the last output adds to the gates: (N, gates * U)."""
        if keep is None:
            return F.linear(h, self.weight_hh, self.bias_hh)
        weight = self.weight_hh.unflatten(0, (self.gates, -1))
        y = torch.einsum("ngu,gvu->ngv", h[:, None] * keep, weight).flatten(1)
        return y if self.bias_hh is None else y + self.bias_hh
