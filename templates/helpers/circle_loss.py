def circle_loss(
    labels: Tensor,
    embeddings: Tensor,
    gamma: float = 80.0,
    margin: float = 0.4,
    with_itself: bool = False,
) -> Tensor:
    """Return the circle loss of each embedding against all others of the batch."""
    distance = (1 - embeddings @ embeddings.T).clamp(min=0)
    same = labels[:, None] == labels
    other = ~same
    if not with_itself:
        same = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    pull = gamma * (margin + distance) * (distance - margin)
    push = gamma * (1 + margin - distance).clamp(min=0) * (1 - margin - distance)
    pull = pull.masked_fill(~same, -math.inf).logsumexp(1)
    push = push.masked_fill(~other, -math.inf).logsumexp(1)
    return F.softplus(pull + push)
