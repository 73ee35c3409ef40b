def masked_mean(x: Tensor, mask: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Return the mean of the elements along `dim` that the mask keeps."""
    total = torch.where(mask, x, 0).sum(dim, keepdim)
    return total / mask.sum(dim, keepdim)
