def glorot_uniform_(
    weight: Tensor,
    fan_in: int,
    fan_out: int,
    generator: torch.Generator | None = None,
) -> None:
    """Fill with Keras' glorot_uniform for the fans of its own kernel."""
    bound = math.sqrt(6 / (fan_in + fan_out))
    nn.init.uniform_(weight, -bound, bound, generator=generator)
