class Equalization(nn.Module):
    """Spread the values of each channel evenly, over all images (N, C, H, W)."""

    def __init__(self, value_range: tuple[float, float], bins: int = 256) -> None:
        super().__init__()
        self.value_range, self.bins = value_range, bins

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        channels = in_range(images, self.value_range, (0, 255)).transpose(0, 1)
        values = channels.flatten(1)  # (C, N * H * W)
        last = self.bins - 1
        number = (values * last / 255).int().clamp(0, last).long()
        counts = torch.zeros(len(values), self.bins, device=images.device)
        counts.scatter_add_(1, number, torch.ones_like(number, dtype=counts.dtype))
        below = counts.double().cumsum(1)  # exact for any number of pixels
        least = torch.where(below > 0, below, math.inf).amin(1, keepdim=True)
        spread = below[:, -1:] - least
        table = (below - least) * 255 / torch.where(spread == 0, 1, spread)
        table = table.round().clamp(0, 255).to(images.dtype)
        number = (values / 255 * last).clamp(0, last).long()
        equal = table.gather(1, number)
        single = (counts > 0).sum(1, keepdim=True) <= 1
        equal = torch.where(single, values, equal).view_as(channels)
        return in_range(equal.transpose(0, 1), (0, 255), self.value_range)
