class HashedCrossing(nn.Module):
    """Number combinations of integers by a hash, as TensorFlow does.

    Args:
        bins: How many numbers there are.
        encode: What to make of the numbers.
    """

    def __init__(self, bins: int, encode: nn.Module | None = None) -> None:
        super().__init__()
        self.bins, self.encode = bins, encode

    def forward(self, *columns: Tensor) -> Tensor:
        factor = -0x395B586CA42E166B
        crossed = torch.full_like(columns[0].long(), 0xDECAFCAFFE)
        for column in columns:
            # Products leave 64 bits, as the algorithm wants it.
            column = column.long() * factor
            crossed = crossed ^ factor ^ (column ^ right_shift(column, 47)) * factor
            crossed = crossed * factor
            crossed = (crossed ^ right_shift(crossed, 47)) * factor
            crossed = crossed ^ right_shift(crossed, 47)
        number = unsigned_modulo(crossed, self.bins)
        return number if self.encode is None else self.encode(number)
