"""Blocks: one class for many sizes, with several inputs, in loops, and in whatever layout."""

from tests.parity.row import UNSEEN_BIAS, Row

ROWS = [
    # Kernels, paddings and strides of one class.
    Row(
        """
        block unit(n, size=3, strides=1, padding=same) =
          Conv2D(n, size, strides=strides, padding=padding) -> BatchNormalization() -> ReLU()
        model net =
          Input(12, 13, 3) -> unit(4) -> unit(5, size=1) -> unit(5, size=(1, 5))
          -> unit(6, size=(5, 1)) -> unit(6, padding=valid) -> unit(7, size=2)
          -> unit(8, strides=2) -> unit(4, padding=valid)
        """,
        single=3e-3,
        single_reason=UNSEEN_BIAS,
    ),
    """
    block depthwise(size, multiplier=1) =
      DepthwiseConv2D(size, depth_multiplier=multiplier, padding=same) -> ReLU()
    model net =
      Input(8, 7, 3) -> depthwise(3) -> Conv2D(4, 1) -> depthwise(5) -> Conv2D(5, 1) -> depthwise(2)
      -> depthwise(3, multiplier=2)
    """,
    """
    block padded(pad, size) = ZeroPadding2D(pad) -> Conv2D(4, size, strides=2) -> ELU()
    model net =
      Input(17, 16, 3) -> padded(((0, 1), (0, 1)), 3) -> padded(((1, 2), (1, 2)), 5)
      -> padded(1, 3)
    """,
    # Parts and multiples of a parameter, and a parameter that `forward` needs.
    Row(
        """
        block excite(n) {
          scale = input
            -> GlobalAveragePooling2D() -> Dense(n // 4, relu) -> Dense(n, sigmoid)
            -> Reshape((1, 1, n))
          input * scale
        }
        block residual(n) {
          y = input -> Conv2D(6 * n, 1, relu) -> excite(6 * n) -> Conv2D(n, 1)
          input + y
        }
        model net = Input(5, 6, 4) -> residual(4) -> Conv2D(8, 1) -> residual(8) * 2 -> excite(8)
        """,
        single=1e-4,
        single_reason="rounding grows through the gates of many layers",
    ),
    "block tall(n) = Reshape((n, 12 // n)) -> Dense(5)\n"
    "model net = Input(12) -> tall(3) -> Flatten()"
    " -> Dense(12) -> tall(4)",
    # A `for` over one block.
    Row(
        """
        block dense(n, rate) = Dense(n, tanh) -> Dropout(rate)
        model net = Input(6) -> for rate in (0.0, 0.1, 0.2): dense(6, rate)
        """,
        random=True,
    ),
    """
    block unit(n, scale) {
      y = input -> Conv2D(n, 3, padding=same) -> Rescaling(scale)
      input + y
    }
    model net = Input(6, 5, 4) -> for scale in (0.5, 0.25, 0.125): unit(4, scale) -> Conv2D(3, 2)
    """,
    "block dense(n) = Dense(n, tanh)\nmodel net = Input(6) -> for n in (5, 4, 3): dense(n)",
    "block dense(n) = Dense(n, tanh)\nmodel net = Input(6) -> for n in range(3): dense(6)",
    # Its layers may be shared, with each other or with what is outside of it.
    """
    block dense(n) = Dense(n, tanh)
    model net {
      one = dense(6)
      x = Input(6) -> one
      x -> for layer in (one, dense(6), one): layer
    }
    """,
    # A block of two tensors.
    """
    block cell(n) {
      x, skip = input
      y = x -> Conv2D(n, 3, relu, padding=same)
      z = skip -> Conv2D(n, 1)
      [y, z, x] -> Concatenate()
    }
    model net {
      skip = Input(6, 5, 3)
      x = skip -> Conv2D(4, 3, relu, padding=same)
      y = [x, skip] -> cell(4)
      [y, x] -> cell(5)
    }
    """,
    """
    block mixed(n) {
      a, b = input
      x = a -> Dense(n, tanh)
      y = b -> Dense(n, tanh)
      x * y
    }
    model net {
      a = Input(4)
      b = Input(5)
      x = [a, b] -> mixed(3)
      y = [b, a] -> mixed(3)
      [x, y] -> mixed(2)
    }
    """,
    # A tensor that has the name of a layer lives on while a layer without a name needs one.
    """
    model net {
      x = Input(4)
      dense = x -> Dense(4, tanh)
      [x -> Dense(4, relu), dense, dense -> Dense(4), x] -> Add()
    }
    """,
]
