def show_epoch(cfg: Config, samples: int, logs: dict[str, float], took: float) -> None:
    """Print an epoch as Keras does at verbose 1 and 2."""
    steps = -(-samples // cfg.batch_size)
    each = f"{took:.0f}s - {1000 * took / steps:.0f}ms/step"
    if cfg.verbose:
        bar = f" {'━' * 20} " if cfg.verbose == 1 else " - "
        start = "\r" if cfg.verbose == 1 and sys.stdout.isatty() else ""
        print(f"{start}{steps}/{steps}{bar}{each} - {show(logs)}", flush=True)
