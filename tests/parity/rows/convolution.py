"""Convolutions: sizes, strides, padding, dilation, groups, transposed and separable."""


def every_window(size: str, layer: str, options: list[str]) -> str:
    """Return a model with an output for each kernel size, stride and further option."""
    calls = [
        f"{layer}(2, {k}, {s}{more})"
        for k in range(1, 6)
        for s in range(1, 4)
        for more in options
        if s == 1 or "dilation" not in more
        if s > 1 or "output_padding=1" not in more
    ]
    lines = [f"y{i} = x -> {call}" for i, call in enumerate(calls)]
    outputs = f"outputs({', '.join(f'y{i}' for i in range(len(calls)))})"
    return "\n".join([f"x = Input({size}, 2)", *lines, outputs])


SAME = [", same", ", same, dilation_rate=2"]
TRANSPOSED = [
    f", {padding}{more}"
    for padding in ("valid", "same")
    for more in ("", ", dilation_rate=2", ", output_padding=0", ", output_padding=1")
]

ROWS = [
    *(every_window(size, "Conv1D", SAME) for size in ("11", "12", "None")),
    every_window("5", "Conv1DTranspose", TRANSPOSED),
    "Input(9, 3) -> Conv1D(4, 3)",
    "Input(10, 3) -> Conv1D(4, 3, 2, same, activation=relu)",
    "Input(10, 3) -> Conv1D(4, 4, padding=same)",
    "Input(10, 3) -> Conv1D(4, 3, padding=causal, dilation_rate=2)",
    "Input(10, 3) -> Conv1D(4, 3, strides=2, padding=causal, use_bias=False)",
    "Input(10, 4) -> Conv1D(6, 3, groups=2, padding=same)",
    "Input(None, 3) -> Conv1D(4, 3, strides=2, padding=same)",
    "Input(None, 3) -> Conv1D(4, 5, dilation_rate=2, padding=same)",
    "Input(3, 10) -> Conv1D(4, 3, data_format=channels_first, activation=softmax)",
    "Input(8, 3) -> Convolution1D(4, 3, activation=relu)",
    'Input(8, 3) -> Convolution1D(4, 3, "he_normal", "relu", None, "same", 2)',
    "Input(9, 8, 3) -> Conv2D(4, 3, activation=softmax)",
    "Input(9, 8, 3) -> Conv2D(4, (3, 2), strides=(1, 2), activation=tanh)",
    "Input(9, 9, 3) -> Conv2D(4, 3, strides=2, padding=same)",
    "Input(8, 8, 3) -> Conv2D(4, 3, strides=2, padding=same)",
    "Input(9, 8, 3) -> Conv2D(4, 4, padding=same)",
    "Input(9, 8, 3) -> Conv2D(4, (5, 3), strides=(2, 3), padding=same)",
    "Input(9, 8, 3) -> Conv2D(4, 3, dilation_rate=(2, 1), padding=same, use_bias=False)",
    "Input(9, 8, 4) -> Conv2D(6, 3, groups=2)",
    "Input(None, None, 3) -> Conv2D(4, 3, strides=2, padding=same)",
    "Input(None, None, 3) -> Conv2D(4, 3, padding=same, activation=relu)",
    "Input(3, 9, 8) -> Conv2D(4, 3, strides=2, padding=same, data_format=channels_first)",
    "Input(9, 8, 3) -> Convolution2D(4, 3, 2, border_mode=same, subsample=(2, 2), init=uniform)",
    'Input(9, 8, 3) -> Convolution2D(4, 3, 3, "glorot_normal", "relu", bias=False)',
    "Input(9, 8, 3) -> Convolution2D(nb_filter=4, nb_row=3, nb_col=2, dim_ordering=tf)",
    "Input(9, 8, 3) -> AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2))",
    "Input(6, 7, 5, 2) -> Conv3D(3, (3, 2, 2), strides=(2, 1, 2), padding=same, activation=relu)",
    "Input(6, 7, 5, 2) -> Conv3D(3, 2, dilation_rate=2, use_bias=False)",
    "Input(9, 3) -> DepthwiseConv1D(3, depth_multiplier=2, padding=same)",
    "Input(9, 3) -> DepthwiseConv1D(2, strides=2, use_bias=False, activation=relu)",
    "Input(9, 8, 3) -> DepthwiseConv2D(3)",
    "Input(9, 8, 3) -> DepthwiseConv2D((3, 2), depth_multiplier=2, padding=same, activation=relu)",
    "Input(8, 8, 3) -> DepthwiseConv2D(3, strides=2, padding=same, use_bias=False)",
    "Input(9, 8, 3) -> DepthwiseConv2D(3, dilation_rate=2)",
    "Input(10, 3) -> SeparableConv1D(4, 3, padding=same, depth_multiplier=2, activation=relu)",
    "Input(10, 3) -> SeparableConv1D(4, 3, strides=2)",
    "Input(9, 8, 3) -> SeparableConv2D(5, 3)",
    "Input(9, 8, 3) -> SeparableConv2D(5, 3, strides=2, padding=same, depth_multiplier=2)",
    "Input(9, 8, 3) -> SeparableConv2D(5, 3, dilation_rate=2, use_bias=False, activation=tanh)",
    "Input(9, 8, 3) -> SeparableConvolution2D(5, 3, 3, init=he_normal, border_mode=same)",
    "Input(9, 3) -> Conv1DTranspose(4, 3)",
    "Input(9, 3) -> Conv1DTranspose(4, 3, 2, same, activation=relu)",
    "Input(None, 3) -> Conv1DTranspose(4, 4, 2, same)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 3)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 3, strides=2, padding=same)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 4, strides=2, padding=same, use_bias=False)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, (5, 2), strides=(2, 3), padding=same)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 2, strides=3, activation=tanh)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 3, strides=2, padding=valid, output_padding=1)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 3, strides=2, padding=same, output_padding=(0, 1))",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 3, dilation_rate=2, padding=same)",
    "Input(5, 6, 3) -> Conv2DTranspose(4, 3, dilation_rate=2)",
    "Input(3, 5, 6) -> Conv2DTranspose(4, 3, 2, same, data_format=channels_first)",
    "Input(5, 6, 3) -> Deconvolution2D(4, 3, 3, border_mode=same, subsample=(2, 2))",
    "Input(3, 4, 5, 2) -> Conv3DTranspose(3, 3, strides=2, padding=same)",
    "Input(12, 12, 3) -> Conv2D(4, 3, strides=2, padding=same) -> Conv2D(5, 3) -> Flatten()",
]
