class OuterSpectralNormalization(InnerSpectralNormalization):
    """Divides the weight at every training step before another normalization does."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.normalize()
        return self.layer(x)
