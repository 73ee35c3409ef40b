def read_cifar(
    place: str, name: str, batches: list[str], labels: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, 32, 32, 3) and labels from a folder or .tar.gz of CIFAR."""
    inside = {"cifar-10": "cifar-10-batches-py", "cifar-100": "cifar-100-python"}[name]
    place = os.path.expanduser(place)
    folders = [
        os.path.join(place, *way)
        for way in ((), (inside,), (f"{inside}-target", inside))
    ]
    archives = [os.path.join(place, f"{n}.tar.gz") for n in (f"{name}-python", inside)]
    folder = next(
        (f for f in folders if os.path.isfile(os.path.join(f, batches[0]))), ""
    )
    archive = next((a for a in (place, *archives) if os.path.isfile(a)), "")
    if not folder and not archive:
        url = f"https://www.cs.toronto.edu/~kriz/{name}-python.tar.gz"
        sys.exit(f"{place}: no {inside} there. Get {url} and give it with --data PATH.")
    images, classes = [], []
    try:
        for batch in batches:
            if folder:
                with open(os.path.join(folder, batch), "rb") as file:
                    content = file.read()
            else:
                with tarfile.open(archive) as tar:
                    member = tar.extractfile(f"{inside}/{batch}")
                    content = member.read() if member else b""
            part = ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
            images.append(part[b"data"].reshape(-1, 3, 32, 32).astype(np.uint8))
            classes.append(np.asarray(part[labels.encode()], np.int64))
    except (OSError, EOFError, tarfile.TarError, pickle.UnpicklingError) as error:
        sys.exit(f"{folder or archive}: cannot be read as CIFAR batches: {error}")
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        TypeError,
        ValueError,
    ):
        sys.exit(f"{folder or archive}: does not hold CIFAR batches")
    x = np.concatenate(images).transpose(0, 2, 3, 1)  # channels last
    return np.ascontiguousarray(x), np.concatenate(classes)
