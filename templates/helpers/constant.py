def constant(module: nn.Module, *names: str) -> nn.Module:
    """Return a module in which some parameters keep their first value, untrained."""
    for name in names:
        value = getattr(module, name).detach()
        delattr(module, name)
        module.register_buffer(name, value, persistent=False)
    return module
