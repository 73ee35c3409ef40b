def set_seed(seed: int, device: torch.device) -> None:
    """Seed the generators in use; torch.manual_seed is slower, it visits every backend."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
