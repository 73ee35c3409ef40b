def positive_counts(predicted: Tensor, actual: Tensor) -> Tensor:
    """Return the numbers of true positives, predicted positives, positives, and all."""
    both, everything = predicted & actual, torch.ones_like(actual)
    return torch.stack([mask.sum() for mask in (both, predicted, actual, everything)])
