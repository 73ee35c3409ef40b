class StringLookup(nn.Module):
    """Number text by its place in a vocabulary, behind a mask and unknown text.

    The vocabulary is saved with the weights.

    Args:
        vocabulary: The known text; None takes it from the training data.
        limit: How much text a vocabulary of training data has at most.
        unknown: How many numbers the text that it lacks shares.
        mask: The text that becomes 0, or leaves no trace where numbers are encoded.
        skip: The text that no vocabulary of training data has.
        salt: The key of the hash that tells which of several numbers unknown text gets.
        mode: "int", or what numbers become: rows that are "one_hot", "multi_hot",
            "count" or "tf_idf".
        size: The length of such rows.
        idf: A weight for each of their columns.
    """

    def __init__(
        self,
        vocabulary: list[str] | None = None,
        limit: int | None = None,
        unknown: int = 1,
        mask: str | None = None,
        skip: str | None = "[UNK]",
        salt: tuple[int, int] | None = None,
        mode: str = "int",
        size: int = 0,
        idf: list[float] | None = None,
    ) -> None:
        super().__init__()
        self.limit, self.unknown, self.salt = limit, unknown, salt
        self.mask, self.skip = mask, skip
        self.mode, self.size = mode, size
        self.start = unknown + (mask is not None and mode == "int")
        self.set_vocabulary(vocabulary or [], idf)

    def set_vocabulary(
        self, vocabulary: list[str], idf: list[float] | None = None
    ) -> None:
        self.vocabulary, self.idf = vocabulary, idf
        self.known = {word: i for i, word in enumerate(vocabulary, self.start)}
        if self.mask is not None:
            self.known[self.mask] = 0 if self.mode == "int" else self.size

    def get_extra_state(self) -> Tensor:
        """Return the vocabulary as bytes, for files of weights."""
        text = json.dumps([self.vocabulary, self.idf], ensure_ascii=False)
        return torch.tensor(list(text.encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        self.set_vocabulary(*json.loads(bytes(state.tolist())))

    def rows(self, text: np.ndarray) -> list[list[str]]:
        """Return what each sample has to be numbered."""
        return text.reshape(len(text), -1).tolist()

    def adapt(self, text: np.ndarray) -> None:
        """Take the most frequent words of all the training data.

        Of equally frequent ones the last in the alphabet comes first.
        """
        rows = self.rows(text)
        counts = collections.Counter(word for row in rows for word in row)
        for special in (self.mask, self.skip):
            counts.pop(special, None)
        words = sorted(counts, key=lambda word: (counts[word], word), reverse=True)
        words = words[: self.limit]
        if self.mode != "tf_idf":
            self.set_vocabulary(words)
            return
        documents = collections.Counter(word for row in rows for word in set(row))
        found = np.array([documents[word] for word in words])
        idf = np.log(1 + len(rows) / (1 + found)).astype(np.float32)
        front = np.full(self.start, idf.mean() if len(idf) else 0, np.float32)
        idf = np.append(front, idf)
        self.set_vocabulary(words, np.pad(idf, (0, self.size - len(idf))).tolist())

    def number(self, word: str) -> int:
        if word in self.known:
            return self.known[word]
        if not self.unknown:
            sys.exit(f"{word!r} is not in the vocabulary")
        place = hash_text(word, self.salt) % self.unknown if self.unknown > 1 else 0
        return self.start - self.unknown + place

    def encoded(self, rows: list[list[int]]) -> Tensor:
        """Return a row for each row of numbers: which it has, or how often."""
        counts = word_counts(rows, self.size + 1)[:, : self.size]
        if self.mode == "multi_hot":
            counts = counts.clip(max=1)
        elif self.mode == "tf_idf":
            counts = counts * np.array(self.idf, np.float32)
        return torch.from_numpy(counts)

    def numbered(self, text: np.ndarray) -> list[list[int]]:
        if not self.vocabulary:
            sys.exit("there is no vocabulary yet: train, or give --weights")
        rows = self.rows(text)
        numbers = {word: self.number(word) for word in {w for row in rows for w in row}}
        return [[numbers[word] for word in row] for row in rows]

    def forward(self, text: np.ndarray) -> Tensor:
        rows = self.numbered(text)
        if self.mode in ("multi_hot", "count", "tf_idf"):
            return self.encoded(rows)
        numbers = torch.tensor(rows, dtype=torch.int64).view(text.shape)
        if self.mode == "int":
            return numbers
        return F.one_hot(numbers, self.size + 1)[..., : self.size].float()
