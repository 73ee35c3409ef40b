class GroupNorm(nn.GroupNorm):
    """nn.GroupNorm, safe on a CPU.

    There torch's backward crashes for images (channels last) that need no gradient.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.requires_grad else x.contiguous())
