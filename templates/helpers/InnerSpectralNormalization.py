class InnerSpectralNormalization(SpectralNormalization):
    """A normalization within another, which divides the same weight before."""

    @property
    def weight(self) -> Tensor:
        return self.layer.weight
