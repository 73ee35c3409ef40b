def region_counts(
    y: Tensor,
    p: Tensor,
    classes: int,
    weight: Tensor | None = None,
    ignore: int | None = None,
) -> Tensor:
    """Return the numbers of right predictions, of predictions, of targets per class.

    With weights it adds those up.
    """
    y, p = y.flatten().long(), p.flatten().long()
    inside = (y >= 0) & (y < classes) & (p >= 0) & (p < classes)
    if ignore is not None:
        inside &= y != ignore
    # What does not count goes to a row of its own, which is cut off.
    index = torch.stack((torch.where(y == p, y, classes), p, y))
    index = torch.where(inside, index, classes)
    index += torch.arange(3, device=y.device)[:, None] * (classes + 1)
    each = torch.ones(len(y), device=y.device) if weight is None else weight.flatten()
    counts = torch.zeros(3 * (classes + 1), dtype=each.dtype, device=y.device)
    counts.index_add_(0, index.flatten(), each.repeat(3))
    return counts.view(3, -1)[:, :-1].flatten()
