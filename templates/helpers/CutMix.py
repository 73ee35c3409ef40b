class CutMix(nn.Module):
    """Put a box of another image into each image (N, C, H, W); blend labels by areas.

    Takes images, and labels (N, classes) if any; returns as many. The share that an
    image keeps is drawn from Beta(a, a), with one `a` out of a range for the batch.
    """

    def __init__(self, factor: tuple[float, float]) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, images: Tensor, *labels: Tensor) -> tuple[Tensor, ...]:
        if not self.training:
            return images, *labels
        other, starts, ends = self.draw(images)
        inside = []
        for size, start, end in zip(images.shape[2:], starts, ends):
            place = torch.arange(size, dtype=images.dtype, device=images.device)
            inside.append((place >= start[:, None]) & (place < end[:, None]))
        rows, columns = inside
        box = (rows[:, :, None] & columns[:, None, :])[:, None]
        height, width = ends - starts
        kept = (1 - width * height / (images.shape[2] * images.shape[3]))[:, None]
        mixed = [
            kept.to(y.dtype) * y + (1 - kept.to(y.dtype)) * y[other] for y in labels
        ]
        return torch.where(box, images[other], images), *mixed

    def draw(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return for each image the index of another one, and a box.

        The box begins at (2, N) and ends before (2, N), rows and columns.
        """
        n, _, height, width = images.shape
        a = images.new_empty(1).uniform_(*self.factor) + 1e-6
        share = torch.distributions.Beta(a, a, validate_args=False).sample((n,))
        sizes = images.new_tensor([[height], [width]])
        lengths = (1 - share).sqrt().view(1, n) * sizes
        starts = torch.rand_like(lengths) * (sizes - lengths)
        other = torch.randperm(n, device=images.device)
        return other, starts, starts + lengths
