class ScoredGatedMultiHeadAttention(GatedMultiHeadAttention, ScoredMultiHeadAttention):
    """Gated multi-head attention that returns its weights (N, heads, T, S) too."""
