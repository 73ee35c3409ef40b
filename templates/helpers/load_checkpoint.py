def load_checkpoint(path: str, parts: dict[str, Any]) -> dict[str, Any]:
    """Restore the parts that save_checkpoint wrote; return the values beside them."""
    wrong = (OSError, LookupError, ValueError, TypeError, RuntimeError, EOFError)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state.pop(name))
        return state
    except (*wrong, pickle.UnpicklingError) as error:
        sys.exit(f"cannot continue from the checkpoint {path}: {brief(error)}")
