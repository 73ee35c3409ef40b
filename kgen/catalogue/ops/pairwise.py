"""Functions of two tensors that have no operator, and comparisons that look closer."""

from __future__ import annotations

from collections.abc import Callable

from kgen.catalogue.ops.base import ATOM, Number, Tensor, Term, add_op, joined, op
from kgen.catalogue.ops.elementwise import infix

Rule = Callable[[Term, Term], Term]


def _function(name: str) -> Rule:
    def rule(x1: Tensor, x2: Tensor) -> Term:
        x1, x2 = x1.as_real(), x2.as_real()
        return joined(f"{name}({x1.code}, {x2.code})", ATOM, (x1, x2), "float32")

    return rule


for _name, _text in {
    "arctan2": "torch.atan2",
    "divide_no_nan": "divide_no_nan",
    "fmax": "torch.fmax",
    "fmin": "torch.fmin",
    "hypot": "torch.hypot",
    "logaddexp": "torch.logaddexp",
    "logaddexp2": "torch.logaddexp2",
}.items():
    add_op(_name, _function(_text))


@op("isclose")
def isclose(x1: Tensor, x2: Tensor, rtol: Number = 1e-5, atol: Number = 1e-8) -> Term:
    x1, x2 = x1.as_real(), x2.as_real()
    code = f"torch.isclose({x1.code}, {x2.code}, rtol={rtol}, atol={atol})"
    return joined(code, ATOM, (x1, x2), "bool")


@op("logical_xor")
def logical_xor(x1: Tensor, x2: Tensor) -> Term:
    x1, x2 = (x if x.dtype == "bool" else x.call("bool()", dtype="bool") for x in (x1, x2))
    return infix("!=", x1, x2)


@op("nan_to_num")
def nan_to_num(x: Tensor, nan: Number = 0.0) -> Term:
    return x.as_real().call(f"nan_to_num({nan or ''})")
