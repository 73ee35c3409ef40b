class ScoredGroupQueryAttention(GroupQueryAttention, ScoredMultiHeadAttention):
    """Grouped-query attention that returns its weights (N, heads, T, S) too."""
