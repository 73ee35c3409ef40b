def frequent_words(
    counts: collections.Counter, size: int, weights: str, save: str
) -> list[str]:
    """Return the most frequent words, at most `size`, the most frequent first.

    Weights only mean something with the vocabulary they were trained with: it is
    written beside the saved weights, and read from there when weights are given.
    """
    ending = ".vocabulary.json"
    kept = os.path.splitext(weights)[0] + ending
    if weights and os.path.isfile(kept):
        with open(kept, encoding="utf-8") as file:
            words = json.load(file)
        if not isinstance(words, list) or len(words) > size:
            sys.exit(f"{kept}: not a list of at most {size} words")
        return [str(word) for word in words]
    # Of equally frequent words the last in the alphabet comes first, as in Keras.
    known = [word for word in counts if word not in ("", "[UNK]")]
    words = sorted(known, key=lambda word: (counts[word], word), reverse=True)[:size]
    if save:
        with open(os.path.splitext(save)[0] + ending, "w", encoding="utf-8") as file:
            json.dump(words, file, ensure_ascii=False)
    return words
