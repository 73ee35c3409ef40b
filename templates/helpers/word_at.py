def word_at(text: Tensor, start: Tensor) -> Tensor:
    """Return the 8 bytes from `start` on in each row of bytes, as one integer."""
    place = torch.arange(8, device=text.device)
    index = (start.unsqueeze(-1) + place).clamp(0, text.shape[-1] - 1)
    return (text.gather(-1, index) << 8 * place).sum(-1)
