def near(query: Tensor, value: Tensor, window: int) -> Tensor:
    """Return (T, S): True where query and value are less than window steps apart."""
    t = torch.arange(query.shape[1], device=query.device)
    s = torch.arange(value.shape[1], device=query.device)
    return (t[:, None] - s).abs() < window
