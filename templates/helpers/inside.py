def inside(index: Tensor, size: int, fill_mode: str) -> Tensor:
    """Bring indices beyond the edges back inside, as a fill mode wants it."""
    if fill_mode == "wrap":  # a b c | a b c | a b c
        return index % size
    if fill_mode == "reflect":  # c b a | a b c | c b a
        index = index % (2 * size)
        return torch.minimum(index, 2 * size - 1 - index)
    return index.clamp(0, size - 1)  # a a a | a b c | c c c
