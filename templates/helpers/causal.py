def causal(query: Tensor, value: Tensor) -> Tensor:
    """Return (T, S): True where a step of value is not after the step of query."""
    shape = query.shape[1], value.shape[1]
    return torch.ones(shape, dtype=torch.bool, device=query.device).tril()
