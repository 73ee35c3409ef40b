"""kgen as functions: text in, scripts and diagnostics out. Nothing here touches the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kgen.diagnostics import CompileError, Diagnostic, Diagnostics
from kgen.ir.model import Model, TypedModel
from kgen.ir.plan import Plan
from kgen.source import NOWHERE, Source


@dataclass(frozen=True)
class Check:
    """What checking a spec finds.

    Args:
        source: The text.
        diagnostics: Errors and warnings, in the order of the source.
        typed: The model with every shape; None where errors prevent it.
        plan: How it is trained; None where errors prevent it.
    """

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    typed: TypedModel | None
    plan: Plan | None

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def defaults(self) -> tuple[str, ...]:
        """Return, in words, what the spec left to defaults."""
        return self.plan.defaults if self.plan else ()


@dataclass(frozen=True)
class Build:
    """A generated script and what it came from.

    `texts` has the places of vocabularies of text in its `state_dict()`, by layer object.
    """

    script: str
    typed: TypedModel
    plan: Plan
    weights: tuple[Any, ...]
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[int, str] = field(default_factory=dict)


def check_text(
    text: str, path: str = "spec.kdsl", defines: Mapping[str, Any] | None = None
) -> Check:
    """Check a spec: syntax, names, arguments, shapes, training.

    Args:
        text: The spec, or Keras' `model.to_json()` where `path` ends in `.json`.
        path: The name it is shown under.
        defines: Values for its constants, as `-D name=value` gives them.
    """
    found = Diagnostics()
    source, model = read_model(text, path, defines, found)
    return check_model(source, model, found)


def check_model(source: Source, model: Model | None, found: Diagnostics) -> Check:
    """Check a model whose names are resolved: shapes, training.

    Args:
        source: What it was read from.
        model: The model; None where errors prevent it.
        found: What reading it has found.
    """
    from kgen.passes.dead import without_dead
    from kgen.passes.infer import infer
    from kgen.passes.plan import plan as make_plan
    from kgen.passes.text_chains import with_text_chains
    from kgen.passes.validate import validate, validate_training

    model = with_text_chains(model, found) if model is not None else None
    typed = TypedModel(model, infer(model.graph, found)) if model is not None else None
    plan = None
    if typed is not None:
        validate(typed, found)
        typed = typed if found.errors else without_dead(typed)
        plan = make_plan(typed, found) if not found.errors else None
        if plan is not None:
            validate_training(typed, plan, found)
    return Check(source, tuple(found.sorted()), typed, None if found.errors else plan)


def read_model(
    text: str, path: str, defines: Mapping[str, Any] | None, found: Diagnostics
) -> tuple[Source, Model | None]:
    """Return the source that diagnostics point into, and the model that a text describes."""
    if not path.endswith(".json"):
        from kgen.frontends.kdsl.parse import parse
        from kgen.frontends.kdsl.resolve import resolve

        source = Source(path, text)
        file = parse(source, found)
        return source, resolve(file, source, found, defines) if file is not None else None
    import kgen.catalogue.everything  # noqa: F401  registers all entries
    from kgen.frontends.keras.document import read_document
    from kgen.frontends.keras.model import read_model as read_configuration
    from kgen.frontends.keras.statistics import first_statistics, with_statistics
    from kgen.passes.infer import infer

    for name in defines or ():
        found.error("K104", f"`-D {name}=...` names no constant: a saved model has none", NOWHERE)
    try:
        source, top = read_document(path, text)
    except CompileError as error:
        for diagnostic in error.diagnostics:
            found.add(diagnostic)
        return error.source, None
    read = read_configuration(source, top, found)
    if read is None:
        return source, None
    stored = infer(read.model.graph, Diagnostics())
    graph = with_statistics(stored, first_statistics(stored, found))
    return source, replace(read.model, graph=graph)


def build_text(
    text: str,
    path: str = "spec.kdsl",
    defines: Mapping[str, Any] | None = None,
    script: str = "",
) -> Build:
    """Return the training script of a spec.

    Args:
        text: The spec.
        path: The name it is shown under.
        defines: Values for its constants.
        script: The file name that the script's docstring calls it by; the spec's, as a `.py`, by
            default.

    Raises:
        CompileError: The spec has errors; nothing is generated.
    """
    return build_checked(check_text(text, path, defines), script)


def build_checked(checked: Check, script: str = "", weights: str = "") -> Build:
    """Return the training script of a checked model.

    Args:
        checked: The model.
        script: The file name that the script's docstring calls it by.
        weights: The file of weights that the script loads when it is told no other.

    Raises:
        CompileError: The model has errors; nothing is generated.
    """
    from kgen.backends.script import render_script

    if checked.errors or checked.plan is None or checked.typed is None:
        raise CompileError(checked.source, checked.diagnostics)
    made = render_script(checked.typed, checked.plan, script, weights)
    return Build(
        made.text, checked.typed, checked.plan, made.weights, checked.diagnostics, made.texts
    )
