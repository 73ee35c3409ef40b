def kept_vocabulary(
    counts: collections.Counter, size: int, weights: str, save: str
) -> list[str]:
    """Return the most frequent symbols in sorted order, at most `size`.

    Weights only mean something with the vocabulary they were trained with: it is
    written beside the saved weights, and read from there when weights are given.
    """
    ending = ".vocabulary.json"
    kept = os.path.splitext(weights)[0] + ending
    if weights and os.path.isfile(kept):
        with open(kept, encoding="utf-8") as file:
            symbols = json.load(file)
        if not isinstance(symbols, list) or len(symbols) > size:
            sys.exit(f"{kept}: not a list of at most {size} symbols")
        return [str(symbol) for symbol in symbols]
    symbols = sorted(sorted(counts, key=lambda s: (-counts[s], s))[:size])
    if save:
        with open(os.path.splitext(save)[0] + ending, "w", encoding="utf-8") as file:
            json.dump(symbols, file, ensure_ascii=False)
    return symbols
