class MaskedBatchNorm(BatchNorm):
    """Batch normalization of dim 1 whose statistics leave masked elements out."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        dims = (0, *range(2, x.ndim))
        count = mask.expand_as(x).sum(dims, keepdim=True).to(x.dtype) + 1e-7  # as Keras
        mean = torch.where(mask, x, 0).sum(dims, keepdim=True) / count
        var = torch.where(mask, x - mean, 0).square().sum(dims, keepdim=True) / count
        rate = 1 - self.momentum
        self.running_mean.lerp_(mean.detach().flatten(), rate)
        self.running_var.lerp_(var.detach().flatten(), rate)
        scale = torch.rsqrt(var + self.eps) * self.weight.view(mean.shape)
        return (x - mean) * scale + self.bias.view(mean.shape)
