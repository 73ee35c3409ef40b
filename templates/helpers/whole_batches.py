def whole_batches(samples: int, size: int, batch_size: int) -> None:
    """Exit unless the samples make batches of the size that the states have."""
    if batch_size != size:
        sys.exit(
            f"the model keeps states of {size} samples: leave --batch-size at {size}"
        )
    if samples % size:
        sys.exit(
            f"the model takes batches of {size}: {samples} samples are no multiple"
        )
