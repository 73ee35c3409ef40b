def truncated_normal_(
    weight: Tensor, variance: float, generator: torch.Generator | None = None
) -> None:
    """Fill with a normal distribution of that variance, cut at two sigma."""
    # The cut takes variance away: start from a normal that is wider by as much.
    std = math.sqrt(variance) / 0.87962566103423978
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std, generator=generator)
