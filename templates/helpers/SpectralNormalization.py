class SpectralNormalization(nn.Module):
    """Divide a layer's weight by its largest singular value at every training step.

    As in Keras the layer's own weight is overwritten: the optimizer changes, and a file
    holds, the normalized one. `u` approximates the singular vector of the outputs,
    which are `size` along an axis of the weight, or of each channel there.
    """

    def __init__(
        self, layer: nn.Module, size: int, power_iterations: int = 1, axis: int = 0
    ) -> None:
        super().__init__()
        self.layer = layer
        self.power_iterations = power_iterations
        self.axis = axis
        self.register_buffer("u", torch.empty(1, size))

    @torch.no_grad()
    def normalize(self) -> None:
        weight = self.layer.weight
        u = self.u
        channels = weight.movedim(self.axis, 0).unflatten(0, (-1, u.shape[1]))
        matrix = channels.transpose(0, 1).flatten(1)
        for _ in range(self.power_iterations):
            v = u @ matrix
            v = v / v.norm()
            u = v @ matrix.T
            u = u / u.norm()
        sigma = v @ matrix.T @ u.T
        zero = (matrix == 0).all()  # nothing to divide by
        self.u.copy_(torch.where(zero, self.u, u))
        weight.copy_(torch.where(zero, weight, weight / sigma))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.layer(x)
        self.normalize()
        # A copy: another use of the layer in this step overwrites the weight.
        weight = {"weight": self.layer.weight.clone()}
        return torch.func.functional_call(self.layer, weight, (x,))
