def read_text(path: str, lowercase: bool = False) -> str:
    """Return the text of a UTF-8 file; end the program when there is none."""
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. Give another with --data PATH.")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path}: cannot be read as text: {error}")
    return text.lower() if lowercase else text
