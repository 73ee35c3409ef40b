"""Products of matrices."""

from __future__ import annotations

from typing import Any

from kgen.catalogue.ops.base import (
    BATCH,
    PRODUCT,
    Axes,
    Size,
    Tensor,
    Term,
    Word,
    axis_of,
    broadcast,
    op,
)
from kgen.diagnostics import Fault


def need_equal(x: Tensor, y: Tensor, left: Size, right: Size, **place: Any) -> None:
    """Raise K304 unless the sizes that a product sums over are the same, as far as known."""
    if None not in (left, right) and left != right:
        a, b = ("N" if size == BATCH else size for size in (left, right))
        raise Fault("K304", f"{x} and {y} cannot be multiplied: {a} is not {b}", **place)


@op("matmul")
def matmul(x: Tensor, y: Tensor) -> Term:
    if x.rank < 2 or y.rank < 2:
        raise Fault("K302", f"`matmul` takes matrices, got {x} and {y}")
    a, b = x.dims or (), y.dims or ()
    need_equal(x, y, a[-1], b[-2])
    front = broadcast(Term("", dims=a[:-2]), Term("", dims=b[:-2]))
    code = f"{x.at(PRODUCT)} @ {y.at(PRODUCT + 1)}"
    return x.becomes(code, PRODUCT, dims=(*front, a[-2], b[-1]), elementwise=False)


@op("einsum")
def einsum(subscripts: Word, x: Tensor, y: Tensor | None = None) -> Term:
    terms = [x] if y is None else [x, y]
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    letters = inputs.split(",")
    plain = (inputs + output).replace(",", "").isalpha()
    if not arrow or not plain or len(letters) != len(terms):
        raise Fault("K203", "`subscripts` must be such as `bij,bjk->bik`, a term for each tensor")
    sizes: dict[str, int | None] = {}
    for term, word in zip(terms, letters, strict=True):
        if term.rank != len(word):
            raise Fault("K302", f"`{word}` has {len(word)} axes, the tensor is {term}")
        for letter, size in zip(word, term.dims or (), strict=True):
            known = sizes.get(letter)
            if known is not None and size is not None and size != known:
                raise Fault("K304", f"`{letter}` is {known} and {size}", arg="subscripts")
            sizes[letter] = known if known is not None else size
    if not set(output) <= set(sizes):
        raise Fault("K203", "every axis of the result must be one of the tensors'")
    code = f'torch.einsum("{inputs}->{output}", {", ".join(t.code for t in terms)})'
    return x.becomes(code, dims=tuple(sizes[i] for i in output), elementwise=False)


@op("dot")
def dot(x: Tensor, y: Tensor) -> Term:
    if y.rank != 2:
        raise Fault("K302", f"`dot` is supported with a matrix on the right, got {y}")
    a, b = x.dims or (), y.dims or ()
    need_equal(x, y, a[-1], b[0])
    code = f"{x.at(PRODUCT)} @ {y.at(PRODUCT + 1)}"
    return x.becomes(code, PRODUCT, dims=(*a[:-1], b[1]), elementwise=False)


@op("batch_dot")
def batch_dot(x: Tensor, y: Tensor, axes: Axes = None) -> Term:
    if not (2 <= x.rank <= 3 and 2 <= y.rank <= 3):
        raise Fault("K302", f"`batch_dot` takes two or three axes, got {x} and {y}")
    if axes is None:
        axes = (x.rank - 1, 1 if y.rank == 2 else y.rank - 2)
    pair = axes if isinstance(axes, tuple) else (axes, axes)
    i, j = axis_of(x, pair[0]), axis_of(y, pair[1])
    a, b = x.dims or (), y.dims or ()
    if 0 in (i, j):
        raise Fault("K308", "`batch_dot` cannot sum over the batch", arg="axes")
    need_equal(x, y, a[i], b[j], arg="axes")
    left, right = ["n", *"ab"[: x.rank - 1]], ["n", *"cd"[: y.rank - 1]]
    left[i] = right[j] = "k"
    kept = [w for w in left[1:] if w != "k"] + [w for w in right[1:] if w != "k"]
    dims = tuple(d for n, d in enumerate(a) if n != i) + tuple(
        d for n, d in enumerate(b) if n not in (0, j)
    )
    rule = f"{''.join(left)},{''.join(right)}->n{''.join(kept)}"
    code = f'torch.einsum("{rule}", {x.code}, {y.code})'
    result = x.becomes(code, dims=dims, elementwise=False)
    return result if kept else result.call("unsqueeze(-1)", dims=(*dims, 1))
