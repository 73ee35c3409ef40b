def option(default: Any, text: str) -> Any:
    """Return a field of Config with its help text."""
    return field(default=default, metadata={"help": text})
