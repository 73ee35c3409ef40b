def orthogonalize(x: Tensor, steps: int, a: float, b: float, c: float) -> Tensor:
    """Bring the singular values of a matrix near 1, by Newton-Schulz iteration."""
    wide = x.T if x.shape[0] > x.shape[1] else x
    wide = wide / (torch.linalg.matrix_norm(wide) + 1e-7)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide.T if x.shape[0] > x.shape[1] else wide
