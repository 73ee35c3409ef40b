def chosen(images: Tensor, chance: tuple[float, float]) -> Tensor:
    """Return which images to change (N, 1, 1, 1), each by a chance from a range."""
    chances = images.new_empty(len(images), 1, 1, 1).uniform_(*chance)
    return torch.rand_like(chances) < chances
