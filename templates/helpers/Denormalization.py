class Denormalization(Normalization):
    """`x * sqrt(variance) + mean`: undoes a normalization."""

    def forward(self, x: Tensor) -> Tensor:
        return x * self.std() + self.mean
