def weighted_region_counts(
    y: Tensor, p: Tensor, weight: Tensor, classes: int, ignore: int | None = None
) -> Tensor:
    """Return the weights of right predictions, of predictions, of targets per class."""
    y, p = y.flatten().long(), p.flatten().long()
    inside = (y >= 0) & (y < classes) & (p >= 0) & (p < classes)
    if ignore is not None:
        inside &= y != ignore
    # What does not count goes to a row of its own, which is cut off.
    index = torch.stack((torch.where(y == p, y, classes), p, y))
    index = torch.where(inside, index, classes)
    index += torch.arange(3, device=y.device)[:, None] * (classes + 1)
    sums = torch.zeros(3 * (classes + 1), dtype=weight.dtype, device=y.device)
    sums.index_add_(0, index.flatten(), weight.flatten().repeat(3))
    return sums.view(3, -1)[:, :-1].flatten()
