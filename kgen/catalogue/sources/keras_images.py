"""The image sets of `keras.datasets`, read from the files that Keras keeps."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Opt, Str
from kgen.catalogue.sources.base import (
    Source,
    SourceCode,
    Wanted,
    finish,
    fit_inputs,
    lines,
    only_one_input,
    tuple_text,
)
from kgen.ir.shapes import TensorType
from kgen.torch_ir import Option

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


class KerasImages(Source, abstract=True):
    """Base of the image sets. Pixels are integers from 0 to 255.

    Class attributes:
        sample: Type of one image.
        labels: How many classes there are.
        about: What it is, for the docstring.
        kept: Where Keras keeps it.
        what: What `--data` names.
    """

    sample: ClassVar[TensorType]
    labels: ClassVar[int]
    about: ClassVar[str]
    kept: ClassVar[str]
    what: ClassVar[str]

    path: str | None = arg(Opt(Str()), "Where it is; where Keras keeps it by default.", None)

    def types(self) -> tuple[TensorType | None, TensorType | None]:
        return self.sample, TensorType((), "int64")

    @abstractmethod
    def reading(self) -> list[str]:
        """Return the statements that define x_train, y_train, x_test and y_test."""

    def lower(self, wanted: Wanted) -> SourceCode:
        want = only_one_input(self, wanted)
        call, x_kind = fit_inputs(self, self.sample, want, wanted.inputs[0][0])
        sizes = tuple_text([str(size) for size in self.sample.shape])
        body: list[str | tuple[str, str]] = list(self.reading())
        for p in ("train", "test"):
            body += [
                f"x_{p} = as_samples('x_{p}', x_{p}, {sizes})",
                f"y_{p} = as_classes('y_{p}', y_{p}, {self.count()})",
                f"check_lengths(x_{p}=x_{p}, y_{p}=y_{p})",
            ]
        if call:
            body += [f"x_{p} = x_{p}{call}" for p in ("train", "test")]
        kinds = finish(self, wanted, body, x_kind, ("train", "test"), self.count())
        return SourceCode(
            f"Return {self.about}.",
            lines(*body),
            kinds,
            True,
            (Option("data", "str", repr(self.path or self.kept), self.what),),
        )

    def count(self) -> int:
        """Return the number of classes."""
        return self.labels


class Mnist(KerasImages):
    """MNIST: 70,000 handwritten digits of 28 x 28 pixels, in ten classes."""

    sample, labels = TensorType((28, 28), "uint8"), 10
    about = "MNIST: handwritten digits of 28 x 28 pixels"
    kept = "~/.keras/datasets/mnist.npz"
    what = "mnist.npz as Keras keeps it"

    def reading(self) -> list[str]:
        names = ["x_train", "y_train", "x_test", "y_test"]
        how = f"Get it from {URL}mnist.npz"
        return [
            f"{', '.join(names)} = read_npz(cfg.data, {', '.join(map(repr, names))}, how={how!r})"
        ]


class FashionMnist(KerasImages):
    """Fashion-MNIST: 70,000 pictures of clothes of 28 x 28 pixels, in ten classes."""

    sample, labels = TensorType((28, 28), "uint8"), 10
    about = "Fashion-MNIST: pictures of clothes of 28 x 28 pixels"
    kept = "~/.keras/datasets/fashion-mnist"
    what = "folder of the four .gz files"

    def reading(self) -> list[str]:
        return [
            f'x_{p} = read_idx(cfg.data, "{q}-images-idx3-ubyte.gz")\n'
            f'y_{p} = read_idx(cfg.data, "{q}-labels-idx1-ubyte.gz")'
            for p, q in (("train", "train"), ("test", "t10k"))
        ]


class Cifar10(KerasImages):
    """CIFAR-10: 60,000 colour images of 32 x 32 pixels, in ten classes."""

    sample, labels = TensorType((32, 32, 3), "uint8"), 10
    about = "CIFAR-10: colour images of 32 x 32 pixels"
    kept = "~/.keras/datasets"
    what = "folder or .tar.gz file of CIFAR-10's Python version"

    def reading(self) -> list[str]:
        return [
            'batches = [f"data_batch_{i}" for i in range(1, 6)]',
            'x_train, y_train = read_cifar(cfg.data, "cifar-10", batches, "labels")',
            'x_test, y_test = read_cifar(cfg.data, "cifar-10", ["test_batch"], "labels")',
        ]


class Cifar100(KerasImages):
    """CIFAR-100: 60,000 colour images of 32 x 32 pixels, in 100 fine or 20 coarse classes."""

    label_mode: str = arg(Choice("fine", "coarse"), "Which classes.", "fine")

    sample, labels = TensorType((32, 32, 3), "uint8"), 100
    about = "CIFAR-100: colour images of 32 x 32 pixels"
    kept = "~/.keras/datasets"
    what = "folder or .tar.gz file of CIFAR-100's Python version"

    def reading(self) -> list[str]:
        return [
            f'x_{p}, y_{p} = read_cifar(cfg.data, "cifar-100", ["{p}"], "{self.label_mode}_labels")'
            for p in ("train", "test")
        ]

    def count(self) -> int:
        return 100 if self.label_mode == "fine" else 20
