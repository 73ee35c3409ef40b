def he_normal_(weight: Tensor, generator: torch.Generator | None = None) -> None:
    """Fill as Keras' he_normal: variance 2 / fan_in, cut at two sigma."""
    truncated_normal_(weight, 2 / weight[0].numel(), generator)
