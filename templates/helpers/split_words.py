def split_words(texts: list[str]) -> list[list[str]]:
    """Return the words of each text: letters, digits and apostrophes, in lower case."""
    return [re.findall(r"[\w']+", text.lower()) for text in texts]
