"""Merge layers: broadcasting, axes, masks."""

TWO = "a = Input(3, 4)\nb = Input(3, 4)"
MASKED = "a = Input(6, dtype=int32) -> Embedding(4, 5, mask_zero=True)"
OTHER = "b = Input(6, dtype=int32) -> Embedding(4, 5, mask_zero=True)"

BOTH = "[a, b]"

ROWS = [
    f"{TWO}\n{BOTH} -> Merge()",
    f"{TWO}\n{BOTH} -> Merge(mode=concat, concat_axis=1)",
    f"{TWO}\ny = merge({BOTH}, mul)",
    f"{TWO}\ny = merge({BOTH}, mode=cos, dot_axes=(1, 1))",
    f"{TWO}\n{BOTH} -> Merge(mode=dot, dot_axes=2)",
    f"{TWO}\n[merge({BOTH}, mode=ave), merge({BOTH}, mode=max)] -> Merge(mode=concat)",
    *[
        f"{TWO}\n[a, b] -> {name}()"
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    ],
    "a = Input(4)\nb = Input(4)\nc = Input(4)\n[a, b, c] -> Add()",
    "a = Input(4)\nb = Input(4)\nc = Input(4)\n[a, b, c] -> Average()",
    "a = Input(4)\nb = Input(4)\nc = Input(4)\n[a, b, c] -> Maximum()",
    "a = Input(3, 4)\nb = Input(4)\n[a, b] -> Add()",
    "a = Input(4)\nb = Input(2, 3, 4)\n[a, b] -> Multiply()",
    "a = Input(3, 1)\nb = Input(1, 4)\n[a, b] -> Subtract()",
    "a = Input(2)\nb = Input(3)\nc = Input(4)\n[a, b, c] -> Concatenate()",
    "a = Input(3, 4)\nb = Input(2, 4)\n[a, b] -> Concatenate(axis=1)",
    "a = Input(3, 4)\nb = Input(3, 2)\n[a, b] -> Concatenate(axis=2)",
    "a = Input(6, 6, 2) -> Conv2D(3, 3)\nb = Input(4, 4, 5)\n[a, b] -> Concatenate()",
    "a = Input(6, 6, 2) -> Conv2D(3, 3)\nb = Input(2, 4, 3)\n[a, b] -> Concatenate(axis=1)",
    "a = Input(6, 6, 2) -> Conv2D(3, 3)\nb = Input(3)\n[a, b] -> Multiply()",
    "x = Input(6, 6, 2)\na = x -> Conv2D(3, 3)\nb = x -> Conv2D(3, 3)\n[a, b] -> Add() -> ReLU()",
    "a = Input(3, 4)\nb = Input(3, 4)\nc = Input(3, 4)\na + b * c",
    "a = Input(4)\nb = Input(4)\nadd([a, b])",
    "a = Input(3, 4)\nb = Input(2, 4)\nx = concatenate([a, b], axis=1)\nx -> Dense(2)",
    "a = Input(4)\nb = Input(4)\n[a, b] -> Dot(1)",
    "a = Input(4)\nb = Input(4)\n[a, b] -> Dot(-1, normalize=True)",
    "a = Input(3, 4)\nb = Input(4, 5)\n[a, b] -> Dot(axes=(2, 1))",
    "a = Input(3, 4)\nb = Input(5, 4)\n[a, b] -> Dot(axes=2)",
    "a = Input(3, 4)\nb = Input(3, 5)\n[a, b] -> Dot(axes=1, normalize=True)",
    "a = Input(3, 4)\nb = Input(4)\n[a, b] -> Dot(axes=-1)",
    "a = Input(4)\nb = Input(3, 4)\n[a, b] -> Dot(axes=(1, 2))",
    "a = Input(2, 3, 4)\nb = Input(4, 5)\n[a, b] -> Dot(axes=(3, 1))",
    "a = Input(2, 3, 4)\nb = Input(3, 5, 2)\n[a, b] -> Dot(axes=(2, 1))",
    *[
        f"{MASKED}\n{OTHER}\n[a, b] -> {name}() -> LSTM(2)"
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    ],
    f"{MASKED}\n{OTHER}\n[a, b] -> Concatenate(axis=1) -> LSTM(2)",
    f"{MASKED}\nb = Input(6, 5)\n[a, b] -> Add() -> LSTM(2)",
    f"{MASKED}\nb = Input(6, 5)\n[a, b] -> Multiply() -> LSTM(2)",
    f"{MASKED}\nb = Input(6, 5)\n[a, b] -> Maximum() -> LSTM(2)",
    f"{MASKED}\nb = Input(6, 5)\n[b, a] -> Minimum() -> LSTM(2)",
    f"{MASKED}\nb = Input(6, 5)\n[a, b] -> Concatenate() -> LSTM(2)",
    f"{MASKED}\nb = Input(2, 5)\n[a, b] -> Concatenate(axis=1) -> LSTM(2)",
    f"{MASKED}\n{OTHER}\nc = Input(6, 5)\n[a, b, c] -> Maximum()",
    f"{MASKED}\n{OTHER}\nc = a -> Dense(5)\n[a, b, c] -> Minimum()",
]
