def hash_text(text: str, salt: tuple[int, int] | None = None) -> int:
    """Return the 64-bit hash of a text: FarmHash, or SipHash where there is a salt."""
    data = text.encode()
    return fingerprint64(data) if salt is None else siphash(data, salt)
