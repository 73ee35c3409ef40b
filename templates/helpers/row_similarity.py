def row_similarity(matrix: Tensor) -> Tensor:
    """Return the mean absolute cosine between rows, 0 when all are orthogonal."""
    rows = F.normalize(matrix, dim=1)
    cosines = (rows @ rows.T).fill_diagonal_(0)
    return cosines.abs().sum() / (len(rows) * (len(rows) - 1))
