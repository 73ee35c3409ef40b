"""The statements of a class: as few as say the same."""

from __future__ import annotations

from kgen.api import build_text

MASKED = """
block cell(n) = Dense(n, activity_regularizer=l2(0.01)) -> LSTM(n, return_sequences=True)
model m =
  Input(12, 8) -> Masking() -> cell(4) -> Dense(3) -> cell(5)
  -> GlobalAveragePooling1D() -> Dense(2)
"""


def model_part(spec: str) -> str:
    script = build_text(spec).script
    return script[script.index("(nn.Module)") : script.index("def load_data")]


def test_what_a_block_returns_goes_into_its_variables_at_once() -> None:
    text = model_part(MASKED)
    assert "_out" not in text
    # The penalty of a block is read before it is called again.
    assert (
        "x = self.cell(x, mask)  # (N, 12, 4)\n        penalty = self.cell.activity_penalty" in text
    )


def test_a_block_does_not_return_the_mask_that_it_was_given() -> None:
    text = model_part(
        "block cell(n) = LSTM(n, return_sequences=True) -> Dropout(0.1)\n"
        "Input(12, 8) -> Masking() -> Dense(4) -> cell(4) * 3 -> LSTM(2)"
    )
    assert "def forward(self, x: Tensor, mask: Tensor) -> Tensor:" in text
    assert "for cell in self.cells:\n            x = cell(x, mask)" in text


def test_a_mask_of_a_block_goes_into_its_variable_at_once() -> None:
    text = model_part("block start(n) = Masking() -> Dense(n)\nInput(12, 8) -> start(4) -> LSTM(2)")
    assert "x, mask = self.start(x)  # (N, 12, 4)" in text


def test_uses_of_a_block_that_makes_its_mask_first() -> None:
    text = model_part(
        "block cell(n) = LSTM(n, return_sequences=True) -> Masking()\n"
        "Input(12, 8) -> cell(8) -> cell(8) -> for n in (8, 8): cell(n)\n"
    )
    assert "x, mask = self.cell" in text


def test_a_result_with_its_mask_is_returned_at_once() -> None:
    text = model_part(
        "block inner(n) = Dense(n) -> Dropout(0.5)\nblock outer(n) = inner(n) -> inner(n + 1)\n"
        "Input(6, 4) -> Masking() -> outer(3) -> LSTM(2)"
    )
    assert "return self.inner_1(x" in text


def test_the_only_penalty_needs_no_variable() -> None:
    text = model_part("Dense(4, activity_regularizer=l2(0.01), input_dim=3) -> Dense(1)")
    assert "self.activity_penalty = (0.01 * x.square().sum()) / len(x)" in text
    assert " penalty = " not in text


def test_equal_initial_values_inside_modules_are_a_loop() -> None:
    text = model_part(
        "x = Input(6, 16)\n[x, x] -> MultiHeadAttention(2, 8) -> Flatten() -> Dense(3, tanh)"
    )
    assert text.count("xavier_uniform_") == 1
    assert "self.multi_head_attention.output, self.dense" in " ".join(text.split())


def test_a_mask_that_nothing_reads_is_not_made() -> None:
    text = model_part("Input(6, dtype=int32) -> Embedding(9, 4, mask_zero=True) -> Flatten()")
    assert "mask" not in text.replace("mask_zero", "")
    both = model_part(
        "Input(6, dtype=int32) -> Embedding(9, 4, mask_zero=True) -> Masking() -> LSTM(2)"
    )
    assert both.count(" != ") == 1 and "(x != 0.0).any(-1)" in both


def test_parameters_in_a_loop_are_a_list_of_parameters() -> None:
    text = model_part("Input(6, 4) -> PReLU() * 3 -> Flatten()")
    assert "self.p_re_lus = nn.ParameterList(" in text
    assert "for p_re_lu in self.p_re_lus:" in text


def test_averages_that_nothing_is_validated_with_are_not_made() -> None:
    spec = (
        "Dense(2, input_dim=3)\ncompile(SGD(0.1, use_ema=True), mse)\n"
        "fit(callbacks=[SwapEMAWeights()]{})\ndata random(20)"
    )
    assert "SwapEMAWeights" not in build_text(spec.format("")).script
    assert "SwapEMAWeights" in build_text(spec.format(", validation_split=0.2")).script
