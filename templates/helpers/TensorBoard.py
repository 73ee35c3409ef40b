class TensorBoard:
    """Keras' TensorBoard: the logged values, in `train` and `validation` folders."""

    def __init__(self, log_dir: str) -> None:
        self.log_dir = log_dir
        self.writers: dict[str, SummaryWriter] = {}

    def writer(self, part: str) -> SummaryWriter:
        """Return the writer of a part, made when there is something to write."""
        if part not in self.writers:
            self.writers[part] = SummaryWriter(os.path.join(self.log_dir, part))
        return self.writers[part]

    def write(self, epoch: int, logs: dict[str, float]) -> None:
        """Write the values of an epoch."""
        for name, value in logs.items():
            part = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            self.writer(part).add_scalar(tag, value, epoch)

    def write_validation(self, iterations: int, logs: dict[str, float]) -> None:
        """Write the values of the validation over the number of updates."""
        for name, value in logs.items():
            if name.startswith("val_"):
                tag = f"evaluation_{name.removeprefix('val_')}_vs_iterations"
                self.writer("validation").add_scalar(tag, value, iterations)

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()
