def glorot_normal_(weight: Tensor, generator: torch.Generator | None = None) -> None:
    """Fill with Keras' glorot_normal: variance 2 / (fan_in + fan_out), cut off."""
    fans = weight[0].numel() + weight[:, 0].numel()
    truncated_normal_(weight, 2 / fans, generator)
