class WeightGroup:
    """The weights of a model that one optimizer updates: those of the named layers.

    A name may also be that of a single weight. Without names, all are in the group,
    save those `without`.
    """

    def __init__(
        self, model: nn.Module, *names: str, without: tuple[str, ...] = ()
    ) -> None:
        def within(name: str, layers: tuple[str, ...]) -> bool:
            return any(f"{name}.".startswith(f"{layer}.") for layer in layers)

        self.weights = [
            (name, p)
            for name, p in model.named_parameters()
            if (within(name, names) or not names) and not within(name, without)
        ]

    def named_parameters(self) -> list[tuple[str, nn.Parameter]]:
        return self.weights

    def parameters(self) -> list[nn.Parameter]:
        return [p for _, p in self.weights]
