"""Tables: CSV and Parquet files."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Choice, Float, Int, Opt, Str, TupleOf
from kgen.catalogue.sources.base import (
    Source,
    SourceCode,
    Wanted,
    lines,
    misfit,
    only_one_input,
    tuple_text,
    variables,
)
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import Option

NAMES = Opt(TupleOf(Str(), single=True, empty=False))


class Table(Source, abstract=True):
    """Base of tables with a named column a feature.

    A column of `categorical` holds words (or numbers that name things): it becomes one column a
    word, or with `encoding=codes` the word's number. Words are numbered in sorted order. A model
    with several inputs gets the columns that its inputs are named after, text for those with
    `dtype=string`.
    """

    path: str = arg(Str(), "The file; `--data` reads another.")
    target: tuple[str, ...] = arg(
        TupleOf(Str(), single=True, empty=False), "Column (or columns) to predict."
    )
    features: tuple[str, ...] | None = arg(
        NAMES, "Columns to predict from; all others by default.", None
    )
    categorical: tuple[str, ...] | None = arg(NAMES, "Features that hold words.", None)
    encoding: str = arg(
        Choice("one_hot", "codes"), "What becomes of categorical features.", "one_hot"
    )
    normalize: bool = arg(
        Bool(),
        "Whether to bring the other features to mean 0 and deviation 1 (of the training part).",
        False,
    )
    test: float = arg(Float(min=0, below=1), "Fraction of the rows to test on.", 0.2)
    seed: int = arg(Int(min=0), "Seed of the split.", 0)

    weighs = True
    packages: ClassVar[tuple[str, ...]] = ()
    what: ClassVar[str]

    def check(self) -> None:
        for name in (*(self.features or ()), *(self.categorical or ())):
            if name in self.target:
                raise Fault("K203", f"column {name!r} is the target", arg="target")
        for name in self.categorical or ():
            if self.features is not None and name not in self.features:
                raise Fault("K203", f"{name!r} is none of the features", arg="categorical")

    @abstractmethod
    def reading(self) -> str:
        """Return the expression of the table: a dict from column to values."""

    def lower(self, wanted: Wanted) -> SourceCode:
        if len(wanted.inputs) > 1 or wanted.inputs[0][1].dtype == "string":
            return self.by_column(wanted)
        want = only_one_input(self, wanted)
        chained = self.chain("x", wanted.inputs[0][0]) is not None
        if want.rank != 1 and not chained:
            raise misfit(f"`{self.called_as}` yields rows of features, the model takes {want}")
        width = (
            len(self.features)
            if self.features and not (self.categorical and self.encoding == "one_hot")
            else None
        )
        size = width if chained else want.shape[0]
        if not chained and width is not None and size not in (None, width):
            raise misfit(f"`{self.called_as}` yields ({width},), the model takes {want}")
        body: list[Any] = [f"table = {self.reading()}"]
        weights = self.weights(wanted, body)
        kinds = [TensorType((size,))]
        if wanted.targets:
            kinds.append(self.targets(wanted, body))
        if self.features:
            body.append(f"features = {list(self.features)!r}")
        else:
            body.append(f"features = {self.others(wanted)}")
        more = f", categorical={list(self.categorical)!r}" if self.categorical else ""
        more += ", one_hot=False" if self.categorical and self.encoding == "codes" else ""
        measured = "measured" if self.normalize else "_"
        body.append(f"x, {measured} = feature_matrix(table, features{more})")
        body.append(f'x = as_samples("the table", x, {tuple_text([str(size)])}, np.float32)')
        body += self.splitting()
        arrays = ["x", "y"] if wanted.targets else ["x"]
        parts = [
            tuple_text([f"{a}[{p}]" for a in (*arrays, *weights[p])]) for p in ("train", "test")
        ]
        body.append(f"return {parts[0]}, {parts[1] if self.test else '()'}")
        return self.code(body, kinds)

    def by_column(self, wanted: Wanted) -> SourceCode:
        """Return the code for inputs that are columns each, or for one input of text."""
        for name in ("categorical", "encoding", "normalize"):
            if name in self.given:
                raise Fault(
                    "K203",
                    f"`{name}` belongs to a model with one input of numbers",
                    arg=name,
                    helps=("put layers such as `StringLookup` or `Normalization` into the model",),
                )
        if len(wanted.inputs) > 1 and self.features is not None:
            raise Fault("K203", "each input of the model names its column", arg="features")
        body: list[Any] = [f"table = {self.reading()}"]
        weights = self.weights(wanted, body)
        kinds: list[TensorType] = []
        arrays: list[str] = []
        names = variables("x", wanted.inputs)
        for variable, (name, kind) in zip(names, wanted.inputs, strict=True):
            arrays.append(variable)
            body.append(f"{arrays[-1]} = {self.column(name, kind, wanted)}")
            kinds.append(replace(kind, mask=False))
        if wanted.targets:
            kinds.append(self.targets(wanted, body))
            arrays.append("y")
        body += self.splitting(f"len({arrays[0]})")
        same = weights["train"] == weights["test"] or not self.test
        body.append(f"arrays = {tuple_text([*arrays, *(weights['train'] if same else [])])}")
        more = {p: "" if same or not w else f" + ({w[0]}[{p}],)" for p, w in weights.items()}
        parts = [f"tuple(a[{p}] for a in arrays){more[p]}" for p in ("train", "test")]
        body.append(f"return {parts[0]}, {parts[1] if self.test else '()'}")
        return self.code(body, kinds)

    def weights(self, wanted: Wanted, body: list[Any]) -> dict[str, list[str]]:
        """Add the statements that define sample weights; return the variables of each part."""
        given = wanted.weights
        if given.shape:
            raise misfit(
                f"a column has one weight a row, the losses of a sample have shape {given.shape}"
            )
        variables = {given.train: "weight", given.test: "test_weight"}
        variables[given.train or given.test] = "weight"
        for name, variable in variables.items():
            if name:
                column = f"number_column(table, {name!r})"
                body.append(f"{variable} = {column}.astype(np.float32)")
        found = {part: given.of(part) for part in ("train", "test")}
        return {part: [variables[name]] if name else [] for part, name in found.items()}

    def others(self, wanted: Wanted) -> str:
        """Return the expression of all columns but those of targets and weights."""
        known = dict.fromkeys((*self.target, wanted.weights.train, wanted.weights.test))
        return f"[name for name in table if name not in {[n for n in known if n]!r}]"

    def column(self, name: str, kind: TensorType, wanted: Wanted) -> str:
        """Return the expression of the array of an input: the column of its name, or several."""
        text = kind.dtype == "string"
        alone = len(wanted.inputs) > 1
        if alone and kind.shape not in ((), (1,)):
            raise misfit(f"the column {name!r} yields a value a row, the model takes {kind}")
        if not alone:
            names = self.others(wanted)
            if self.features is not None:
                names = str(list(self.features))
            shape = tuple_text([str(s) for s in kind.shape])
            return f'as_texts("the table", text_columns(table, {names}), {shape})'
        if text:
            return f"text_columns(table, [{name!r}])" + ("" if kind.shape else "[:, 0]")
        return (
            f"number_column(table, {name!r})"
            + ("[:, None]" if kind.shape else "")
            + f".astype({'bool' if kind.dtype == 'bool' else f'np.{kind.dtype}'})"
        )

    def code(self, body: list[Any], kinds: list[TensorType]) -> SourceCode:
        """Return the source in the script."""
        return SourceCode(
            f"Return the rows of the table: {', '.join(self.target)} from the features.",
            lines(*body),
            tuple(kinds),
            self.test > 0,
            (Option("data", "str", repr(self.path), self.what),),
            requires=self.packages,
        )

    def splitting(self, count: str = "len(x)") -> list[str]:
        """Return the statements that choose the rows of each part and standardize."""
        if not self.test and not self.normalize:
            return ["train = slice(None)"]
        body = [f"order = np.random.default_rng({self.seed}).permutation({count})"]
        if self.test:
            body += [
                f"split = round({count} * {1 - self.test:g})",
                "train, test = order[:split], order[split:]",
            ]
        else:
            body.append("train = order")
        if self.normalize:
            body.append("x = standardized(x, x[train], measured)")
        return body

    def targets(self, wanted: Wanted, body: list[Any]) -> TensorType:
        """Add the statements that define y; return its type."""
        name, want = wanted.targets[0]
        labels, units = wanted.labels[0], (want.shape[-1] if want.shape else 1)
        index = TensorType((), "int64")
        chained = self.chain("y", name) is not None
        if labels in ("index", "one_hot") or chained:
            if len(self.target) > 1:
                if labels != "one_hot" or units != len(self.target) or chained:
                    raise Fault("K203", "classes stand in one column", arg="target")
                body.append(f"y, _ = feature_matrix(table, {list(self.target)!r})")
                return TensorType((units,))
            count = wanted.classes[0] or units or 0
            limit = "" if chained else f", {count}"
            body.append(f"y = class_codes(table, {self.target[0]!r}{limit})")
            if labels == "index" or chained:
                return index
            body.append((f"y = np.eye({units}, dtype=np.float32)[y]", "one-hot"))
            return TensorType((units,))
        if units not in (None, len(self.target)) and len(want.shape) <= 1:
            raise misfit(
                f"`target` names {len(self.target)} columns, the model returns {want}",
                arg="target",
            )
        if labels == "binary" and len(self.target) == 1:
            body.append(
                f"y = class_codes(table, {self.target[0]!r}, 2)[:, None].astype(np.float32)"
            )
        else:
            body.append(f"y, _ = feature_matrix(table, {list(self.target)!r})")
        return TensorType((len(self.target),))


class Csv(Table):
    """A table in a CSV file whose first line names the columns."""

    delimiter: str = arg(Str(), "What separates the columns.", ",", keyword_only=True)

    what = "the CSV file to read"

    def check(self) -> None:
        super().check()
        if len(self.delimiter) != 1:
            raise Fault("K203", "`delimiter` must be one character", arg="delimiter")

    def reading(self) -> str:
        more = "" if self.delimiter == "," else f", {self.delimiter!r}"
        return f"read_csv(cfg.data{more})"


class Parquet(Table):
    """A table in a Parquet file. The script needs pandas and pyarrow."""

    what = "the Parquet file to read"
    packages = ("pandas", "pyarrow")

    def reading(self) -> str:
        return "read_parquet(cfg.data)"
