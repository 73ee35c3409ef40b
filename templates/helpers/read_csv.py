def read_csv(path: str, delimiter: str = ",") -> dict[str, list[str]]:
    """Return the columns of a CSV file by the names in its first line."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. Give another with --data PATH.")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            names, *rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
    except (OSError, UnicodeDecodeError, ValueError, csv.Error) as error:
        sys.exit(f"{path}: cannot be read as a table: {error}")
    names = [name.strip() for name in names]
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            sys.exit(
                f"{path}, row {number}: {len(row)} values for {len(names)} columns"
            )
    if not rows or len(set(names)) < len(names):
        sys.exit(f"{path}: {'a column name occurs twice' if rows else 'no rows'}")
    return {name: [row[i].strip() for row in rows] for i, name in enumerate(names)}
