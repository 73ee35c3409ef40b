def weighted_class_counts(predicted: Tensor, actual: Tensor, weight: Tensor) -> Tensor:
    """Return per class the weights of true positives, of predicted, of actual ones."""
    predicted = predicted.type_as(actual)
    counted = (predicted * actual, predicted, actual)
    return torch.cat([(x * weight).sum(0) for x in counted])
