def feature_matrix(
    table: dict[str, list],
    features: list[str],
    categorical: list[str] = [],
    one_hot: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features as a matrix, and which columns hold measures, not categories.

    Args:
        table: Values by column.
        features: The columns to use, in this order.
        categorical: Those that hold words.
        one_hot: Whether a category becomes a column a word, or one of word numbers.
    """
    columns, measured = [], []
    for name in features:
        if name in categorical:
            codes = class_codes(table, name)
            encoded = np.eye(codes.max() + 1)[codes] if one_hot else codes[:, None]
        else:
            encoded = number_column(table, name)[:, None]
        columns.append(encoded)
        measured += [name not in categorical] * encoded.shape[1]
    return np.concatenate(columns, 1, dtype=np.float32), np.array(measured)
