"""Warnings about the names of a spec that nothing reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kgen.diagnostics import Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.scope import Block, Scope
from kgen.frontends.kdsl.values import Value, as_tensors, noun_of


def warn_of_unused(
    scopes: Iterable[Scope], is_result: Callable[[str, Value], bool], found: Diagnostics
) -> None:
    """Warn of names that are bound and not used.

    Args:
        scopes: Of the file, the models and the blocks.
        is_result: Tells the name and value of what is trained.
        found: Collects the warnings.
    """
    for scope in scopes:
        parameters = {p.span for p in _parameters(scope)}
        for name, binding in scope.names.items():
            if binding.used or name == "input" or is_result(name, binding.value):
                continue
            if as_tensors(binding.value) is not None:
                continue  # what matters of tensors is whether they reach an output
            noun = "parameter" if binding.span in parameters else noun_of(binding.value)
            last = "the last model of a spec is the one that is trained"
            found.warn(
                "W104",
                f"{noun} `{name}` is never used",
                binding.span,
                "bound and not used",
                notes=[last] if noun == "model" else [],
            )


def _parameters(scope: Scope) -> tuple[ast.Parameter, ...]:
    """Return the parameters of the block whose body a scope belongs to."""
    if not scope.block or scope.parent is None:
        return ()
    binding = scope.parent.names.get(scope.block)
    block = binding.value if binding is not None else None
    return block.definition.params if isinstance(block, Block) else ()
