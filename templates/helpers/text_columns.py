def text_columns(table: dict[str, list], names: list[str]) -> np.ndarray:
    """Return columns as text, a row a sample."""
    columns = [[str(value) for value in table_column(table, name)] for name in names]
    return np.array(columns, dtype=object).T
