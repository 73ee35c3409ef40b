def number_column(table: dict[str, list], name: str) -> np.ndarray:
    """Return a column of numbers; end the program where it holds something else."""
    values = table_column(table, name)
    numbers = np.empty(len(values))
    for i, value in enumerate(values):
        try:
            numbers[i] = float(value)
        except (TypeError, ValueError):
            numbers[i] = np.nan
        if not np.isfinite(numbers[i]):
            sys.exit(f"column {name!r}, row {i + 1}: {value!r} is not a number")
    return numbers
