def largest(p: Tensor) -> Tensor:
    """Return a mask of each sample's largest output, unless that is zero."""
    return (p == p.amax(-1, keepdim=True)) & (p.abs() > 1e-9)
