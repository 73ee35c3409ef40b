class RandomPerspective(nn.Module):
    """See random images (N, C, H, W) from another side: their corners move."""

    def __init__(
        self,
        chance: tuple[float, float],
        scale: float,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.chance, self.scale = chance, scale
        self.sampling = "constant", interpolation, fill_value

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        changed = chosen(images, self.chance)
        height, width = images.shape[2:]
        last = images.new_tensor([width - 1, height - 1])
        corners = images.new_tensor([[0, 0], [1, 0], [0, 1], [1, 1]]) * last
        shift = images.new_empty(len(images), 4, 2).uniform_(-0.5, 0.5) * self.scale
        moved = corners + corners * shift
        a = self.homography(moved, corners.expand_as(moved))[..., None, None]
        y = torch.arange(height, dtype=images.dtype, device=images.device)[:, None]
        x = torch.arange(width, dtype=images.dtype, device=images.device)
        scale = a[:, 6] * x + a[:, 7] * y + 1
        source_x = (a[:, 0] * x + a[:, 1] * y + a[:, 2]) / scale
        source_y = (a[:, 3] * x + a[:, 4] * y + a[:, 5]) / scale
        return torch.where(
            changed, sample(images, source_x, source_y, *self.sampling), images
        )

    def homography(self, points: Tensor, images: Tensor) -> Tensor:
        """Return coefficients (N, 8) that map four points (N, 4, 2) to their images."""
        x, y = points.unbind(-1)
        u, v = images.unbind(-1)
        one, zero = torch.ones_like(x), torch.zeros_like(x)
        rows = [
            torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], dim=-1),
            torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], dim=-1),
        ]
        return torch.linalg.solve(torch.cat(rows, dim=1), torch.cat([u, v], dim=1))
