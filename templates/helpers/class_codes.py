def class_codes(table: dict[str, list], name: str, limit: int = 0) -> np.ndarray:
    """Return the number of each value of a column among its sorted values.

    Args:
        table: Values by column.
        name: The column.
        limit: End the program when there are more different values; 0 for any number.
    """
    values = [str(value) for value in table_column(table, name)]
    try:
        kinds = sorted(set(values), key=float)  # 2 before 10
    except ValueError:
        kinds = sorted(set(values))
    if limit and len(kinds) > limit:
        sys.exit(f"column {name!r} has {len(kinds)} classes, the model only {limit}")
    number = {kind: i for i, kind in enumerate(kinds)}
    return np.array([number[value] for value in values], np.int64)
