def penalized(attention: nn.Module, penalty: Callable[[Tensor], Tensor]) -> nn.Module:
    """Let each projection of attention note the penalty on what it returned last."""

    def note(part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        part.activity_penalty = penalty(output)

    for part in attention.children():
        part.register_forward_hook(note)
    return attention
