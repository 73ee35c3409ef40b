class CSVLogger:
    """Keras' CSVLogger: a line of logged values for every epoch."""

    def __init__(self, path: str, separator: str = ",", append: bool = False) -> None:
        self.path, self.separator = path, separator
        self.mode = "a" if append else "w"
        self.names: list[str] = []

    def write(self, epoch: int, logs: dict[str, float]) -> None:
        """Write a line, the names above the first one."""
        header = False
        if not self.names:
            self.names = sorted(logs)
            if not any(name.startswith("val_") for name in logs):
                # Validation may come in a later epoch: Keras leaves room for it.
                self.names += [f"val_{name}" for name in self.names]
            header = self.mode == "w" or not os.path.exists(self.path)
            header = header or not os.path.getsize(self.path)
        with open(self.path, self.mode, newline="") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if header:
                writer.writerow(["epoch", *self.names])
            writer.writerow([epoch, *(logs.get(name, "NA") for name in self.names)])
        self.mode = "a"

    def state_dict(self) -> dict[str, Any]:
        """Return what continuing the training takes."""
        return {"names": self.names, "mode": self.mode}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict returned."""
        vars(self).update(state)
