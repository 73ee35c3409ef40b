def check_lengths(**arrays: np.ndarray) -> None:
    """End the program unless the arrays have equally many samples."""
    if len({len(array) for array in arrays.values()}) > 1:
        counts = ", ".join(f"{name} has {len(array)}" for name, array in arrays.items())
        sys.exit(f"the arrays differ in their number of samples: {counts}")
