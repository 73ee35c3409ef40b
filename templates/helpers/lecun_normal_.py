def lecun_normal_(weight: Tensor, generator: torch.Generator | None = None) -> None:
    """Fill as Keras' lecun_normal: variance 1 / fan_in, cut at two sigma."""
    truncated_normal_(weight, 1 / weight[0].numel(), generator)
