def brief(error: Exception) -> str:
    """Return the first sentence of an error, in one line."""
    return " ".join(str(error).split()).partition(". ")[0][:200]
