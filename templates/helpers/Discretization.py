class Discretization(nn.Module):
    """Number the bin that each value falls in, as `numpy.digitize` does.

    Boundaries that the code gives are not saved with the weights (`persistent`).
    """

    def __init__(
        self,
        boundaries: Tensor,
        epsilon: float = 0.01,
        encode: nn.Module | None = None,
        persistent: bool = True,
    ) -> None:
        super().__init__()
        self.register_buffer("boundaries", boundaries, persistent)
        self.epsilon = epsilon
        self.encode = encode

    @torch.no_grad()
    def adapt(self, x: Tensor) -> None:
        """Make bins of about as many elements of `x`, all the training data, each."""
        values = np.sort(x.cpu().numpy().astype(np.float32), axis=None)
        step = max(len(values) * self.epsilon, 1)
        values = values[int(step - 1) :: int(step)]
        values, weights = self.quantiles(
            values, np.full_like(values, step), self.epsilon
        )
        bins = len(self.boundaries) + 1
        values, _ = self.quantiles(values, weights, 1 / bins)
        # Fewer values than bins leave bins beyond all values.
        self.boundaries.fill_(math.inf)
        self.boundaries[: len(values) - 1] = torch.from_numpy(values[:-1])

    def quantiles(
        self, values: np.ndarray, weights: np.ndarray, epsilon: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values that split others into shares of `epsilon`, and weights."""
        if len(values) * epsilon < 1:
            return values, weights
        shares = epsilon + np.arange(0.0, 1.0, epsilon)
        total = weights.cumsum()
        values = np.interp(shares, total / total[-1], values)
        weights = np.diff(np.interp(shares, total / total[-1], total), prepend=0)
        return values.astype(np.float32), weights.astype(np.float32)

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.boundaries.dtype)
        number = torch.bucketize(x, self.boundaries, out_int32=True, right=True)
        return number if self.encode is None else self.encode(number)
