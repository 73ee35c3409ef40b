"""Optimizers that look at each weight as a whole: Lamb, Adafactor, Muon."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Bool, Custom, Float, Int, Opt, TupleOf, pattern
from kgen.catalogue.optimizers.base import (
    ZEROS,
    Epsilon,
    Optimizer,
    OptimizerCode,
    Trained,
    infinity,
)
from kgen.catalogue.optimizers.moments import MEAN, SQUARE, Moments
from kgen.torch_ir import Line, literal, number


class Lamb(Moments):
    """Adam with steps as long as the weights are (You et al., 2019)."""

    per_weight = True

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        return OptimizerCode(
            "Lamb",
            "Keras' Lamb: a weight w moves by `lr * |w| / |u| * u`, where u is Adam's step.",
            (
                self.count,
                MEAN,
                SQUARE,
                Line("root = (self.v / (1 - self.beta_2**t)).sqrt_().add_(self.epsilon)"),
                Line("update = (self.m / (1 - self.beta_1**t)).div_(root)"),
                Line("for w, u in zip(p.split(self.sizes), update.split(self.sizes)):"),
                Line("length = torch.linalg.vector_norm(w)", depth=1),
                Line("step = torch.linalg.vector_norm(u)", depth=1),
                Line("ratio = torch.where((length > 0) & (step > 0), length / step, 1.0)", depth=1),
                Line("w.addcmul_(u, ratio, value=-lr)", depth=1),
            ),
            constants=self.betas,
            state=(("m", ZEROS), ("v", ZEROS)),
        )


class Adafactor(Optimizer):
    """Divide by a second moment kept as rows and columns (Shazeer and Stern, 2018)."""

    beta_2_decay: float = arg(Float(), "How the memory grows: 1 - t ** beta_2_decay.", -0.8)
    epsilon_1: float = arg(Float(min=0), "Added to the squared gradient.", 1e-30)
    epsilon_2: float = arg(Float(min=0), "Least scale of a weight.", 1e-3)
    clip_threshold: float = arg(Float(above=0), "Largest root mean square of a step.", 1.0)
    relative_step: bool = arg(
        Bool(), "Has no effect: Keras limits the rate to 1 / sqrt(t) anyway.", True
    )

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        lines = [
            Line("square = grad.square().add_(self.epsilon_1)"),
            Line("if w.ndim > 1:"),
            Line("row.lerp_(square.mean(-1), share)", depth=1),
            Line("column.lerp_(square.mean(-2), share)", depth=1),
            Line("row = row / row.mean(-1, keepdim=True)", depth=1),
            Line("root = (row.unsqueeze(-1) * column.unsqueeze(-2)).sqrt_()", depth=1),
            Line("else:"),
            Line("root = column.lerp_(square, share).sqrt()", depth=1),
            Line("update = grad / root"),
            Line("scale = w.square().mean().sqrt().clamp(min=self.epsilon_2)"),
            Line("excess = update.square().mean().sqrt() / self.clip_threshold"),
            Line("w.addcmul_(update, scale / excess.clamp(min=1), value=-rate)"),
        ]
        setup = pair_lines(weights)
        setup += [
            Line("self.rows = [torch.zeros_like(w.mean(-1)) for w, _ in self.weights]"),
            Line("self.columns = ["),
            Line(
                "torch.zeros_like(w.mean(-2) if w.ndim > 1 else w) for w, _ in self.weights",
                depth=1,
            ),
            Line("]"),
        ]
        return OptimizerCode(
            "Adafactor",
            "Keras' Adafactor: `w -= scale * g / sqrt(v)`, where v is the outer product of the\n"
            "running means of the rows and the columns of g ** 2, over the last two axes.",
            (
                self.count,
                Line("rate = min(lr, 1 / math.sqrt(t))"),
                Line("share = t**self.beta_2_decay"),
                Line("for (w, grad), row, column in zip(self.weights, self.rows, self.columns):"),
                *(Line(line.code, line.comment, line.depth + 1) for line in lines),
            ),
            constants=(
                ("beta_2_decay", self.beta_2_decay),
                ("epsilon_1", self.epsilon_1),
                ("epsilon_2", self.epsilon_2),
                ("clip_threshold", self.clip_threshold),
            ),
            lists=("rows", "columns"),
            setup=tuple(setup),
        )


def pair_lines(weights: Sequence[Trained]) -> list[Line]:
    """Return the lines that set `self.weights`: weights and gradients with Keras' last axes."""
    if not all(map(factors_alike, weights)):
        return [
            *table(layouts(weights, factors_as_kept)),
            Line("named = {name: p for name, p in model.named_parameters() if p.requires_grad}"),
            Line("flat = self.params, self.grads"),
            Line("self.weights = list(zip(*(weight_views(x, named, layouts) for x in flat)))"),
        ]
    if any(len(w.weight.shape) > 2 for w in weights):
        return [
            Line("kernel = [(0, 1), (-1, -2)]", "Keras has inputs and outputs last"),
            Line("self.weights = ["),
            Line("tuple(x.movedim(*kernel) if x.ndim > 2 else x for x in pair)", depth=1),
            Line("for pair in ((p.detach(), p.grad) for p in parameters)", depth=1),
            Line("]"),
        ]
    return [Line("self.weights = [(p.detach(), p.grad) for p in parameters]")]


def factors_alike(w: Trained) -> bool:
    """Return whether the last two axes of Keras' weight can be found in torch's.

    In matrices rows and columns may change places; kernels of convolutions are permuted.
    """
    rank, layout = len(w.weight.shape), w.weight.layout
    if rank < 2:
        return True
    if len(w.names) > 1 or layout.reshape:
        return False
    return rank == 2 or layout.permute == (rank - 1, rank - 2, *range(rank - 2))


def factors_as_kept(w: Trained) -> bool:
    """Return whether the last two axes of Keras' weight are, or are for torch, the last two."""
    return factors_alike(w) and len(w.weight.shape) < 3


Views = dict[str, tuple[tuple[int, ...], tuple[int, ...]]]


def kept(w: Trained) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shape that a weight has in memory, with its axes apart; the order Keras has."""
    order = w.weight.layout.permute or tuple(range(len(w.weight.shape)))
    return tuple(w.weight.shape[i] for i in order), tuple(map(order.index, sorted(order)))


def layouts(weights: Sequence[Trained], alike: Callable[[Trained], bool]) -> Views:
    """Return what `weight_views` takes, with names as short as tells the weights apart."""
    views = {w.names[0]: None if alike(w) else kept(w) for w in weights}
    found: Views = {}
    for name, view in views.items():
        if view is None:
            continue
        parts = name.split(".")
        ends = (".".join(parts[-n:]) for n in range(1, len(parts) + 1))
        end = next((end for end in ends if agree(views, end)), "")
        if end:
            found[end] = view
        else:  # the name is the end of others, which the longest end then tells apart
            found |= {w.names[0]: kept(w) for w in weights if ends_so(w.names[0], name)}
    return found


def agree(views: Mapping[str, Any], end: str) -> bool:
    """Return whether all weights whose names end so have the same layout."""
    return len({view for name, view in views.items() if ends_so(name, end)}) == 1


def ends_so(name: str, end: str) -> bool:
    """Return whether a name is another one, or ends with it after a dot."""
    return f".{name}".endswith(f".{end}")


def table(views: Views) -> list[Line]:
    """Return the lines that set `layouts`."""
    if not views:
        return []
    rows = [f"{literal(end)}: ({shape}, {axes})," for end, (shape, axes) in views.items()]
    return [
        Line("layouts = {", "shapes in memory, and the order that Keras has their axes in"),
        *(Line(row, depth=1) for row in rows),
        Line("}"),
    ]


def is_matrix(w: Trained) -> bool:
    """Return whether torch has a matrix of Keras as one, perhaps with its axes exchanged."""
    return len(w.names) == 1 and not w.weight.layout.reshape


def matrix_lines(matrices: Sequence[Trained]) -> list[Line]:
    """Return the lines that set `self.matrices`, those of Keras or with their axes exchanged."""
    views = layouts(matrices, is_matrix)
    if not views:
        return [Line("self.matrices = [p.detach() for p in matrices]")]
    return [
        *table(views),
        Line("named = {n: p for n, p in trainable if n in names}"),
        Line("self.matrices = weight_views(self.params, named, layouts)"),
    ]


class Muon(Optimizer):
    """Step along an orthogonal matrix near the momentum (Jordan, 2024); Adam for the rest."""

    adam_beta_1: float = arg(Float(min=0, below=1), "For Adam: decay of the mean.", 0.9)
    adam_beta_2: float = arg(Float(min=0, below=1), "For Adam: decay of the squares.", 0.999)
    adam_weight_decay: float | None = arg(
        Opt(Float(min=0)), "Weight decay of what Adam updates.", 0.004
    )
    epsilon: float = arg(Epsilon(), "For Adam: added to the denominator.", 1e-7)
    weight_decay: float | None = arg(
        Opt(Float(min=0)), "Shrinks the matrices by `lr * weight_decay` before the update.", 0.004
    )
    exclude_layers: tuple[str, ...] | None = arg(
        Opt(TupleOf(Custom("a regular expression", pattern))),
        "Patterns of the weights that Adam updates.",
        None,
        keyword_only=True,
    )
    exclude_embeddings: bool = arg(
        Bool(), "Whether Adam updates embeddings.", True, keyword_only=True
    )
    muon_a: float = arg(Float(), "First coefficient of the iteration.", 3.4445, keyword_only=True)
    muon_b: float = arg(Float(), "Second coefficient.", -4.775, keyword_only=True)
    muon_c: float = arg(Float(), "Third coefficient.", 2.0315, keyword_only=True)
    adam_lr_ratio: float = arg(
        Float(min=0), "Adam's rate as a multiple of the learning rate.", 1.0, keyword_only=True
    )
    momentum: float = arg(
        Float(min=0, max=1), "How much of the last momentum stays.", 0.95, keyword_only=True
    )
    ns_steps: int = arg(Int(min=0), "Iterations.", 5, keyword_only=True)
    nesterov: bool = arg(Bool(), "Whether to look ahead.", True, keyword_only=True)
    rms_rate: float | None = arg(
        Opt(Float(min=0)), "Root mean square of a step; None leaves it.", 0.2, keyword_only=True
    )

    decays_itself = True

    def with_adam(self, w: Trained) -> bool:
        """Return whether Adam updates a weight: all but matrices, and what is excluded."""
        return (
            len(w.weight.shape) != 2
            or (self.exclude_embeddings and "embedding" in w.path.lower())
            or any(re.search(pattern, w.path) for pattern in self.exclude_layers or ())
        )

    def update(self, weights: Sequence[Trained]) -> OptimizerCode:
        matrices = [w for w in weights if not self.with_adam(w)]
        names = ", ".join(f'"{n}"' for w in matrices for n in w.names)
        scale = f" * {number(self.rms_rate)} * math.sqrt(max(w.shape))" if self.rms_rate else ""
        if self.rms_rate == 0:
            scale = " * 0"
        coefficients = ", ".join(
            number(v) for v in (self.ns_steps, self.muon_a, self.muon_b, self.muon_c)
        )
        ahead = "moved = self.m[:n].mul_(self.momentum).add_(g[:n])"
        lines = [self.count]
        rate = "" if self.adam_lr_ratio == 1 else f"{number(self.adam_lr_ratio)} * "
        lines += [
            *self.shrinking(),
            Line("n = self.n", "so many elements are those of matrices"),
            Line(f"rate = {rate}lr * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)"),
            Line("rest = [p[n:]], [g[n:]], [self.m[n:]], [self.v]"),
            Line("adam_(*rest, self.inf, rate, self.beta_1, self.beta_2, self.epsilon)"),
            Line(ahead),
        ]
        if self.nesterov:
            lines.append(Line("moved = torch.add(g[:n], moved, alpha=self.momentum)"))
        lines += [
            Line("for w in self.matrices:"),
            Line("x = moved.as_strided(w.shape, w.stride(), w.storage_offset())", depth=1),
            Line(f"w.sub_(orthogonalize(x, {coefficients}), alpha=lr{scale})", depth=1),
        ]
        return OptimizerCode(
            "Muon",
            "Keras' Muon: matrices step along an orthogonal matrix near their momentum, all other\n"
            "weights as with Adam.",
            tuple(lines),
            constants=(
                ("beta_1", self.adam_beta_1),
                ("beta_2", self.adam_beta_2),
                ("epsilon", self.epsilon),
                ("momentum", self.momentum),
            ),
            state=(("m", ZEROS), ("v", "torch.zeros_like(self.params[self.n :])")),
            choose=(
                Line(f"names = {{{names}}}" if names else "names: set[str] = set()"),
                Line(
                    "trainable = [(n, p) for n, p in model.named_parameters() if p.requires_grad]"
                ),
                Line("matrices = [p for n, p in trainable if n in names]"),
                Line("parameters = matrices + [p for n, p in trainable if n not in names]"),
                Line("self.n = sum(p.numel() for p in matrices)"),
            ),
            setup=(infinity("self.params"), *matrix_lines(matrices)),
        )

    def shrinking(self) -> list[Line]:
        """Return the lines of the two weight decays."""
        ours, adams = self.weight_decay or 0.0, self.adam_weight_decay or 0.0
        if ours == adams:
            return [Line(f"p.mul_(1 - {number(ours)} * lr)")] if ours else []
        lines = [Line(f"p[: self.n].mul_(1 - {number(ours)} * lr)")] if ours else []
        return lines + ([Line(f"p[self.n :].mul_(1 - {number(adams)} * lr)")] if adams else [])
