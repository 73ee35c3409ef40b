"""Low-rank adaptation (LoRA) of kernels."""

ROWS = [
    "Input(8) -> Dense(5, lora_rank=2)",
    "Input(6, 8) -> Dense(5, relu, use_bias=False, lora_rank=3, kernel_regularizer=l2(0.1))",
    "Input(8) -> Dense(5, kernel_regularizer=OrthogonalRegularizer(0.1), bias_constraint=max_norm, "
    "lora_rank=2)",
    "Input(8) -> Dense(5, trainable=False, lora_rank=2) -> Dense(3)",
    "Input(6, dtype=int32) -> Embedding(9, 4, lora_rank=2)",
    "Input(6, dtype=int32) -> Embedding(9, 4, embeddings_regularizer=l1(0.1), mask_zero=True, "
    "lora_rank=3) -> LSTM(3)",
    """
    words = ReversibleEmbedding(9, 4, lora_rank=2)
    x = Input(6, dtype=int32)
    h = x -> words -> Dense(4, tanh)
    h -> words(reverse=True)
    """,
    'Input(8) -> EinsumDense("ab,bc->ac", 5, bias_axes="c", lora_rank=2)',
    'Input(6, 8) -> EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", lora_rank=2, '
    "lora_alpha=5, kernel_regularizer=l2(0.1))",
    'Input(6, 8) -> EinsumDense("abc,bcd->acd", (8, 3), bias_axes="cd", lora_rank=4, '
    "lora_alpha=0.5)",
    'Input(8) -> EinsumDense("ab,b->a", (), lora_rank=2)',
    "Input(9, 4) -> Conv1D(6, 3, lora_rank=2)",
    "Input(9, 4) -> Conv1D(6, 3, padding=causal, dilation_rate=2, activation=relu, lora_rank=2, "
    "lora_alpha=6)",
    "Input(9, 8, 4) -> Conv2D(6, 3, strides=2, padding=same, groups=2, lora_rank=3, lora_alpha=1, "
    "kernel_regularizer=l2(0.1))",
    "Input(4, 9, 8) -> Conv2D(6, (3, 2), data_format=channels_first, use_bias=False, lora_rank=2)",
    "Input(5, 6, 7, 3) -> Conv3D(4, 2, lora_rank=2, lora_alpha=3)",
    "Input(5, 6) -> TimeDistributed(Dense(4, lora_rank=2))",
    "Input(5, 6, 6, 2) -> TimeDistributed(Conv2D(4, 3, lora_rank=2)) -> GlobalAveragePooling3D()",
    """
    block part(f, r) { Dense(f, relu, lora_rank=r) -> Dense(f, lora_rank=r) }
    Input(6) -> part(8, 2) -> part(5, 3)
    """,
    "Input(6) -> 4 * Dense(6, tanh, lora_rank=2)",
    "shared = Dense(6, tanh, lora_rank=2)\nInput(6) -> shared -> shared",
]
