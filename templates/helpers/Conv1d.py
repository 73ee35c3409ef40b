class Conv1d(nn.Conv1d):
    """nn.Conv1d as a convolution of images of height 1: faster on (N, L, C) in memory."""

    def forward(self, x: Tensor) -> Tensor:
        stride, padding, dilation = (
            (1, *self.stride),
            (0, *self.padding),
            (1, *self.dilation),
        )
        image, kernel = x.unsqueeze(2), self.weight.unsqueeze(2)
        y = F.conv2d(image, kernel, self.bias, stride, padding, dilation, self.groups)
        return y.squeeze(2)
