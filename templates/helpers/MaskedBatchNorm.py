class MaskedBatchNorm(BatchNorm):
    """Batch normalization of dim 1 whose statistics leave masked elements out."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        mean, var = masked_moments(x, mask)
        rate = 1 - self.momentum
        self.running_mean.lerp_(mean.detach().flatten(), rate)
        self.running_var.lerp_(var.detach().flatten(), rate)
        scale = torch.rsqrt(var + self.eps) * self.weight.view(mean.shape)
        return (x - mean) * scale + self.bias.view(mean.shape)
