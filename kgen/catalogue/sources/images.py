"""Pictures: a folder per class."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Either, Float, Int, Ints, Opt, Str
from kgen.catalogue.sources.base import (
    Source,
    SourceCode,
    Wanted,
    finish,
    lines,
    misfit,
    only_one_input,
)
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import Option


class Images(Source):
    """Pictures in a folder per class, whose name is the class. The script needs Pillow.

    Pixels are integers from 0 to 255. Classes are numbered in the order of their names.
    """

    directory: str = arg(Str(), "The folder of the class folders; `--data` reads another.")
    size: tuple[int, int] | None = arg(
        Opt(Ints(2)), "Height and width to resize to; the model's by default.", None
    )
    test: Any = arg(
        Either(Float(min=0, below=1), Str()),
        "Fraction of the pictures to test on, or the folder of the test pictures.",
        0.2,
    )
    seed: int = arg(Int(min=0), "Seed of the split.", 0)
    channels: int | None = arg(
        Opt(Int(min=1, max=4)), "1 grey, 3 colour, 4 with alpha; the model's by default.", None
    )

    renamed = {"dir": "directory", "image_size": "size", "target_size": "size"}

    def types(self) -> tuple[TensorType | None, TensorType | None]:
        if self.size is None:
            return None, TensorType((), "int64")
        return TensorType((*self.size, self.channels or 3), "uint8"), TensorType((), "int64")

    def check(self) -> None:
        if self.channels == 2:
            raise Fault("K203", "pictures have 1, 3 or 4 channels", arg="channels")

    def lower(self, wanted: Wanted) -> SourceCode:
        kind = self.sample(only_one_input(self, wanted), wanted.inputs[0][0])
        height, width, channels = kind.shape
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels or 3]
        options = f"({height}, {width}), {mode!r}"
        units = wanted.classes[0] if wanted.classes else 0
        if wanted.labels and wanted.labels[0] == "binary":
            units = 2
        limit = f", {units}" if units else ""
        body: list[Any] = [f"x, y, classes = read_images(cfg.data, {options}{limit})"]
        if isinstance(self.test, str):
            body += [
                f"x_test, y_test, _ = read_images({self.test!r}, {options}, classes=classes)",
                "x_train, y_train = x, y",
            ]
        elif self.test:
            body += [
                f"order = np.random.default_rng({self.seed}).permutation(len(x))",
                f"split = round(len(x) * {1 - self.test:g})",
                "train, test = order[:split], order[split:]",
                "x_train, y_train, x_test, y_test = x[train], y[train], x[test], y[test]",
            ]
        else:
            body.append("x_train, y_train = x, y")
        parts = ("train", "test") if self.test else ("train",)
        if kind.dtype == "float32":
            body += [f"x_{p} = x_{p}.astype(np.float32)" for p in parts]
        kinds = finish(self, wanted, body, kind, parts, 0)
        return SourceCode(
            "Return the pictures of the class folders.",
            lines(*body),
            kinds,
            bool(self.test),
            (Option("data", "str", repr(self.directory), "the folder of the class folders"),),
            requires=("pillow",),
        )

    def sample(self, want: TensorType, name: str) -> TensorType:
        """Return the type of one picture."""
        chained = self.chain("x", name) is not None
        fixed = want.rank == 3 and not chained
        size = self.size or (want.shape[:2] if want.rank == 3 else (None, None))
        if None in size:
            raise Fault("K202", f"`{self.called_as}` is missing `size`", arg="size")
        channels = self.channels or (want.shape[2] if want.rank == 3 else 3)
        kind = TensorType((*size, channels), "uint8")
        if chained:
            return kind
        if not fixed or kind.shape != want.shape or channels not in (1, 3, 4):
            raise misfit(
                f"`{self.called_as}` yields {kind}, the model takes {want}",
                arg="size" if "size" in self.given else "",
            )
        return TensorType(kind.shape, "float32")
