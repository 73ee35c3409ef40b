"""EinsumDense."""

ROWS = [
    'Input(8) -> EinsumDense("ab,bc->ac", output_shape=64, bias_axes="c")',
    'Input(6, 8) -> EinsumDense("abc,cd->abd", output_shape=(None, 5), activation=relu)',
    'Input(6, 8) -> EinsumDense("abc,cd->abd", output_shape=(6, 5), bias_axes="bd")',
    'Input(6, 8) -> EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")',
    'Input(6, 2, 4) -> EinsumDense("abcd,cde->abe", (None, 3), bias_axes="e")',
    'Input(6, 8) -> EinsumDense("abc,bd->adc", (5, None), bias_axes="d")',
    'Input(6, 8) -> EinsumDense("abc,bcd->acd", (8, 3), bias_axes="cd")',
    'Input(6, 8) -> EinsumDense("...x,xy->...y", output_shape=4, bias_axes="y")',
    'Input(6, 3, 8) -> EinsumDense("...x,xy->...y", output_shape=4)',
    'Input(6, 3, 8) -> EinsumDense("ab...,bc->ac...", output_shape=4, bias_axes="c")',
    'Input(None, 8) -> EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", '
    "kernel_regularizer=l2(0.01), kernel_constraint=max_norm(1))",
]
