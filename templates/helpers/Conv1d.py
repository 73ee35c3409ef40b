class Conv1d(nn.Conv1d):
    """nn.Conv1d by way of images of height 1: faster where memory holds (N, L, C)."""

    def forward(self, x: Tensor) -> Tensor:
        y = F.conv2d(
            x.unsqueeze(2),  # (N, C, 1, L)
            self.weight.unsqueeze(2),
            self.bias,
            (1, *self.stride),
            (0, *self.padding),
            (1, *self.dilation),
            self.groups,
        )
        return y.squeeze(2)
