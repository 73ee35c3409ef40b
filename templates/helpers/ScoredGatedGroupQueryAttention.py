class ScoredGatedGroupQueryAttention(
    GatedGroupQueryAttention, ScoredGroupQueryAttention
):
    """Gated grouped-query attention that returns its weights (N, heads, T, S) too."""
