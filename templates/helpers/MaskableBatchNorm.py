class MaskableBatchNorm(BatchNorm):
    """Batch normalization of dim 1 whose statistics leave out what may be masked."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if not self.training:
            return super().forward(x)
        full = x.to(self.running_mean.dtype)  # not in the 16 bits of mixed precision
        if mask is None:
            dims = (0, *range(2, x.ndim))
            var, mean = torch.var_mean(full, dims, correction=0, keepdim=True)
        else:
            mean, var = masked_moments(full, mask)
        rate = 1 - self.momentum
        self.running_mean.lerp_(mean.detach().flatten(), rate)
        self.running_var.lerp_(var.detach().flatten(), rate)
        scale = torch.rsqrt(var + self.eps) * self.weight.view(mean.shape)
        return ((full - mean) * scale + self.bias.view(mean.shape)).to(x.dtype)
