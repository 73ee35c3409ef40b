"""The real data sets that scikit-learn ships."""

from __future__ import annotations

from typing import ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Float, Int
from kgen.catalogue.sources.base import (
    Source,
    SourceCode,
    Wanted,
    finish,
    fit_inputs,
    lines,
    misfit,
    only_one_input,
    return_parts,
)
from kgen.ir.shapes import TensorType


class Bundled(Source, abstract=True):
    """Base of scikit-learn's data sets.

    Class attributes:
        loader: The function of `sklearn.datasets`.
        sample: Type of one sample.
        labels: How many classes there are; 0 where the target is a number.
        about: What it is, for the docstring.
    """

    test: float = arg(Float(min=0, below=1), "Fraction of the samples to test on.", 0.2)
    seed: int = arg(Int(min=0), "Seed of the split.", 0)

    loader: ClassVar[str]
    sample: ClassVar[TensorType]
    labels: ClassVar[int]
    about: ClassVar[str]

    def types(self) -> tuple[TensorType | None, TensorType | None]:
        target = TensorType((), "int64") if self.labels else TensorType((1,))
        return self.sample, target

    def reading(self) -> list[str]:
        """Return the statements that define x and y."""
        return [f"x, y = {self.loader}(return_X_y=True)"]

    def preparing(self) -> list[str]:
        """Return the statements that prepare the split parts."""
        return []

    def parts(self) -> tuple[str, ...]:
        return ("train", "test") if self.test else ("train",)

    def lower(self, wanted: Wanted) -> SourceCode:
        want = only_one_input(self, wanted)
        call, x_kind = fit_inputs(self, self.sample, want, wanted.inputs[0][0])
        imports = [f"from sklearn.datasets import {self.loader}"]
        body: list[str | tuple[str, str]] = list(self.reading())
        if self.test:
            stratify = ", stratify=y" if self.labels else ""
            body.append(
                "x_train, x_test, y_train, y_test = train_test_split("
                f"x, y, test_size={self.test}, random_state={self.seed}{stratify})"
            )
            imports.append("from sklearn.model_selection import train_test_split")
        else:
            body.append("x_train, y_train = x, y")
        body += self.preparing()
        body += [f"x_{p} = x_{p}{call}" for p in self.parts() if call]
        if self.labels:
            kinds = finish(self, wanted, body, x_kind, self.parts(), self.labels)
        else:
            kinds = (x_kind, *self.numbers(wanted, body))
            body.append(return_parts(self.parts(), bool(wanted.targets)))
        return SourceCode(
            f"Return {self.about}.",
            lines(*body),
            kinds,
            self.test > 0,
            imports=tuple(imports),
            requires=("scikit-learn",),
        )

    def numbers(self, wanted: Wanted, body: list[str | tuple[str, str]]) -> list[TensorType]:
        """Add the statements for a target that is a number; return its type."""
        if not wanted.targets:
            return []
        name, want = wanted.targets[0]
        if self.chain("y", name) is None and want.shape != (1,):
            raise misfit(f"`{self.called_as}` yields one number, the model returns {want}")
        body += [f"y_{p} = y_{p}[:, None].astype(np.float32)" for p in self.parts()]
        return [TensorType((1,))]


class Digits(Bundled):
    """1797 handwritten digits of 8 x 8 pixels with values from 0 to 16, in ten classes."""

    loader = "load_digits"
    sample = TensorType((8, 8), "uint8")
    labels = 10
    about = "handwritten digits: 8 x 8 pixels with values from 0 to 16"

    def reading(self) -> list[str]:
        return ["digits = load_digits()", "x, y = digits.images.astype(np.uint8), digits.target"]


class Table(Bundled, abstract=True):
    """Base of the tables: features are standardized unless `normalize=False`."""

    normalize: bool = arg(
        Bool(), "Whether to bring features to mean 0 and deviation 1 (of the training part).", True
    )

    def preparing(self) -> list[str]:
        if not self.normalize:
            return [f"x_{p} = x_{p}.astype(np.float32)" for p in self.parts()]
        return ["mean, std = x_train.mean(0), x_train.std(0)"] + [
            f"x_{p} = ((x_{p} - mean) / std).astype(np.float32)" for p in self.parts()
        ]


class Iris(Table):
    """150 irises: four measures, three species."""

    loader, sample, labels = "load_iris", TensorType((4,)), 3
    about = "150 irises: four measures, three species"


class Wine(Table):
    """178 wines: thirteen measures, three growers."""

    loader, sample, labels = "load_wine", TensorType((13,)), 3
    about = "178 wines: thirteen measures, three growers"


class BreastCancer(Table):
    """569 tumours: thirty measures, malignant (0) or benign (1)."""

    loader, sample, labels = "load_breast_cancer", TensorType((30,)), 2
    about = "569 tumours: thirty measures, malignant (0) or benign (1)"


class Diabetes(Table):
    """442 patients: ten measures, and how far the disease went in a year (a number)."""

    loader, sample, labels = "load_diabetes", TensorType((10,)), 0
    about = "442 patients: ten measures, and how far the disease went in a year"
