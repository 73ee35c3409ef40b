def ctc_loss(symbols: Tensor, logits: Tensor) -> Tensor:
    """Return each sample's CTC loss, not divided by its length; blank is symbol 0."""
    steps, lengths = logits.shape[1], (symbols != 0).sum(-1)
    log_p = logits.transpose(0, 1).log_softmax(-1)
    return F.ctc_loss(
        log_p, symbols, torch.full_like(lengths, steps), lengths, reduction="none"
    )
