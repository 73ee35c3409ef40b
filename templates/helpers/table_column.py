def table_column(table: dict[str, list], name: str) -> list:
    """Return the values of a column; end the program where there is none."""
    if name not in table:
        sys.exit(f"no column {name!r}; there are {', '.join(table)}")
    return table[name]
