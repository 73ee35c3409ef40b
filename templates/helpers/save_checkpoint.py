def save_checkpoint(path: str, **parts) -> None:
    """Write, then rename: an interrupted save leaves the old checkpoint intact."""
    state = {k: v.state_dict() if hasattr(v, "state_dict") else v for k, v in parts.items()}
    torch.save(state, path + ".tmp")
    os.replace(path + ".tmp", path)
