def alpha_dropout(x: Tensor, ones: Tensor, rate: float) -> Tensor:
    """Alpha dropout with a mask of the shape of `ones`, which broadcasts over x."""
    saturated = -1.7580993408473766  # SELU far below zero: -alpha * scale
    keep = torch.rand_like(ones) >= rate
    a = ((1 - rate) * (1 + rate * saturated**2)) ** -0.5
    return a * torch.where(keep, x, saturated) - a * saturated * rate
