class ReversibleEmbedding(nn.Embedding):
    """An embedding with further weights, `reverse`, that make logits of vectors."""

    def __init__(self, words: int, size: int) -> None:
        super().__init__(words, size)
        self.reverse = nn.Parameter(torch.empty(words, size))
