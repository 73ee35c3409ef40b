def right_shift(x: Tensor, bits: int) -> Tensor:
    """Shift 64-bit integers as if they had no sign: zeros come in on the left."""
    return x >> bits & (1 << 64 - bits) - 1
