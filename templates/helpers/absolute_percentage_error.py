def absolute_percentage_error(y: Tensor, p: Tensor) -> Tensor:
    """Return the error of each prediction in percent of its target."""
    return 100 * ((y - p) / y.abs().clamp(min=1e-7)).abs()
