def weighted_sums(values: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted sum of the means of samples, and the sum of the weights."""
    means = values.reshape(len(weight), -1).double().mean(1)
    return torch.stack(((means * weight).sum(), weight.double().sum()))
