def mean_of_positive(losses: Tensor) -> Tensor:
    """Return the mean over the samples that have a loss at all, 0 when none has."""
    return losses.sum() / (losses > 0).sum().clamp(min=1)
