def masked_rnn_last(
    rnn: nn.Module, x: Tensor, mask: Tensor, state: tuple | Tensor | None = None
) -> Tensor:
    """Run an RNN over the steps where mask is True; return the output at the last.

    The valid steps move to the front, so that the fast RNN sees a plain sequence; what
    it makes of the rest is never used. Any pattern of the mask works, and a sample
    without a valid step gives zeros, as in Keras.
    """
    order = mask.byte().argsort(dim=1, descending=True, stable=True)
    y, _ = rnn(x.gather(1, order[..., None].expand_as(x)), state)
    steps = mask.sum(1)
    last = y[torch.arange(len(y), device=y.device), (steps - 1).clamp(min=0)]
    return torch.where(steps[:, None] > 0, last, 0)
