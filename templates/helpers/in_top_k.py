def in_top_k(classes: Tensor, scores: Tensor, k: int) -> Tensor:
    """Return whether each class is among its sample's `k` best (ties count)."""
    right = scores.gather(-1, classes.unsqueeze(-1)).squeeze(-1)
    return right >= scores.topk(k).values[..., -1]
