class Progress:
    """Keras' progress bar (verbose 1), redrawn at most ten times a second."""

    def __init__(self, cfg: Config, epoch: int, steps: int) -> None:
        self.live = cfg.verbose == 1 and sys.stdout.isatty()
        self.steps = steps
        self.start = self.shown = time.perf_counter()
        if cfg.verbose:
            print(f"Epoch {epoch + 1}/{cfg.epochs}")

    def step(self, step: int, logs) -> None:
        """Draw the bar after a step; `logs()` reads the values from the device."""
        now = time.perf_counter()
        if now - self.shown > 0.1:
            self.shown = now
            done = 20 * step // self.steps
            left = (now - self.start) / step * (self.steps - step)
            bar = "━" * done + "─" * (20 - done)
            text = f"{step}/{self.steps} {bar} {left:.0f}s - {show(logs())}"
            print(f"\r{text}", end="", flush=True)
