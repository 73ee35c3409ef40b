"""Whole-model rules: what is legal piece by piece but makes no sense together."""

from __future__ import annotations

from kgen.diagnostics import Diagnostics
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan


def validate(typed: TypedModel, plan: Plan | None, found: Diagnostics) -> None:
    """Report what does not fit together, and warn of what is never used."""
