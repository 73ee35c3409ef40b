def masked_moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of each channel, dim 1, without masked elements."""
    dims = (0, *range(2, x.ndim))
    count = mask.expand_as(x).sum(dims, keepdim=True).to(x.dtype) + 1e-7  # as Keras
    mean = torch.where(mask, x, 0).sum(dims, keepdim=True) / count
    var = torch.where(mask, x - mean, 0).square().sum(dims, keepdim=True) / count
    return mean, var
