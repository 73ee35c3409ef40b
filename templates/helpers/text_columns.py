def text_columns(table: dict[str, list], names: list[str]) -> np.ndarray:
    """Return columns as text, a row a sample."""
    for name in names:
        if name not in table:
            sys.exit(f"no column {name!r}; there are {', '.join(table)}")
    columns = [[str(value) for value in table[name]] for name in names]
    return np.array(columns, dtype=object).T
