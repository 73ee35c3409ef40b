def read_parquet(path: str) -> dict[str, list]:
    """Return the columns of a Parquet file by name."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. Give another with --data PATH.")
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        sys.exit(f"{path}: cannot be read as a Parquet file: {error}")
    if not len(table):
        sys.exit(f"{path}: no rows")
    return {str(name): table[name].tolist() for name in table.columns}
