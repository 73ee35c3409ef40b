def number_column(table: dict[str, list], name: str) -> np.ndarray:
    """Return a column of numbers; end the program where it holds something else."""
    if name not in table:
        sys.exit(f"no column {name!r}; there are {', '.join(table)}")
    numbers = np.empty(len(table[name]))
    for i, value in enumerate(table[name]):
        try:
            numbers[i] = float(value)
        except (TypeError, ValueError):
            numbers[i] = np.nan
        if not np.isfinite(numbers[i]):
            sys.exit(f"column {name!r}, row {i + 1}: {value!r} is not a number")
    return numbers
