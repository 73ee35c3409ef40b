def positive_counts(predicted: Tensor, actual: Tensor) -> Tensor:
    """Return the numbers of true positives, predicted positives, positives, and all."""
    both, count = predicted & actual, torch.tensor(actual.numel(), device=actual.device)
    return torch.stack((both.sum(), predicted.sum(), actual.sum(), count))
