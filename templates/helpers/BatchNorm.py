class BatchNorm(nn.Module):
    """Batch normalization of dim 1 with Keras' moving averages.

    torch's own averages n / (n - 1) times the variance of a batch of n values.
    """

    def __init__(
        self, channels: int, momentum: float = 0.99, eps: float = 1e-3
    ) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean, var = self.running_mean, self.running_var
        if not self.training:
            return F.batch_norm(x, mean, var, self.weight, self.bias, eps=self.eps)
        n = x.numel() // x.shape[1]
        if n == 1:  # torch refuses a single value; a pair of it has the same statistics
            return self(x.expand(2, *x.shape[1:]))[:1]
        # Scaled before the update and back after it, the variance loses torch's factor.
        var = var * (n / (n - 1))
        rate = 1 - self.momentum
        y = F.batch_norm(x, mean, var, self.weight, self.bias, True, rate, self.eps)
        self.running_var.copy_(var * ((n - 1) / n))
        return y
