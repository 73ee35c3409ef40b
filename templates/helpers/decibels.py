def decibels(power: Tensor, top: float, least: float, reference: float = 1.0) -> Tensor:
    """Return decibels, none more than `top` below the loudest of the batch."""
    loudness = 10 * power.clamp(min=least).log10() - 10 * math.log10(
        max(reference, least)
    )
    return torch.maximum(loudness, loudness.max() - top)
