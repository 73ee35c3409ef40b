def top_k_mask(scores: Tensor, k: int) -> Tensor:
    """Return a mask of the `k` largest scores of each sample."""
    mask = torch.zeros_like(scores, dtype=torch.bool)
    return mask.scatter(-1, scores.topk(k).indices, True)
