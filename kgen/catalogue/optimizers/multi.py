"""The optimizer that gives each group of weights its own: MultiOptimizer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from kgen.catalogue.base import Entry, arg, snake_case
from kgen.catalogue.families import OPTIMIZER_MAPS, OPTIMIZERS
from kgen.catalogue.kinds import Custom, DictOf, Float, Opt, pattern
from kgen.catalogue.optimizers.base import Optimizer, OptimizerCode, Trained
from kgen.catalogue.references import Ref
from kgen.diagnostics import Fault, did_you_mean

Group = tuple[Optimizer, list[Trained]]


class WeightMap(Entry, abstract=True, family=OPTIMIZER_MAPS):
    """Base of what says which optimizer updates a weight."""


class OptimizerMap(WeightMap):
    """Which optimizer updates which weights, by their paths: `dense/kernel`.

    A key is a path, or a regular expression that the whole path fits. The path of a weight has
    the names of the layers that it is in, from the outermost, and its own: `encoder/dense/bias`,
    `lstm/lstm_cell/kernel`. The model's own name is no part of it.
    """

    default_optimizer: Optimizer = arg(Ref(OPTIMIZERS), "Updates the weights that no key fits.")
    optimizer_map: dict[str, Optimizer] | None = arg(
        Opt(
            DictOf(Custom("a regular expression", pattern, "regular expressions"), Ref(OPTIMIZERS))
        ),
        "The optimizers of the others.",
        None,
    )

    def check(self) -> None:
        for inner, name in (
            (self.default_optimizer, "default_optimizer"),
            *((inner, "optimizer_map") for inner in (self.optimizer_map or {}).values()),
        ):
            if inner.wraps:
                raise Fault(
                    "K203",
                    f"`{inner.called_as}` cannot be one of the optimizers of a `MultiOptimizer`",
                    arg=name,
                    label="makes no updates by itself",
                )

    @property
    def optimizers(self) -> list[Optimizer]:
        """Return all optimizers, in Keras' order."""
        return [*(self.optimizer_map or {}).values(), self.default_optimizer]

    def rates(self) -> list[str]:
        """Return the names of the rates in the logs; Keras counts those of a class: `adam_1`."""
        seen: Counter[str] = Counter()
        names: dict[int, str] = {}
        for inner in (self.default_optimizer, *(self.optimizer_map or {}).values()):
            own = snake_case(type(inner).__name__)
            automatic = f"{own}_{seen[own]}" if seen[own] else own
            seen[own] += inner.name is None
            names[id(inner)] = f"learning_rate_{automatic if inner.name is None else inner.name}"
        return [names[id(inner)] for inner in self.optimizers]

    def key(self, path: str) -> str | None:
        """Return the key that a weight's path fits, None for the default optimizer."""
        keys = [*(self.optimizer_map or {})]
        fitting = [path] if path in keys else [key for key in keys if re.fullmatch(key, path)]
        if len(fitting) > 1:
            raise Fault(
                "K434",
                f"`{path}` fits several keys of the `{self.called_as}`",
                word=fitting[1],
                label=f'both "{fitting[0]}" and "{fitting[1]}"',
                helps=(f'a key for it alone decides: `"{path}": ...`',),
            )
        return fitting[0] if fitting else None

    def of(self, path: str) -> Optimizer:
        """Return the optimizer of a weight."""
        key = self.key(path)
        return self.default_optimizer if key is None else (self.optimizer_map or {})[key]


class MultiOptimizer(Optimizer):
    """Let each group of weights have an optimizer of its own."""

    optimizer_map: OptimizerMap = arg(Ref(OPTIMIZER_MAPS), "Which optimizer updates which weights.")
    loss_scale_factor: float | None = arg(
        Opt(Float(above=0)), "Multiplies the loss, and divides the gradients of all groups.", None
    )

    no_effect = {"name": "the script calls it `optimizer`"}
    wraps = True
    several = True

    def check(self) -> None:
        for name in Optimizer.args:
            if name not in self.args:  # it is for each of the optimizers to have
                setattr(self, name, None)
        for inner in self.optimizer_map.optimizers:
            inner.loss_scale_factor = self.loss_scale_factor  # as in Keras, whatever it was
            inner.grouped = True

    @property
    def fixed_rate(self) -> None:
        return None

    @property
    def scheduled(self) -> bool:
        return any(inner.scheduled for inner in self.optimizer_map.optimizers)

    @property
    def averages(self) -> bool:
        return any(inner.averages for inner in self.optimizer_map.optimizers)

    @property
    def rates(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.optimizer_map.rates()))

    def wrap(self) -> None:
        super().wrap()
        for inner in self.optimizer_map.optimizers:
            inner.wrap()

    def groups(self, weights: Sequence[Trained]) -> list[Group]:
        """Return the optimizers that have weights to update, with these."""
        groups: dict[int, Group] = {id(o): (o, []) for o in self.optimizer_map.optimizers}
        for weight in weights:
            groups[id(self.optimizer_map.of(weight.path))][1].append(weight)
        return [group for group in groups.values() if group[1]]

    def check_weight(self, weight: Trained) -> None:
        table = self.optimizer_map
        if weight.loaded and table.key(weight.loaded) != table.key(weight.path):
            raise Fault(
                "K434",
                f"the file does not say which optimizer updates `{weight.path}`",
                label=f"Keras calls it `{weight.loaded}` once it has loaded the model",
                notes=("by its two paths two different optimizers do",),
                helps=("write the model in kgen's language, where a weight has one path",),
            )
        self.optimizer_map.of(weight.path).check_weight(weight)

    def check_weights(self, weights: Sequence[Trained]) -> None:
        paths = [weight.path for weight in weights]
        used = {self.optimizer_map.key(path) for path in paths}
        for key in self.optimizer_map.optimizer_map or {}:
            if key not in used:
                raise self.unused(key, paths)

    def check_used(self, weights: Sequence[Trained], asked: Collection[str]) -> None:
        used = {id(inner) for inner, _ in self.groups(weights)}
        table = self.optimizer_map
        for inner, rate in zip(table.optimizers, table.rates(), strict=True):
            if id(inner) not in used and ("learning_rates" in asked or inner.averages):
                raise Fault(
                    "K501",
                    f"callbacks cannot act on `{inner.called_as}`, which has no weights to update",
                    notes=(f"Keras calls its rate `{rate}`; the script leaves it out",),
                    helps=("let the default optimizer be one that updates weights",),
                )

    def unused(self, key: str, paths: Sequence[str]) -> Fault:
        """Return the fault of a key that no weight fits, or none that is left to it."""
        fitting = [path for path in paths if re.fullmatch(key, path)]
        if fitting:
            notes = [f"`{fitting[0]}` has a key of its own"]
            hint = ""
        else:
            shown = list(dict.fromkeys(paths))
            more = ", ..." if len(shown) > 6 else ""
            notes = [f"the weights are {', '.join(f'`{p}`' for p in shown[:6])}{more}"]
            hint = did_you_mean(key, list(suggestions(shown)))
        return Fault(
            "K434",
            f'no weight is left for "{key}"' if fitting else f'no weight has a path like "{key}"',
            word=key,
            label="its optimizer would have nothing to update",
            notes=notes,
            helps=(hint,) if hint else (),
        )

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        raise AssertionError("each group has an update of its own")


def suggestions(paths: Sequence[str]) -> Iterator[str]:
    """Yield keys that would fit: the paths, and all within a layer."""
    for path in paths:
        yield path
        names = path.split("/")
        for n in range(1, len(names)):
            yield "/".join(names[:n]) + "/.*"


def group_names(groups: Sequence[Group]) -> list[list[str]]:
    """Return the shortest names of layers and weights that tell the groups apart."""
    owner = {name: i for i, (_, weights) in enumerate(groups) for w in weights for name in w.names}
    inside: dict[str, set[int]] = {}
    for name, i in owner.items():
        parts = name.split(".")
        for n in range(1, len(parts) + 1):
            inside.setdefault(".".join(parts[:n]), set()).add(i)
    found: list[dict[str, Any]] = [{} for _ in groups]
    for name, i in owner.items():
        parts = name.split(".")
        prefixes = (".".join(parts[:n]) for n in range(1, len(parts) + 1))
        found[i][next(p for p in prefixes if inside[p] == {i})] = None
    return [list(names) for names in found]
