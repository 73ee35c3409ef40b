class BatchRenorm(BatchNorm):
    """Batch renormalization of dim 1 (Ioffe, 2017).

    Training, too, shifts and scales each channel as averages say, which the gradient
    does not see: to it, the statistics are those of the batch.
    """

    def __init__(
        self,
        channels: int,
        momentum: float = 0.99,
        eps: float = 1e-3,
        *,
        renorm_momentum: float = 0.99,
        rmin: float = 0.0,
        rmax: float = math.inf,
        dmax: float = math.inf,
    ) -> None:
        super().__init__(channels, momentum, eps)
        self.renorm_momentum = renorm_momentum
        self.rmin, self.rmax, self.dmax = rmin, rmax, dmax
        self.register_buffer("running_std", torch.ones(channels))
        self.register_buffer("renorm_mean", torch.zeros(channels))
        self.register_buffer("renorm_std", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        dims = (0, *range(2, x.ndim))
        full = x.to(self.running_mean.dtype)  # not in the 16 bits of mixed precision
        var, mean = torch.var_mean(full, dims, correction=0, keepdim=True)
        return self.renormalize(full, mean, var).to(x.dtype)

    def renormalize(self, x: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        std = torch.sqrt(var + self.eps)
        r, d = self.correction(mean.detach().flatten(), std.detach().flatten())
        scale = (r * self.weight).view(mean.shape)
        shift = (d * self.weight + self.bias).view(mean.shape)
        return (x - mean) / std * scale + shift

    def correction(self, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        """Return the factor and the offset of the averages; update these."""
        kept = self.renorm_std.clamp(min=math.sqrt(self.eps))
        r = (std / kept).clamp(self.rmin, self.rmax)
        d = ((mean - self.renorm_mean) / kept).clamp(-self.dmax, self.dmax)
        self.renorm_mean.lerp_(mean, 1 - self.renorm_momentum)
        self.renorm_std.lerp_(std, 1 - self.renorm_momentum)
        self.running_mean.lerp_(mean, 1 - self.momentum)
        self.running_std.lerp_(std, 1 - self.momentum)
        self.running_var.copy_(F.relu(self.running_std.square() - self.eps))
        return r, d
