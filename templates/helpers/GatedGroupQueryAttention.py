class GatedGroupQueryAttention(GatedMultiHeadAttention, GroupQueryAttention):
    """Grouped-query attention whose heads the query scales."""
