"""The main function of a script: what happens in which order."""

from __future__ import annotations

from kgen.backends.adapting import layer_adapts, model_lines
from kgen.backends.measures import Measures
from kgen.backends.summary import totals, walk
from kgen.backends.templates import py, render
from kgen.catalogue.layers.convolution import BaseConv
from kgen.ir.model import TypedGraph, TypedModel
from kgen.ir.plan import Plan
from kgen.ir.shapes import TensorType
from kgen.passes.lowered import Lowered
from kgen.torch_ir import Line, render_lines

TOO_FEW_FOR_THREADS = 100e6  # operations a step below which two threads are no faster than one


def main_section(typed: TypedModel, plan: Plan, measures: Measures, model: Lowered) -> str:
    outputs = [o.name for o in plan.outputs]
    images = any(t.rank == 3 for t in _types(typed.graph))
    lines = [
        Line("gc.freeze()", "at exit, do not walk through all of torch's objects"),
        Line("check_folders(cfg.checkpoint, cfg.save, cfg.history, cfg.output)"),
        Line("device = pick_device(cfg.device)"),
        Line("torch.set_flush_denormal(True)", "denormals make CPU arithmetic many times slower"),
        *cpu_lines(typed, plan),
        Line("torch.manual_seed(cfg.seed)"),
        Line("model = Model().to(device)"),
    ]
    if images:
        lines[-1] = Line("model = Model().to(device, memory_format=torch.channels_last)")
    if plan.summary:
        lines += [
            Line("print(model)"),
            Line("count = sum(p.numel() for p in model.parameters() if p.requires_grad)"),
            Line('print(f"{count:,} trainable parameters")'),
        ]
    lines += [
        Line("if cfg.weights:"),
        Line("load_weights(model, cfg.weights)", depth=1),
        Line("if cfg.predict:"),
        Line(
            f"inputs = read_inputs(cfg.predict, device, {expected_inputs(typed, measures)})",
            depth=1,
        ),
        Line("results = predict(model, inputs, cfg.batch_size)", depth=1),
    ]
    if len(outputs) == 1:
        lines.append(Line(f"write_outputs(cfg.output, {{{py(outputs[0])}: results}})", depth=1))
    else:
        table = ", ".join(map(py, outputs))
        lines.append(Line(f"write_outputs(cfg.output, dict(zip(({table}), results)))", depth=1))
    lines.append(Line("return", depth=1))
    has_test = plan.data.code.has_test
    lines.append(Line(f"train_arrays, {'test_arrays' if has_test else '_'} = load_data(cfg)"))
    chains = [c for c in plan.data.prepare if c is not None]
    adapts = any(layer_adapts(node) for chain in chains for node in chain.nodes)
    lines.append(Line(f"data = prepare(train_arrays, device{', adapt=True' if adapts else ''})"))
    lines += model_lines(typed.graph, model.weights)
    if has_test:
        lines.append(Line("test_data = prepare(test_arrays, device)"))
    fit = plan.fit
    validation = ""
    if fit.validation_data:
        validation = " test_data,"
    elif fit.validation_split:
        validation = " validation,"
        lines += [
            Line(
                f"split = int(len(data[0]) * (1 - {py(fit.validation_split)}))",
                "Keras validates on the last part",
            ),
            Line(
                "data, validation = tuple(t[:split] for t in data), tuple(t[split:] for t in data)"
            ),
        ]
    if any(placed.trainable for placed in model.weights):
        lines += [
            Line("if not cfg.evaluate:"),
            Line(f"history = train(model, data,{validation} cfg)", depth=1),
            Line("if cfg.history:", depth=1),
            Line("save_history(history, cfg.history)", depth=2),
            Line("if cfg.save:", depth=1),
            Line("save_weights(model, cfg.save)", depth=2),
        ]
    part, label = evaluated_part(plan)
    size = plan.evaluate.batch_size if plan.evaluate else 32
    batch = "cfg.batch_size" if size == fit.batch_size else str(size)
    report = Line(f'print("{label}:", show(evaluate(model, {part}, {batch})))')
    if plan.evaluate is None:
        trains = any(placed.trainable for placed in model.weights)
        lines.append(Line("else:" if trains else "if cfg.evaluate:"))
        report = Line(report.code, report.comment, 1)
    lines.append(report)
    lines += predict_statement(typed, plan, part)
    lines += generate_statement(typed, plan)
    return render("sections/main.py.j2", body=render_lines(lines, 1))


def evaluated_part(plan: Plan) -> tuple[str, str]:
    """Return the variable and the name of the part of the data that is evaluated."""
    wanted = plan.evaluate.data if plan.evaluate else None
    if wanted == "validation" and plan.fit.validation_split:
        return "validation", "validation"
    if wanted == "train" or not plan.data.code.has_test:
        return "data", "train"
    return "test_data", "test"


def cpu_lines(typed: TypedModel, plan: Plan) -> list[Line]:
    """Return the settings with which a CPU trains this model fastest."""
    lines = []
    if any(isinstance(node.node.instance.layer, BaseConv) for node in walk(typed.graph)):
        lines.append(Line("keep_freed_memory()"))
    flops = totals(typed).flops
    # Backward takes twice the operations of forward.
    if flops is not None and 3 * flops * (plan.fit.batch_size or 32) < TOO_FEW_FOR_THREADS:
        lines.append(Line("torch.set_num_threads(1)", "a step is too small to divide"))
    return lines


def predict_statement(typed: TypedModel, plan: Plan, part: str) -> list[Line]:
    """Return the lines of the spec's own `predict(...)`."""
    given = plan.predict
    if given is None:
        return []
    kinds = typed.graph.input_types
    if given.x is not None:
        samples = f"(torch.tensor({py(given.x)}, dtype=torch.{kinds[0].dtype}, device=device),)"
    else:
        samples = f"tuple(t[:{given.samples}] for t in {part}[:{len(kinds)}])"
    call = f"predict(model, samples, {given.batch_size})"
    lines = [Line(f"samples = {samples}")]
    if len(plan.outputs) == 1:
        return [*lines, Line(f'print("predictions:", {shown(call, plan, 0)}.tolist())')]
    lines.append(Line(f"results = {call}"))
    for i, output in enumerate(plan.outputs):
        value = shown(f"results[{i}]", plan, i)
        lines.append(Line(f"print({py(output.name + ':')}, {value}.tolist())"))
    return lines


def shown(value: str, plan: Plan, i: int) -> str:
    """Return the expression of predictions, or of their classes where the spec wants these."""
    if plan.predict is None or not plan.predict.classes:
        return value
    single = plan.outputs[i].prediction.shape[-1:] == (1,)
    return f"{value}.gt(0.5).int()" if single else f"{value}.argmax(-1)"


def expected_inputs(typed: TypedModel, measures: Measures) -> str:
    """Return the arguments of `read_inputs`: shape and dtype of every input, by name."""
    parts = []
    for name, kind in zip(measures.inputs, typed.graph.input_types, strict=True):
        shape = py(tuple(-1 if s is None else s for s in kind.shape))
        parts.append(f"{name}=({shape}, torch.{kind.dtype})")
    return ", ".join(parts)


def generate_statement(typed: TypedModel, plan: Plan) -> list[Line]:
    """Return the lines of the spec's own `generate(...)`."""
    if plan.generate is None:
        return []
    window = typed.graph.input_types[0].shape[0]
    call = f"generate_text(model, text, vocabulary, {window}, {plan.generate.length}, temperature)"
    temperatures = py(tuple(plan.generate.temperature))
    return [
        *plan.data.code.generating,
        Line(f"for temperature in {temperatures}:"),
        Line('print(f"\\n--- temperature {temperature}:")', depth=1),
        Line(f"print({call})", depth=1),
    ]


def stateful(typed: TypedGraph) -> bool:
    """Return whether a layer carries its state from batch to batch."""
    pending = [typed]
    while pending:
        for node in pending.pop().nodes:
            if getattr(node.node.instance.layer, "stateful", False):
                return True
            if node.inner is not None:
                pending.append(node.inner)
    return False


def _types(typed: TypedGraph) -> list[TensorType]:
    found: list[TensorType] = []
    pending = [typed]
    while pending:
        graph = pending.pop()
        for node in graph.nodes:
            found += node.outputs
            if node.inner is not None:
                pending.append(node.inner)
    return found
