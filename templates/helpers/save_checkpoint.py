def save_checkpoint(path: str, **parts) -> None:
    """Write everything that continuing the training exactly takes."""
    state = {
        k: v.state_dict() if hasattr(v, "state_dict") else v for k, v in parts.items()
    }
    with replacing(path) as file:
        torch.save(state, file)
