def masked_rnn(
    rnn: nn.Module, x: Tensor, mask: Tensor, state: tuple | Tensor | None = None
) -> Tensor:
    """Run an RNN over the steps where mask is True; return its output at every step.

    As in Keras a skipped step repeats the output before it, and is zero before the
    first valid one. The valid steps move to the front, so that the fast RNN sees a
    plain sequence; what it makes of the rest is never used. Any mask works.
    """
    order = mask.byte().argsort(dim=1, descending=True, stable=True)
    y, _ = rnn(x.gather(1, order[..., None].expand_as(x)), state)
    steps = mask.cumsum(1)[..., None]  # valid steps so far
    y = y.gather(1, (steps - 1).clamp(min=0).expand_as(y))
    return torch.where(steps > 0, y, 0)
