"""The script backend: from a typed model and its training plan to the text of a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kgen.backends.assemble import helper_text, imports_for, with_helpers
from kgen.backends.classes import class_texts
from kgen.backends.data import augmentation, data_section
from kgen.backends.extras import (
    class_weight_section,
    constraint_function,
    function_sections,
    name_functions,
    penalty_function,
    schedule_section,
)
from kgen.backends.header import config_section, docstring, forward_doc
from kgen.backends.layout import formatted
from kgen.backends.main import main_section, state_size
from kgen.backends.measures import Measures, batch_names
from kgen.backends.optimizer import render_optimizer
from kgen.backends.starting import starting_section
from kgen.backends.templates import py, render
from kgen.backends.text import text_front, with_front
from kgen.backends.training import Training
from kgen.catalogue.callbacks import backup_of
from kgen.catalogue.policies import FULL
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.passes.loop import planned_callbacks, without_loss
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import Placed, ScriptNames
from kgen.passes.text import encoded, split_text
from kgen.torch_ir import class_names

# Helpers that read and write files: they stand together before `main`, whoever uses them.
FILES = (
    "check_folders", "load_checkpoint", "save_checkpoint", "load_weights", "save_weights",
    "save_history", "save_spaced_history", "read_inputs", "read_arrays", "write_outputs",
)  # fmt: skip


@dataclass(frozen=True)
class Script:
    """A generated script.

    Args:
        text: The program.
        weights: Every weight of the model, in Keras' order, and its names in `state_dict()`.
        texts: The modules that keep vocabularies of text, by layer object.
    """

    text: str
    weights: tuple[Placed, ...]
    texts: Mapping[int, str] = field(default_factory=dict)


def render_script(typed: TypedModel, plan: Plan, file: str = "", weights: str = "") -> Script:
    """Return the training script of a model.

    Args:
        typed: The model.
        plan: How it is trained.
        file: What the docstring calls the script.
        weights: The weights that it loads when it is told no others.
    """
    names = ScriptNames(class_names(), plan.policies)
    whole, split = typed, split_text(typed.graph)
    front = text_front(split, names)
    typed, plan = encoded(typed, plan, split)
    model = lower_graph(
        typed.graph,
        "Model",
        names,
        fused=plan.fused_nodes,
        forward_doc=forward_doc(typed, plan),
        attributes=front.attributes if front else None,
    )
    model = with_front(model, front)
    own = model.definition.inputs[: len(typed.graph.graph.inputs)]
    penalties = penalty_function(model)
    alone = without_loss(typed.graph, plan)
    constraints = constraint_function(model, alone)
    callbacks = planned_callbacks(plan)
    inputs = batch_names(own, callbacks)
    watched = any(c.batch for c in callbacks)
    measures = Measures(plan, model, inputs, bool(penalties), watched)
    name_functions(plan, measures)
    prepared = replace(names, policies=FULL)  # data is prepared in float32
    augment, augmented = augmentation(plan.data, inputs, measures.targets[0], prepared)
    optimizer = render_optimizer(plan.optimizer, model.weights, alone)
    training = Training(
        measures,
        augmented,
        "def finalize" in optimizer,
        bool(constraints),
        state_size(typed.graph) is not None,
        callbacks,
    )
    classes = class_texts(names, model.definition)
    flat = "flatten_parameters(" in optimizer
    starting = starting_section(model.weights)
    backup = backup_of(callbacks)
    main = main_section(
        typed, plan, measures, model, classes, front, backup, flat, starts=bool(starting)
    )
    train = training.section()
    used = train + main
    sections = [
        config_section(typed, plan, weights, backup),
        helper_text("parse_args"),
        *function_sections(plan, measures),
        *classes,
        *augment,
        data_section(plan.data, inputs, measures.targets, prepared, front),
        class_weight_section(plan),
        *measures.sections(),
        penalties,
        constraints,
        schedule_section(plan),
        optimizer,
        train,
        *(helper_text(name) for name in FILES if f"{name}(" in used),
        starting,
        main,
    ]
    parts = with_helpers(sections, plan.data.code.imports)
    requires = tuple(r for c in callbacks for r in getattr(c, "requires", ()))
    requires += tuple(getattr(plan.data.code, "requires", ()))
    header = render(
        "sections/header.py.j2",
        docstring=docstring(whole, plan, file, requires),
        dependencies=", ".join(py(d) for d in ("torch>=2.4", "numpy", *requires)),
        imports=imports_for(parts, plan.data.code.imports),
    )
    text = formatted("\n\n".join([header, *parts]))
    return Script(text, model.weights, front.modules if front else {})
