def read_documents(
    folder: str, limit: int = 0, classes: list[str] | None = None
) -> tuple[list[str], np.ndarray, list[str]]:
    """Return the .txt files of a folder per class, their classes, and class names.

    Args:
        folder: The folder of the class folders.
        limit: How many classes the model tells apart; 0 for any number.
        classes: The names of the classes; those of the folders by default.
    """
    folder = os.path.expanduser(folder)
    if not os.path.isdir(folder):
        sys.exit(f"{folder}: no such folder. Give another with --data PATH.")
    names = classes or sorted(e.name for e in os.scandir(folder) if e.is_dir())
    if not names or (limit and len(names) > limit):
        sys.exit(
            f"{folder}: {len(names)} class folders, the model tells {limit or 1} apart"
        )
    texts, labels = [], []
    for label, name in enumerate(names):
        place = os.path.join(folder, name)
        for file in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            if file.endswith(".txt"):
                texts.append(read_text(os.path.join(place, file)))
                labels.append(label)
    if not texts:
        sys.exit(f"{folder}: no .txt files in its class folders")
    return texts, np.array(labels, np.int64), names
