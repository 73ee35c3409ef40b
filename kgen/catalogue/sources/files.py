"""NumPy files: `.npz` archives and `.npy` arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Int, Opt, Str, TupleOf
from kgen.catalogue.layers.preparation import OneHot
from kgen.catalogue.sources.base import (
    FLOATS,
    Source,
    SourceCode,
    Wanted,
    lines,
    misfit,
    tuple_text,
)
from kgen.diagnostics import Fault
from kgen.ir.shapes import Shape, TensorType, element_count
from kgen.torch_ir import Line, Option

KEYS = Opt(TupleOf(Str(), single=True, empty=False))


class Arrays(Source, abstract=True):
    """Base of sources that read arrays as the model wants them, whatever their names are.

    Without a chain an array must have the model's shape. With an `x` chain that begins by
    changing the shape (`Reshape(784)`) only the number of elements must fit; `shape` says more.
    """

    weighs = True

    shape: Shape | None = arg(
        Opt(TupleOf(Int(min=1), single=True)),
        "Shape of one stored sample, where the `x` chain cannot tell it.",
        None,
        keyword_only=True,
    )

    def stored(self, part: str, name: str, want: TensorType, labels: str = "") -> TensorType:
        """Return the type of one sample as it is stored; the axes it leaves open are None."""
        chain = self.chain(part, name)
        if chain is None:
            dtype = "float32" if want.dtype in FLOATS else want.dtype
            return replace(want, dtype=dtype, mask=False)
        if part == "x" and self.shape is not None:
            return TensorType(self.shape, "uint8")
        names = [type(layer).__name__ for layer in chain]
        if part == "y" and names and names[0] in ("OneHot", "CategoryEncoding"):
            return TensorType((), "int64")
        if any(n in ("Reshape", "Flatten") for n in names):
            size = element_count(want.shape)
            if size is not None:
                return TensorType((size,), "uint8")
        return replace(want, dtype="uint8", mask=False)

    def limit(self, part: str, name: str, unprepared: int) -> int:
        """Return what the numbers of an array must be less than, 0 where nothing is known.

        Args:
            part: `x` or `y`.
            name: The input or output.
            unprepared: The answer for an array that no chain prepares.
        """
        chain = self.chain(part, name)
        if not chain:
            return unprepared
        return chain[0].num_classes if isinstance(chain[0], OneHot) else 0

    def reading(
        self, wanted: Wanted, variables: Sequence[str], has_test: bool, weights: Sequence[str]
    ) -> tuple[list[Line], tuple[TensorType, ...]]:
        """Return the statements that check the arrays and return them, and their types.

        Args:
            wanted: What the model wants.
            variables: The arrays: inputs and targets of training, then those of test.
            has_test: Whether there are test arrays.
            weights: The arrays of sample weights, "" for a part without: of training, of test.
        """
        kinds = [self.stored("x", n, t) for n, t in wanted.inputs]
        kinds += [self.stored("y", n, t) for n, t in wanted.targets]
        chained = [self.chain("x", n) is not None for n, _ in wanted.inputs]
        chained += [self.chain("y", n) is not None for n, _ in wanted.targets]
        inputs, targets = enumerate(wanted.inputs), enumerate(wanted.targets)
        limits = [self.limit("x", n, wanted.vocabulary(i)) for i, (n, _) in inputs]
        limits += [self.limit("y", n, wanted.limit(i)) for i, (n, _) in targets]
        count = len(kinds)
        made = []
        for i, variable in enumerate(variables):
            kind, prepared = kinds[i % count], chained[i % count]
            dtype = "" if prepared else f", np.{numpy_dtype(kind)}"
            dtype += f", below={limits[i % count]}" if limits[i % count] else ""
            shape = tuple_text([str(s) for s in kind.shape])
            if kind.dtype == "string":
                made.append(Line(f"{variable} = as_texts({variable!r}, {variable}, {shape})"))
                continue
            made.append(Line(f"{variable} = as_samples({variable!r}, {variable}, {shape}{dtype})"))
        shape = tuple_text([str(s) for s in wanted.weights.shape])
        made += [
            Line(f"{weight} = as_weights({weight!r}, {weight}, {shape})")
            for weight in filter(None, weights)
        ]
        parts = [variables[:count], variables[count:]][: 1 + has_test]
        parts = [[*p, *([w] if w else [])] for p, w in zip(parts, weights, strict=False)]
        for part in parts:
            if len(part) > 1:
                named = ", ".join(f"{v}={v}" for v in part)
                made.append(Line(f"check_lengths({named})"))
        texts = [*map(tuple_text, parts), *([] if has_test else ["()"])]
        made.append(Line(f"return {', '.join(texts)}"))
        return made, tuple(kinds)


def numpy_dtype(kind: TensorType) -> str:
    """Return numpy's name of a type's elements."""
    return {"bool": "bool_"}.get(kind.dtype, kind.dtype)


class Npz(Arrays):
    """Arrays of a `.npz` file, by default `x_train`, `y_train`, `x_test` and `y_test`.

    A model with several inputs or outputs takes a list of names for each.
    """

    path: str = arg(Str(), "The file; `--data` reads another.")
    x_train: Any = arg(KEYS, "Name of the training inputs.", "x_train")
    y_train: Any = arg(KEYS, "Name of the training targets.", "y_train")
    x_test: Any = arg(KEYS, "Name of the test inputs; None where there are none.", "x_test")
    y_test: Any = arg(KEYS, "Name of the test targets.", "y_test")

    def lower(self, wanted: Wanted) -> SourceCode:
        has_test = self.x_test is not None
        keys: list[str] = []
        for part in ("train", "test") if has_test else ("train",):
            keys += self.keys(f"x_{part}", len(wanted.inputs))
            keys += self.keys(f"y_{part}", len(wanted.targets))
        count = len(keys)
        given = [wanted.weights.train, wanted.weights.test if has_test else ""]
        keys += filter(None, given)
        variables = unique_variables(keys)
        targets = ", ".join(variables)
        left = targets if len(variables) > 1 else f"({targets},)"
        names = ", ".join(map(repr, keys))
        rest = iter(variables[count:])
        weights = [next(rest) if name else "" for name in given]
        made, kinds = self.reading(wanted, variables[:count], has_test, weights)
        return SourceCode(
            "Return the arrays of the file.",
            (Line(f"{left} = read_npz(cfg.data, {names})"), *made),
            kinds,
            has_test,
            (Option("data", "str", repr(self.path), "the .npz file to read"),),
        )

    def keys(self, argument: str, count: int) -> Sequence[str]:
        """Return the names of the arrays for `count` inputs or targets."""
        if count == 0:
            return ()
        given: Sequence[str] = getattr(self, argument) or ()
        if len(given) != count:
            what = "input" if argument.startswith("x") else "output"
            raise Fault(
                "K406",
                f"the model has {count} {what}s, `{argument}` names {len(given)} arrays",
                arg=argument,
                helps=(f"list them: `{argument}=[a, b]`",),
            )
        return given


PATH_OR_CHAIN = "a path, or a chain of layers"


class Npy(Arrays):
    """Arrays of `.npy` files, memory-mapped. `x` and `y` name the training files."""

    x_train: Any = arg(KEYS, "File of the training inputs; also `x=`.", None)
    y_train: Any = arg(KEYS, "File of the training targets; also `y=`.", None)
    x_test: Any = arg(KEYS, "File of the test inputs.", None)
    y_test: Any = arg(KEYS, "File of the test targets.", None)

    def check(self) -> None:
        for short, long in (("x", "x_train"), ("y", "y_train")):
            value = getattr(self, short)
            paths = (isinstance(value, str) and value != "x") or (
                isinstance(value, tuple | list) and all(isinstance(v, str) for v in value)
            )
            if paths:
                setattr(self, long, (value,) if isinstance(value, str) else tuple(value))
                setattr(self, short, None)
        if self.x_train is None:
            raise Fault("K202", f"`{self.called_as}` is missing `x`")

    def lower(self, wanted: Wanted) -> SourceCode:
        has_test = self.x_test is not None
        paths: list[str] = []
        variables: list[str] = []
        parts = ("train", "test") if has_test else ("train",)
        for part in parts:
            for letter, count in (("x", len(wanted.inputs)), ("y", len(wanted.targets))):
                files = getattr(self, f"{letter}_{part}") or ()
                if count and len(files) != count:
                    what = "inputs" if letter == "x" else "outputs"
                    raise misfit(
                        f"the model has {count} {what}, `{letter}_{part}` names {len(files)} files",
                        arg=f"{letter}_{part}",
                    )
                paths += files[:count]
                names = (
                    [f"{letter}_{part}"]
                    if count == 1
                    else [f"{letter}{i + 1}_{part}" for i in range(count)]
                )
                variables += names
        weights = [f"weight_{p}" if wanted.weights.of(p) else "" for p in parts]
        made, kinds = self.reading(wanted, variables, has_test, weights)
        variables += filter(None, weights)
        paths += filter(None, map(wanted.weights.of, parts))
        reads = [
            f"{variable} = read_npy(os.path.join(cfg.data, {path!r}))"
            for variable, path in zip(variables, paths, strict=True)
        ]
        return SourceCode(
            "Return the arrays of the files, memory-mapped until they are used.",
            (*lines(*reads), *made),
            kinds,
            has_test,
            (Option("data", "str", '""', "the folder of the .npy files"),),
        )


def unique_variables(keys: Sequence[str]) -> list[str]:
    """Return variable names for arrays of any name."""
    from kgen.torch_ir import Names

    names = Names({"cfg", "np", "os", "as_samples", "as_weights", "read_npz"})
    return [names.new(key) for key in keys]


__all__ = ["Arrays", "Choice", "Npy", "Npz"]
