def read_word_ids(path: str, sha256: str, trust: bool, *names: str) -> list[np.ndarray]:
    """Return arrays of one of Keras' .npz files of word ids.

    The file holds Python lists, which only pickle can read. A pickle may run code, so a
    file that is not Keras' own is read only when the user trusts it, and even then
    nothing but numbers, lists and arrays is accepted from it.
    """
    path = os.path.expanduser(path)
    url = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    url += "imdb.npz" if "x_train" in names else "reuters.npz"
    if not os.path.isfile(path):
        sys.exit(f"{path}: no such file. Get {url} and give it with --data PATH.")
    try:
        with open(path, "rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != sha256 and not trust:
            sys.exit(f"{path}: not the file at {url}. To read it anyway: --trust-data")
        arrays = []
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in names:
                member = io.BytesIO(archive.read(f"{name}.npy"))
                version = np.lib.format.read_magic(member)
                # Skip the header; 3.0 has the layout of 2.0.
                if version == (1, 0):
                    dtype = np.lib.format.read_array_header_1_0(member)[2]
                else:
                    dtype = np.lib.format.read_array_header_2_0(member)[2]
                if dtype.hasobject:
                    array = ArrayUnpickler(member).load()
                else:
                    member.seek(0)
                    array = np.lib.format.read_array(member, allow_pickle=False)
                if not isinstance(array, np.ndarray) or array.ndim < 1:
                    raise ValueError(f"{name} is no array")
                arrays.append(array)
    except (
        OSError,
        EOFError,
        LookupError,
        MemoryError,
        TypeError,
        ValueError,
    ) as error:
        sys.exit(f"{path}: cannot be read as {os.path.basename(url)}: {error}")
    except (
        AttributeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        sys.exit(f"{path}: cannot be read as {os.path.basename(url)}: {error}")
    if len({len(array) for array in arrays[:2]}) != 1:
        sys.exit(f"{path}: {names[0]} and {names[1]} differ in length")
    return arrays
