class TextVectorization(StringLookup):
    """Number the words of documents; 0 pads, or there is a row a document.

    Args:
        length: How many words a document has, cut or padded at its end; None: as many
            as the longest.
        lower: Whether to turn it to lower case.
        strip: Whether to take its punctuation out.
        split: Where to split it: "whitespace", "character", or None for nowhere.
        ngrams: Lengths of the runs of words to number.
        options: What `StringLookup` takes.
    """

    def __init__(
        self,
        length: int | None = None,
        lower: bool = True,
        strip: bool = True,
        split: str | None = "whitespace",
        ngrams: tuple[int, ...] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(mask="", **options)
        self.length = length
        self.lower, self.strip, self.split, self.ngrams = lower, strip, split, ngrams

    def rows(self, text: np.ndarray) -> list[list[str]]:
        return [self.words(texts) for texts in super().rows(text)]

    def words(self, texts: list[str]) -> list[str]:
        """Return the words of a document.

        Like TensorFlow it knows the lower case and the blanks of ASCII only.
        """
        words: list[str] = []
        for data in map(str.encode, texts):
            data = data.lower() if self.lower else data
            data = (
                data.translate(None, string.punctuation.encode())
                if self.strip
                else data
            )
            if self.split == "whitespace":
                words += [word.decode() for word in data.split()]
            else:
                text = data.decode()
                words += list(text) if self.split == "character" else [text]
        if self.ngrams is None:
            return words
        return [
            " ".join(words[i : i + n])
            for n in self.ngrams
            for i in range(len(words) - n + 1)
        ]

    def forward(self, text: np.ndarray) -> Tensor:
        rows = self.numbered(text)
        if self.mode != "int":
            return self.encoded(rows)
        longest = max(map(len, rows), default=0)
        length = longest if self.length is None else self.length
        padded = pad_sequences(rows, length, padding="post", truncating="post")
        return torch.from_numpy(padded).long()
