def read_images(
    folder: str,
    size: tuple[int, int],
    mode: str,
    limit: int = 0,
    classes: list[str] | None = None,
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the pictures of a folder per class, their classes, and the names of these.

    Args:
        folder: The folder of the class folders.
        size: Height and width to resize to.
        mode: Pillow's mode: L (grey), RGB or RGBA.
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
    endings = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
    pictures, labels = [], []
    for label, name in enumerate(names):
        place = os.path.join(folder, name)
        for file in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            path = os.path.join(place, file)
            if not file.lower().endswith(endings):
                continue
            try:
                with Image.open(path) as picture:
                    shape = (size[1], size[0])  # Pillow has the width first
                    resized = picture.convert(mode).resize(
                        shape, Image.Resampling.BILINEAR
                    )
            except (
                OSError,
                SyntaxError,
                ValueError,
                Image.DecompressionBombError,
            ) as error:
                sys.exit(f"{path}: cannot be read as a picture: {error}")
            pictures.append(np.asarray(resized).reshape(*size, len(mode)))
            labels.append(label)
    if not pictures:
        sys.exit(f"{folder}: no pictures ({', '.join(endings)}) in its class folders")
    return np.stack(pictures), np.array(labels, np.int64), names
