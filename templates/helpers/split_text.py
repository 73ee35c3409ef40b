def split_text(
    texts: list[str],
    lower: bool = True,
    strip: bool = True,
    split: str | None = "whitespace",
    ngrams: tuple[int, ...] = (1,),
) -> list[list[str]]:
    """Return the words of each text as Keras' `TextVectorization` finds them.

    Like TensorFlow it knows the lower case and the blanks of ASCII only.
    """
    result = []
    for text in texts:
        data = text.encode()
        data = data.lower() if lower else data
        data = data.translate(None, string.punctuation.encode()) if strip else data
        if split == "whitespace":
            words = [word.decode() for word in data.split()]
        else:
            words = list(data.decode()) if split == "character" else [data.decode()]
        runs = ((words[i : i + n] for i in range(len(words) - n + 1)) for n in ngrams)
        result.append([" ".join(run) for several in runs for run in several])
    return result
