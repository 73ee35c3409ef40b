def pick_device(name: str) -> torch.device:
    """Return the device: `auto` is CUDA where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        sys.exit(f"--device {name} is not a device of this torch: {brief(error)}")
