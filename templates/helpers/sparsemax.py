def sparsemax(x: Tensor, dim: int = -1) -> Tensor:
    """Project x onto the probability simplex (Martins and Astudillo, 2016)."""
    z = x.transpose(dim, -1)
    ranked = z.sort(-1, descending=True).values
    excess = ranked.cumsum(-1) - 1
    k = torch.arange(1, z.shape[-1] + 1, device=x.device, dtype=x.dtype)
    support = (k * ranked > excess).sum(-1, keepdim=True)  # values that stay above 0
    threshold = excess.gather(-1, support - 1) / support
    return F.relu(z - threshold).transpose(dim, -1)
