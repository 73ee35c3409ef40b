def standardized(x: np.ndarray, train: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Return x, its measured columns with mean 0 and deviation 1 in the train rows."""
    mean, std = train.mean(0), train.std(0)
    mean = np.where(measured, mean, 0)
    std = np.where(measured & (std > 0), std, 1)
    return ((x - mean) / std).astype(np.float32)
