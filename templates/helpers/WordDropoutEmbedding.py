class WordDropoutEmbedding(nn.Embedding):
    """An embedding that drops words in training, each in all of a batch or nowhere."""

    def __init__(
        self, words: int, size: int, dropout: float, sparse: bool = False
    ) -> None:
        super().__init__(words, size, sparse=sparse)
        self.dropout = dropout

    def forward(self, index: Tensor) -> Tensor:
        vectors = super().forward(index)
        if not self.training:
            return vectors
        kept = F.dropout(vectors.new_ones(len(self.weight), 1), self.dropout)
        return vectors * F.embedding(index, kept)
