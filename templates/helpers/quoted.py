def quoted(logs: dict[str, float]) -> dict[str, float]:
    """Return values as Keras' CSVLogger writes them: lists as texts in quotes."""
    return {k: f'"{v}"' if isinstance(v, list) else v for k, v in logs.items()}
