class AugMix(nn.Module):
    """Mix images (N, C, H, W) with several chains of random changes of them.

    A link of a chain is one of the changes, or none. The shares of the chains, and of
    the images themselves, are random, too (Hendrycks et al., 2020).
    """

    def __init__(
        self,
        chains: int,
        depth: int,
        alpha: float,
        value_range: tuple[float, float],
        *changes: nn.Module,
    ) -> None:
        super().__init__()
        self.chains, self.depth, self.alpha = chains, depth, alpha
        self.value_range = value_range
        self.changes = nn.ModuleList(changes)

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        alphas = torch.full((self.chains,), self.alpha)
        shares = torch.distributions.Dirichlet(alphas).sample().tolist()
        original = float(torch.distributions.Beta(self.alpha, self.alpha).sample())
        mixed = torch.zeros_like(images)
        for share in shares:
            changed = images
            for index in torch.randint(len(self.changes) + 1, (self.depth,)).tolist():
                if index < len(self.changes):
                    changed = self.changes[index](changed)
            mixed = mixed + share * changed
        mixed = original * images + (1 - original) * mixed
        return mixed.clamp(*self.value_range)
