def weighted_counts(predicted: Tensor, actual: Tensor, weight: Tensor) -> Tensor:
    """Return the weights of true positives, predicted positives, positives, and all."""
    masks = (predicted & actual, predicted, actual, torch.ones_like(actual))
    return torch.stack([(mask * weight).sum() for mask in masks])
