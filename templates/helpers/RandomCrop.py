class RandomCrop(nn.Module):
    """Cut one random window out of all images (N, C, H, W) of a training batch."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        height, width = images.shape[2:]
        if height > self.height and width > self.width:
            # Indices, not a slice: the start then stays on the device.
            row = torch.randint(height - self.height + 1, (1,), device=images.device)
            column = torch.randint(width - self.width + 1, (1,), device=images.device)
            rows = row + torch.arange(self.height, device=images.device)
            columns = column + torch.arange(self.width, device=images.device)
            return images[:, :, rows[:, None], columns]
        # Too small for a choice: the middle of the best proportion, then resized.
        best_height = max(min(height, int(float(width * self.height) / self.width)), 1)
        best_width = max(min(width, int(float(height * self.width) / self.height)), 1)
        row, column = (height - best_height) // 2, (width - best_width) // 2
        images = images[:, :, row : row + self.height, column : column + self.width]
        if images.shape[2:] == (self.height, self.width):
            return images
        size = (self.height, self.width)
        return F.interpolate(images, size, mode="bilinear", align_corners=False)
