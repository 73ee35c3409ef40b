class MixUp(nn.Module):
    """Blend each image of a batch with another one, and its label alike.

    Takes images, and labels (N, classes) if any; returns as many. The share that an
    image keeps is drawn from Beta(alpha, alpha).
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, images: Tensor, *labels: Tensor) -> tuple[Tensor, ...]:
        if not self.training:
            return images, *labels
        other, share = self.draw(images)
        mixed = []
        for values in (images, *labels):
            kept = share.to(values.dtype).view(-1, *[1] * (values.ndim - 1))
            mixed.append(kept * values + (1 - kept) * values[other])
        return tuple(mixed)

    def draw(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return for each image the index of another, and the share that it keeps."""
        other = torch.randperm(len(images), device=images.device)
        alpha = images.new_full((len(images),), self.alpha)
        shares = torch.distributions.Beta(alpha, alpha, validate_args=False)
        return other, shares.sample()
