class FrozenBatchRenorm(FrozenBatchNorm, BatchRenorm):
    """Batch renormalization by its moving averages, while training too."""
