"""Numbers for categories without a vocabulary: hashes, as TensorFlow computes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from kgen.catalogue.base import arg
from kgen.catalogue.kinds import Choice, Either, Int, Opt, Str, TupleOf
from kgen.catalogue.layer import Context, Layer, Value, need_rank
from kgen.catalogue.layers.categories import OUTPUT_MODE, Categories
from kgen.diagnostics import Fault
from kgen.ir.shapes import TensorType
from kgen.torch_ir import literal

KEY = Int(min=-(2**63), max=2**63 - 1)  # half a key of SipHash
BINS = Int(min=1, max=2**62)
SALT = Opt(Either(KEY, TupleOf(KEY)))


def both_halves(salt: Any) -> tuple[int, int] | None:
    """Return the key that a salt means, None for no salt."""
    if salt is None:
        return None
    first, second = (salt, salt) if isinstance(salt, int) else salt
    return first, second


def check_salt(salt: Any) -> None:
    """Raise `Fault` for a salt that is no integer and no pair."""
    if isinstance(salt, tuple) and len(salt) != 2:
        raise Fault("K203", "`salt` must be an integer or two of them", arg="salt")


class Hashing(Categories):
    """Number text or integers by a hash, as TensorFlow computes it; no data is needed.

    An integer has the hash of its decimal text. Without `salt` the hash is FarmHash's
    fingerprint, with it SipHash under that key.
    """

    num_bins: int = arg(BINS, "How many numbers there are.")
    mask_value: Any = arg(
        Opt(Either(Int(), Str())), "What alone becomes 0, when there is more than one bin.", None
    )
    salt: Any = arg(SALT, "Key of the hash: two integers, or one for both.", None)
    output_mode: str = OUTPUT_MODE

    integers = "int64"
    text = "whole"

    def check(self) -> None:
        check_salt(self.salt)

    def depth(self) -> int:
        return self.num_bins

    def output(self, x: TensorType) -> TensorType:
        if x.dtype == "bool":
            raise Fault("K307", "`Hashing` needs text or numbers, got bool")
        if self.mask_value is not None and isinstance(self.mask_value, str) != (
            x.dtype == "string"
        ):
            have = "text" if x.dtype == "string" else "numbers"
            raise Fault("K203", f"`mask_value` must be one of the {have}", arg="mask_value")
        return super().output(x)

    def table(self) -> list[str]:
        arguments = [str(self.num_bins)]
        if self.mask_value is not None and self.num_bins > 1:
            arguments.append(f"mask={literal(self.mask_value)}")
        if self.salt is not None:
            arguments.append(f"salt={both_halves(self.salt)}")
        return arguments

    def lower(self, ctx: Context, x: Value) -> str:
        helper = "TextHashing" if x.type.dtype == "string" else "Hashing"
        module = ctx.module(f"{helper}({', '.join([*self.table(), *self.encode()])})")
        return f"{module}({x}{'.squeeze(-1)' if self.column(x.type) else ''})"


class HashedCrossing(Categories):
    """Number combinations of values, such as a place and a time, by a hash.

    It takes integers and text, one value a sample each.
    """

    num_bins: int = arg(BINS, "How many numbers there are.")
    output_mode: str = arg(
        Choice("int", "one_hot"), "`int` numbers each sample, `one_hot` gives it a row.", "int"
    )

    inputs: ClassVar[tuple[int, int | None]] = (2, None)
    wants_list = True
    integers = "int64"
    text = "fingerprints"

    def depth(self) -> int:
        return self.num_bins

    def output(self, *inputs: TensorType) -> TensorType:
        first = inputs[0]
        for x in inputs:
            if not x.dtype.startswith(("int", "uint", "string")):
                raise Fault("K307", f"`HashedCrossing` crosses integers and text, got {x.dtype}")
            if x.shape not in ((), (1,)):
                need_rank(self, x, 0, "() or (1,)")
            if x.shape != first.shape:
                raise Fault("K304", f"`HashedCrossing` needs equal shapes, got {first} and {x}")
        return super().output(replace(first, dtype="int64"))

    def lower(self, ctx: Context, *inputs: Value) -> str:
        module = ctx.module(f"HashedCrossing({', '.join([str(self.num_bins), *self.encode()])})")
        column = ".squeeze(-1)" if self.column(inputs[0].type) else ""
        return f"{module}({', '.join(f'{x}{column}' for x in inputs)})"


class TextHash(Layer, abstract=True):
    """The FarmHash fingerprint of each text, which `HashedCrossing` takes in its place."""

    text = "whole"

    def output(self, x: TensorType) -> TensorType:
        return replace(x, dtype="int64")

    def lower(self, ctx: Context, x: Value) -> str:
        return f"text_fingerprints({x})"
