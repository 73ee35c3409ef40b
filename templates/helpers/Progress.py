class Progress:
    """Shows an epoch as Keras does: by a bar (verbose 1) or by one line (verbose 2)."""

    def __init__(self, cfg: Config, epoch: int, steps: int) -> None:
        self.verbose, self.steps = cfg.verbose, steps
        self.live = cfg.verbose == 1 and sys.stdout.isatty()
        self.start = self.shown = time.perf_counter()
        if cfg.verbose:
            print(f"Epoch {epoch + 1}/{cfg.epochs}")

    def due(self, step: int) -> bool:
        """Return whether to redraw the bar, at most ten times a second."""
        waited = time.perf_counter() - self.shown > 0.1
        return self.live and waited and step < self.steps

    def show(self, step: int, logs: dict[str, float]) -> None:
        """Show the values after a step, with the seconds left, or taken at the end."""
        self.shown = time.perf_counter()
        took = self.shown - self.start
        seconds = took * (self.steps / step - 1) or took
        bar = f"{'━' * (20 * step // self.steps):─<20}" if self.verbose == 1 else "-"
        each = f"{seconds:.0f}s - {1000 * took / step:.0f}ms/step"
        if self.verbose:
            start, end = "\r" * self.live, "" if step < self.steps else "\n"
            line = f"{start}{step}/{self.steps} {bar} {each} - {show(logs)}"
            print(line, end=end, flush=True)
