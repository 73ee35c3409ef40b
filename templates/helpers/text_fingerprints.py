def text_fingerprints(x: np.ndarray) -> Tensor:
    """Return the FarmHash fingerprint of each text, its 64 bits as a signed integer."""
    numbers = {text: fingerprint64(text.encode()) for text in set(x.flat)}
    hashed = np.array([numbers[text] for text in x.flat], np.uint64)
    return torch.from_numpy(hashed.view(np.int64).reshape(x.shape))
