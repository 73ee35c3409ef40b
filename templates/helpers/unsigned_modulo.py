def unsigned_modulo(x: Tensor, n: int) -> Tensor:
    """Return `x % n` of 64-bit integers taken as numbers without a sign."""
    return (right_shift(x, 1) % n * 2 + (x & 1)) % n
