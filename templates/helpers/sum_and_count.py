def sum_and_count(values: Tensor) -> Tensor:
    """Return the sum of all values and their number, which add up over batches."""
    return torch.stack((values.sum(), values.new_full((), values.numel())))
