def class_counts(predicted: Tensor, actual: Tensor) -> Tensor:
    """Return per class the true positives, then the predicted, then the actual ones."""
    predicted = predicted.type_as(actual)
    both = predicted * actual
    return torch.cat((both.sum(0), predicted.sum(0), actual.sum(0)))
