def without_padding(words: Tensor) -> Tensor:
    """Return word numbers up to the longest document: Keras pads each batch alone."""
    return words[:, : words.count_nonzero(1).max()]
