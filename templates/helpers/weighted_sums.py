def weighted_sums(values: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted sum of the means of what has a weight; the sum of weights."""
    means = values.reshape(*weight.shape, -1).double().mean(-1)
    return torch.stack(((means * weight).sum(), weight.double().sum()))
