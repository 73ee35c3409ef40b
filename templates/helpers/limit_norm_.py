def limit_norm_(
    weight: Tensor,
    dim: int | tuple[int, ...],
    min: float = 0.0,
    max: float = math.inf,
    rate: float = 1.0,
) -> None:
    """Scale the vectors along `dim` in place so that their lengths lie in a range."""
    norm = torch.linalg.vector_norm(weight, dim=dim, keepdim=True)
    # The small constant is Keras': it also shortens vectors that are within the range.
    weight.mul_(torch.lerp(norm, norm.clamp(min, max), rate) / (norm + 1e-7))
