"""HDF5 files as Keras writes them, read with care: only what is in the file, only honest sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kgen.diagnostics import Fault

if TYPE_CHECKING:
    from kgen.frontends.keras.container import Opener

MAX_NAMES = 1_000_000
NUMBERS = "fiub"


def load_h5py() -> Any:
    """Return the module `h5py`, or say how to get it."""
    try:
        import h5py
    except ImportError:
        raise Fault(
            "K612",
            "reading HDF5 needs the package h5py",
            helps=('install it: `pip install "kgen[weights]"`',),
        ) from None
    return h5py


@contextmanager
def honest() -> Iterator[None]:
    """Say of what HDF5 itself cannot read that the file is damaged."""
    try:
        yield
    except (
        OSError,
        RuntimeError,
        LookupError,
        ValueError,
        TypeError,
        ArithmeticError,
        MemoryError,
    ) as error:
        raise Fault("K611", f"the HDF5 file is damaged: {plain(error)}") from None


class Hdf5:
    """One or more HDF5 files, read as one: a large model's weights may lie in several.

    Args:
        openers: Open the files.
        mode: "r", or "r+" to change them.
    """

    def __init__(self, openers: Sequence[Opener], mode: str = "r") -> None:
        self.openers = openers
        self.mode = mode
        self.files: list[Any] = []
        self.size = 0
        self.read_bytes = 0

    def __enter__(self) -> Hdf5:
        self.h5py = load_h5py()
        for opener in self.openers:
            file = opener()
            self.size += file.seek(0, 2)
            file.seek(0)
            with honest():
                self.files.append(self.h5py.File(file, self.mode))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self.files:
            file.close()

    def attributes(self, path: str = "") -> Mapping[str, Any]:
        """Return the attributes of a group of the first file."""
        group = self.find(path)
        with honest():
            return {} if group is None else dict(group.attrs.items())

    def find(self, path: str, file: Any = None) -> Any:
        """Return a group or dataset, None where there is none; only links within the file count."""
        found = file if file is not None else self.files[0]
        with honest():
            for step in [s for s in path.split("/") if s]:
                if not isinstance(found, self.h5py.Group):
                    return None
                link = found.get(step, getlink=True)
                if link is None:
                    return None
                if not isinstance(link, self.h5py.HardLink):
                    raise Fault("K611", f"`{path}` in the HDF5 file leads out of it")
                found = found[step]
        return found

    def variables(self, path: str) -> list[Any]:
        """Return the datasets `path/vars/0`, `path/vars/1`, ... over all files."""
        found: dict[int, Any] = {}
        for file in self.files:
            group = self.find(f"{path}/vars", file)
            if not isinstance(group, self.h5py.Group):
                continue
            with honest():
                keys = list(group)
            for key in keys:
                if key.isascii() and key.isdigit():
                    found[int(key)] = self.find(f"{path}/vars/{key}", file)
        return [found[i] for i in sorted(found)]

    def array(self, dataset: Any, path: str, shape: Sequence[int] | None = None) -> Any:
        """Return a dataset as a NumPy array after checking what it claims.

        Args:
            dataset: The dataset.
            path: Its path, for messages.
            shape: The shape it must have; any by default.
        """
        if not isinstance(dataset, self.h5py.Dataset):
            raise Fault("K610", f"`{path}` in the weights is no array")
        with honest():
            elsewhere = dataset.external or dataset.is_virtual
            brain = dataset.dtype == "V2" and dataset.attrs.get("dtype") == "bfloat16"
            known = dataset.dtype.kind in NUMBERS or brain
            numbers = known and dataset.shape is not None
        if elsewhere:
            raise Fault("K611", f"`{path}` in the HDF5 file leads out of it")
        if not numbers:
            raise Fault("K610", f"`{path}` in the weights holds no numbers")
        if shape is not None and tuple(dataset.shape) != tuple(shape):
            raise Fault(
                "K610",
                f"`{path}` in the weights has the shape {tuple(dataset.shape)}, the model needs "
                f"{tuple(shape)}",
            )
        from kgen.frontends.keras.container import MAX_RATIO, SMALL

        self.read_bytes += dataset.size * dataset.dtype.itemsize
        if self.read_bytes > max(SMALL, MAX_RATIO * self.size):
            raise Fault("K611", "the HDF5 file claims far more than it holds")
        with honest():
            return from_bfloat16(dataset[()]) if brain else dataset[()]


def from_bfloat16(array: Any) -> Any:
    """Return float32 numbers for those whose upper halves Keras has stored."""
    import numpy as np

    upper = np.frombuffer(array.tobytes(), "<u2").astype("<u4")
    return (upper << 16).view("<f4").reshape(array.shape)


def names_attribute(attributes: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of names; Keras splits a long one into `key0`, `key1`, ..."""
    parts = [attributes[key]] if key in attributes else []
    while f"{key}{len(parts)}" in attributes and key not in attributes:
        parts.append(attributes[f"{key}{len(parts)}"])
    names: list[str] = []
    for part in parts:
        values = part if getattr(part, "ndim", 0) else [part]
        names += [text_of(value) for value in values]
        if len(names) > MAX_NAMES:
            raise Fault("K611", f"`{key}` in the HDF5 file is too long")
    return names


def attribute_text(attributes: Mapping[str, Any], key: str) -> str:
    """Return a text attribute, "" where there is none."""
    from kgen.frontends.keras.container import CONFIG_LIMIT

    value = attributes.get(key, "")
    if not isinstance(value, str | bytes):
        raise Fault("K611", f"`{key}` in the HDF5 file is no text")
    if len(value) > CONFIG_LIMIT:
        raise Fault("K611", f"`{key}` in the HDF5 file is larger than {CONFIG_LIMIT >> 20} MiB")
    return text_of(value)


def text_of(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def plain(error: BaseException) -> str:
    """Return what a library says, shortened."""
    return " ".join(str(error).strip("'\"").split())[:200]
