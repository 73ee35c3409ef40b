def save_checkpoint(path: str, parts: dict[str, Any], **values: Any) -> None:
    """Write the states of the parts, and values beside them."""
    states = {name: part.state_dict() for name, part in parts.items()}
    with replacing(path) as file:
        torch.save(states | values, file)
