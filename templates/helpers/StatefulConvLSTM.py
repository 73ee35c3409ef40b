class StatefulConvLSTM(ConvLSTM):
    """A ConvLSTM whose state lives on from batch to batch, until `reset_states()`.

    The state is no weight and not in `state_dict()`. `states()` lists its tensors for a
    checkpoint; `set_states()` puts such a list back.
    """

    def __init__(
        self,
        conv: nn.Module,
        recurrent: nn.Module,
        shape: tuple[int, ...],
        **options: Any,
    ) -> None:
        super().__init__(conv, recurrent, **options)
        for name in ("h", "c"):
            self.register_buffer(name, torch.zeros(shape), persistent=False)

    def forward(
        self,
        x: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        outputs, last = super().forward(x, state or (self.h, self.c), mask)
        self.set_states(last)
        return outputs, last

    def states(self) -> list[Tensor]:
        return [self.h, self.c]

    def set_states(self, states: Iterable[Tensor]) -> None:
        self.h, self.c = (s.detach() for s in states)  # no gradient flows back

    def reset_states(self) -> None:
        self.set_states(torch.zeros_like(s) for s in self.states())
