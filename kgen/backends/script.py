"""The script backend: from a typed model and its training plan to the text of a script."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.backends.assemble import helper_text, imports_for, with_helpers
from kgen.backends.classes import class_texts
from kgen.backends.data import augmentation, data_section
from kgen.backends.extras import (
    class_weight_section,
    constraint_function,
    function_sections,
    penalty_function,
    schedule_section,
)
from kgen.backends.header import config_section, docstring, forward_doc
from kgen.backends.layout import formatted
from kgen.backends.main import main_section, stateful
from kgen.backends.measures import Measures
from kgen.backends.optimizer import render_optimizer
from kgen.backends.templates import py, render
from kgen.backends.training import Training
from kgen.catalogue.callbacks import lower_callbacks
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.passes.loop import without_loss
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import Placed, ScriptNames
from kgen.torch_ir import GLOBALS, Names

# Helpers that read and write files: they stand together before `main`, whoever uses them.
FILES = (
    "check_folders", "load_checkpoint", "save_checkpoint", "load_weights", "save_weights",
    "save_history", "read_inputs", "write_outputs",
)  # fmt: skip


@dataclass(frozen=True)
class Script:
    """A generated script.

    Args:
        text: The program.
        weights: Every weight of the model, in Keras' order, and its names in `state_dict()`.
    """

    text: str
    weights: tuple[Placed, ...]


def render_script(typed: TypedModel, plan: Plan, file: str = "", weights: str = "") -> Script:
    """Return the training script of a model.

    Args:
        typed: The model.
        plan: How it is trained.
        file: What the docstring calls the script.
        weights: The weights that it loads when it is told no others.
    """
    names = ScriptNames(Names(set(GLOBALS)))
    model = lower_graph(
        typed.graph,
        "Model",
        names,
        fused=plan.fused_nodes,
        forward_doc=forward_doc(typed, plan),
    )
    inputs = model.definition.inputs[: len(typed.graph.graph.inputs)]
    augment, augmented = augmentation(plan.data, names)
    penalties = penalty_function(model)
    constraints = constraint_function(model)
    measures = Measures(plan, model, tuple(inputs), bool(penalties))
    optimizer = render_optimizer(plan.optimizer, model.weights, without_loss(typed.graph, plan))
    training = Training(
        measures, augmented, "def finalize" in optimizer, bool(constraints), stateful(typed.graph)
    )
    callbacks = lower_callbacks(
        plan.fit.callbacks or (), plan.directions(), plan.optimizer.scheduled
    )
    main = main_section(typed, plan, measures, model)
    train = training.section(callbacks)
    used = train + main
    sections = [
        config_section(typed, plan, weights),
        helper_text("parse_args"),
        *function_sections(plan, measures),
        *class_texts(names, model.definition),
        *augment,
        data_section(plan.data, tuple(inputs), measures.targets, names),
        class_weight_section(plan),
        *measures.sections(),
        penalties,
        constraints,
        schedule_section(plan),
        optimizer,
        train,
        *(helper_text(name) for name in FILES if f"{name}(" in used),
        main,
    ]
    parts = with_helpers(sections, plan.data.code.imports)
    requires = tuple(r for c in callbacks for r in getattr(c, "requires", ()))
    requires += tuple(getattr(plan.data.code, "requires", ()))
    header = render(
        "sections/header.py.j2",
        docstring=docstring(typed, plan, file, requires),
        dependencies=", ".join(py(d) for d in ("torch>=2.4", "numpy", *requires)),
        imports=imports_for(parts, plan.data.code.imports),
    )
    return Script(formatted("\n\n".join([header, *parts])), model.weights)
