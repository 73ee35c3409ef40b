"""The script backend: from a typed model and its training plan to the text of a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from kgen.backends.text import TextFront, own_attributes, text_back, text_front, with_text
from kgen.backends.training import Training
from kgen.catalogue.callbacks import CallbackCode, backup_of
from kgen.ir.model import TypedModel
from kgen.ir.plan import Plan
from kgen.passes.loop import planned_callbacks, without_loss
from kgen.passes.lower import lower_graph
from kgen.passes.lowered import Lowered, Placed, ScriptNames
from kgen.passes.text import encoded, split_text
from kgen.torch_ir import class_names

# Helpers that read and write files: they stand together before `main`, whoever uses them.
FILES = (
    "check_folders", "load_checkpoint", "save_checkpoint", "load_weights", "save_weights",
    "save_history", "save_spaced_history", "read_inputs", "read_arrays", "write_outputs",
    "write_arrays",
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
    attributes = own_attributes(split)
    front = text_front(split, names, attributes)
    back = text_back(split, names, attributes)
    typed, plan = encoded(typed, plan, split)
    model = lower_graph(
        typed.graph,
        "Model",
        names,
        fused=plan.fused_nodes,
        forward_doc=forward_doc(typed, plan),
        attributes=attributes,
    )
    model = with_text(model, front, back)
    callbacks = planned_callbacks(plan)
    parts_of = training_sections if plan.measured else prediction_sections
    sections = parts_of(_Parts(typed, plan, names, model, front, callbacks, weights))
    helped = with_helpers(sections, plan.data.code.imports)
    if plan.policies.double:
        helped = [*map(doubled, helped)]
    if plan.lists:
        helped = [*map(with_lists, helped)]
    requires = tuple(r for c in callbacks for r in getattr(c, "requires", ()))
    requires += tuple(getattr(plan.data.code, "requires", ()))
    header = render(
        "sections/header.py.j2",
        docstring=docstring(whole, plan, file, requires),
        dependencies=", ".join(py(d) for d in ("torch>=2.4", "numpy", *requires)),
        imports=imports_for(helped, plan.data.code.imports),
        double=plan.policies.double,
    )
    text = formatted("\n\n".join([header, *helped]))
    texts = {uid: name for part in (front, back) if part for uid, name in part.modules.items()}
    return Script(text, model.weights, texts)


def with_lists(section: str) -> str:
    """Return a section of a script in whose logs some values are lists: with types for these."""
    return section.replace("dict[str, float]", "dict[str, Any]").replace(
        "list[float]]", "list[Any]]"
    )


def doubled(section: str) -> str:
    """Return a section of a script in float64: what has numbers of float32 has others of those."""
    return section.replace(".float()", ".double()").replace("np.float32", "np.float64")


@dataclass(frozen=True, eq=False)
class _Parts:
    """What the sections of a script are made of.

    Args:
        typed: The model.
        plan: How it is trained.
        names: The names of the script.
        model: Its class.
        front: What stands before it.
        callbacks: The statements of callbacks.
        weights: The weights that it loads when it is told no others.
    """

    typed: TypedModel
    plan: Plan
    names: ScriptNames
    model: Lowered
    front: TextFront | None
    callbacks: Sequence[CallbackCode]
    weights: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The variables of the model's inputs in a batch."""
        own = self.model.definition.inputs[: len(self.typed.graph.graph.inputs)]
        return batch_names(own, self.callbacks)

    @property
    def classes(self) -> list[str]:
        """The texts of the model's classes, whose numbers have the type of its policy."""
        texts = class_texts(self.names, self.model.definition)
        policies = self.plan.policies
        return [t.replace(".float()", f".{policies.real}") if policies.pure else t for t in texts]

    @property
    def stateful(self) -> bool:
        """Whether layers carry state between batches."""
        return state_size(self.typed.graph) is not None


def prediction_sections(parts: _Parts) -> list[str]:
    """Return the sections of a script that only predicts: no output has a loss."""
    plan, model = parts.plan, parts.model
    measures = Measures(plan, model, parts.inputs)
    classes = parts.classes
    starting = starting_section(model.weights)
    main = main_section(
        parts.typed, plan, measures, model, classes, parts.front, starts=bool(starting)
    )
    return [
        config_section(parts.typed, plan, parts.weights),
        helper_text("parse_settings"),
        *function_sections(plan, measures),
        *classes,
        Training(measures, stateful=parts.stateful).prediction(),
        *(helper_text(name) for name in FILES if f"{name}(" in main),
        starting,
        main,
    ]


def training_sections(parts: _Parts) -> list[str]:
    """Return the sections of a script that trains."""
    typed, plan, model, names = parts.typed, parts.plan, parts.model, parts.names
    inputs, callbacks, front = parts.inputs, parts.callbacks, parts.front
    penalties = penalty_function(model)
    alone = without_loss(typed.graph, plan)
    constraints = constraint_function(model, alone)
    watched = any(c.batch or c.leave for c in callbacks)
    measures = Measures(plan, model, inputs, bool(penalties), watched)
    name_functions(plan, measures)
    prepared = replace(names, policies=plan.policies.of_data)
    augment, augmented = augmentation(plan.data, inputs, measures.targets[0], prepared)
    asked = {method for code in callbacks for method in code.asks}
    parted = len(plan.types) > 1
    optimizer = render_optimizer(plan.optimizer, model.weights, alone, names.classes, asked, parted)
    training = Training(
        measures,
        augmented,
        "def finalize" in optimizer,
        bool(constraints),
        parts.stateful,
        callbacks,
    )
    classes = parts.classes
    flat = "flatten_parameters(" in optimizer
    starting = starting_section(model.weights)
    backup = backup_of(callbacks)
    main = main_section(
        typed, plan, measures, model, classes, front, backup, flat, starts=bool(starting)
    )
    train = training.section()
    used = train + main
    return [
        config_section(typed, plan, parts.weights, backup),
        helper_text("parse_args"),
        *function_sections(plan, measures),
        *classes,
        *augment,
        data_section(plan.data, inputs, measures.targets, prepared, front),
        class_weight_section(plan),
        *measures.sections(),
        render("sections/show_lists.py.j2") if plan.lists else "",
        penalties,
        constraints,
        schedule_section(plan),
        optimizer,
        train,
        *(helper_text(name) for name in FILES if f"{name}(" in used),
        starting,
        main,
    ]
