"""Files of arrays that weights start from: `weights="dense.npz"` and `Constant("glove.npy")`."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.kinds import Kind, Mismatch
from kgen.catalogue.words import show_value

ENDINGS = (".npy", ".npz")


class ArrayFiles(Kind):
    """The names of one or more NumPy files."""

    expects = "the name of a .npy or .npz file"
    many = "names of .npy or .npz files"

    def convert(self, value: Any) -> tuple[str, ...]:
        names = value if isinstance(value, list | tuple) else (value,)
        if names and all(isinstance(n, str) and n.endswith(ENDINGS) for n in names):
            return tuple(names)
        wrong = next((n for n in names if not str(n).endswith(ENDINGS)), "weights")
        named = isinstance(wrong, str) and wrong.isidentifier()
        help = saved(wrong if named else "weights")
        raise Mismatch(f"must be {self.expects}, got {show_value(value)}", help, sure=named)


class ArrayFile(ArrayFiles):
    """The name of one NumPy file."""

    def convert(self, value: Any) -> Any:
        (name,) = super().convert(value)
        return name


def saved(name: str) -> str:
    """Return how an array of Python becomes a file."""
    return f'save it with `np.save("{name}.npy", {name})`, and write `"{name}.npy"` here'
