def pick_device(name: str) -> torch.device:
    """Return the device: `auto` is CUDA where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        sys.exit(f"--device {name}: this torch has no CUDA device")
    try:
        return torch.device(name)
    except RuntimeError:
        sys.exit(f"--device {name}: not a device; auto, cpu and cuda are")
