class MaskedBatchRenorm(BatchRenorm):
    """Batch renormalization of dim 1 whose statistics leave masked elements out."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        full = x.to(self.running_mean.dtype)  # not in the 16 bits of mixed precision
        return self.renormalize(full, *masked_moments(full, mask)).to(x.dtype)
