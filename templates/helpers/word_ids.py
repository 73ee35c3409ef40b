def word_ids(
    parts: list[tuple[np.ndarray, np.ndarray]],
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> list[tuple[list[list[int]], np.ndarray]]:
    """Shuffle and renumber word ids as `load_data` of Keras' text sets does.

    Args:
        parts: Sequences and labels of each part.
        num_words: Ids from here on are left out.
        skip_top: Ids below this are left out.
        maxlen: Sequences that are not shorter than this are left out.
        seed: Seed of the shuffling.
        start_char: Id that begins every sequence.
        oov_char: Takes the place of left-out ids; None drops them.
        index_from: Added to every id, which makes room for the special ones.
    """
    rng = np.random.RandomState(seed)
    start = [] if start_char is None else [start_char]
    shuffled = []
    for sequences, labels in parts:
        order = np.arange(len(sequences))
        rng.shuffle(order)
        renumbered = [start + [w + index_from for w in sequences[i]] for i in order]
        kept = [maxlen is None or len(s) < maxlen for s in renumbered]
        renumbered = [s for s, keep in zip(renumbered, kept) if keep]
        shuffled.append((renumbered, np.asarray(labels)[order][kept]))
    # Without `num_words` Keras cuts at the highest id, which is itself left out.
    ids = (w for sequences, _ in shuffled for s in sequences for w in s)
    limit = num_words or max(ids, default=0)
    result = []
    for sequences, labels in shuffled:
        if not sequences:
            sys.exit(f"no sequence is shorter than maxlen={maxlen}")
        if oov_char is None:
            cut = [[w for w in s if skip_top <= w < limit] for s in sequences]
        else:
            cut = [
                [w if skip_top <= w < limit else oov_char for w in s] for s in sequences
            ]
        result.append((cut, labels))
    return result
