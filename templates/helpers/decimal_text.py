def decimal_text(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return integers as text, in rows of 24 bytes filled with zeros, and lengths."""
    x = x.long().unsqueeze(-1)
    powers = 10 ** torch.arange(18, -1, -1, device=x.device)
    # Towards zero: the smallest integer has no opposite to divide in its place.
    digits = torch.div(x, powers, rounding_mode="trunc")
    size = (digits != 0).sum(-1, keepdim=True).clamp(min=1) + (x < 0)
    digits = F.pad(digits.fmod(10).abs() + ord("0"), (1, 0))
    place = torch.arange(20, device=x.device)
    digits = torch.where((x < 0) & (place == 20 - size), ord("-"), digits)
    place = torch.arange(24, device=x.device)
    text = digits.gather(-1, (place + 20 - size).clamp(max=19))
    return torch.where(place < size, text, 0), size.squeeze(-1)
