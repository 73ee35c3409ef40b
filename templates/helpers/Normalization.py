class Normalization(nn.Module):
    """`(x - mean) / sqrt(variance)` with fixed statistics.

    Statistics that the code gives are not saved with the weights (`persistent`).
    """

    def __init__(self, mean: Tensor, variance: Tensor, persistent: bool = True) -> None:
        super().__init__()
        self.register_buffer("mean", mean, persistent)
        self.register_buffer("variance", variance, persistent)

    @torch.no_grad()
    def adapt(self, x: Tensor) -> None:
        """Take the statistics from `x`, all the training data."""
        axes = [1] * (x.ndim - self.mean.ndim) + list(self.mean.shape)
        dims = [dim for dim, size in enumerate(axes) if size == 1]
        x = x.to(self.mean.dtype)
        variance, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
        self.mean.copy_(mean.view(self.mean.shape))
        self.variance.copy_(variance.view(self.mean.shape))

    def std(self) -> Tensor:
        return self.variance.sqrt().clamp(min=1e-7)  # Keras' floor

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std()
