def log_cosh(error: Tensor) -> Tensor:
    """Return log(cosh(error)) in a form that does not overflow."""
    return error + F.softplus(-2 * error) - math.log(2)
