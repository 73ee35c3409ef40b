class MaskableBatchRenorm(MaskedBatchRenorm):
    """Batch renormalization of dim 1 whose statistics leave out what may be masked."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return BatchRenorm.forward(self, x)
        return super().forward(x, mask)
