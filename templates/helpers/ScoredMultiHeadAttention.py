class ScoredMultiHeadAttention(MultiHeadAttention):
    """Multi-head attention that returns its weights (N, heads, T, S) too."""

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor,
        mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor]:
        q = self.split(self.query(query))
        k = self.split(self.key(key))
        v = self.split(self.value(value))
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if is_causal:
            before = torch.ones_like(scores[:1, 0], dtype=torch.bool).tril()
            mask = before if mask is None else mask & before
        if mask is not None:
            least = torch.finfo(scores.dtype).min / 2
            scores = scores.masked_fill(~mask[:, None], least)
        weights = scores.softmax(-1)
        if mask is not None:
            # A query that may look nowhere gets zeros.
            weights = weights * mask[:, None]
        y = F.dropout(weights, self.dropout, self.training) @ v
        return self.join(y, query), weights
