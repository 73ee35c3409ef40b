def masked_rnn_state(
    rnn: nn.Module, x: Tensor, mask: Tensor, state: tuple | Tensor | None = None
) -> tuple[Tensor, tuple | Tensor]:
    """Run an RNN over the steps where mask is True; return outputs and last state.

    As in Keras a skipped step keeps the state and repeats the output before it (zeros
    before the first valid one). The valid steps move to the front, the rest is cut off.
    """
    order = mask.byte().argsort(dim=1, descending=True, stable=True)
    lengths = mask.sum(1)
    packed = nn.utils.rnn.pack_padded_sequence(
        x.gather(1, order[..., None].expand_as(x)),
        lengths.clamp(min=1).cpu(),
        batch_first=True,
        enforce_sorted=False,
    )
    y, new = rnn(packed, state)
    y, _ = nn.utils.rnn.pad_packed_sequence(
        y, batch_first=True, total_length=x.shape[1]
    )
    steps = mask.cumsum(1)[..., None]  # valid steps so far
    y = y.gather(1, (steps - 1).clamp(min=0).expand_as(y))
    y = torch.where(steps > 0, y, 0)

    # A sample without a valid step keeps the state that it came with.
    started = lengths[None, :, None] > 0
    if isinstance(new, tuple):
        old = (0, 0) if state is None else state
        return y, tuple(torch.where(started, n, o) for n, o in zip(new, old))
    return y, torch.where(started, new, 0 if state is None else state)
