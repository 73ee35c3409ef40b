class RandAugment(nn.Module):
    """Apply a few random ones of several changes to a batch of images (N, C, H, W)."""

    def __init__(self, count: int, *changes: nn.Module) -> None:
        super().__init__()
        self.count = count
        self.changes = nn.ModuleList(changes)

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        for index in torch.randint(len(self.changes), (self.count,)).tolist():
            images = self.changes[index](images)
        return images
