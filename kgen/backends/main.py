"""The main function of a script: what happens in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kgen.backends.adapting import layer_adapts, model_lines
from kgen.backends.measures import Measures
from kgen.backends.summary import totals
from kgen.backends.templates import py, render
from kgen.backends.text import TextFront, adapting_lines, encoding
from kgen.backends.training import checkpoint_path
from kgen.catalogue.callbacks import Backup
from kgen.catalogue.layers.convolution import BaseConv
from kgen.ir.model import TypedGraph, TypedModel
from kgen.ir.plan import Plan
from kgen.ir.shapes import TensorType
from kgen.passes.loop import trains
from kgen.passes.lowered import Lowered
from kgen.passes.plan_data import vocabularies
from kgen.torch_ir import Line, render_lines

RNN = re.compile(r"\bnn\.(?:LSTM|GRU|RNN)\(")
TOO_FEW_FOR_THREADS = 100e6  # operations a step below which two threads are no faster than one


def main_section(
    typed: TypedModel,
    plan: Plan,
    measures: Measures,
    model: Lowered,
    classes: Sequence[str],
    front: TextFront | None = None,
    backup: Backup | None = None,
    flat: bool = False,
    starts: bool = False,
) -> str:
    images = any(t.rank == 3 for node in typed.graph.walk() for t in node.outputs)
    written = ["cfg.save", "cfg.history", "cfg.output"] if plan.measured else ["cfg.output"]
    if plan.measured and backup is None:  # else `train` makes its folder
        written.insert(0, "cfg.checkpoint")
    made = f"Model().{plan.policies.real}" if plan.policies.pure else "Model()"
    lines = [
        Line("gc.freeze()", "at exit, do not walk through all of torch's objects"),
        Line(f"check_folders({', '.join(written)})"),
        Line("device = pick_device(cfg.device)"),
        Line("torch.set_flush_denormal(True)", "denormals make CPU arithmetic many times slower"),
        *cpu_lines(typed, plan, classes),
        *(cuda_lines(classes) if flat else ()),
        Line("torch.manual_seed(cfg.seed)"),
        Line(f"model = {made}.to(device{', memory_format=torch.channels_last' * images})"),
    ]
    if plan.summary:
        lines += [
            Line("print(model)"),
            Line("count = sum(p.numel() for p in model.parameters() if p.requires_grad)"),
            Line('print(f"{count:,} trainable parameters")'),
        ]
    lines += [
        Line("if cfg.weights:"),
        Line("load_weights(model, cfg.weights)", depth=1),
        *(starting_lines(plan.measured) if starts else ()),
        Line("if cfg.predict:"),
        *input_lines(typed, plan, measures, front),
        *whole_batches(typed.graph, "inputs", depth=1),
        *written_lines(plan),
        Line("return", depth=1),
    ]
    if not plan.measured:
        lines += predict_statement(typed, plan, "", front) or [
            Line('sys.exit("nothing to predict: give --predict FILE")')
        ]
        return main_function(lines, "parse_settings", "interrupted")
    has_test = plan.data.code.has_test
    lines.append(Line(f"train_arrays, {'test_arrays' if has_test else '_'} = load_data(cfg)"))
    chains = [c for c in plan.data.prepare if c is not None]
    adapts = any(layer_adapts(node) for chain in chains for node in chain.nodes)
    train_arrays, test_arrays = "train_arrays", "test_arrays"
    if front is not None:
        lines += adapting_lines(front, checkpoint_path(backup))
        train_arrays, test_arrays = encoding(train_arrays), encoding(test_arrays)
    lines.append(Line(f"data = prepare({train_arrays}, device{', adapt=True' if adapts else ''})"))
    lines += model_lines(typed.graph, model.weights)
    if has_test:
        lines.append(Line(f"test_data = prepare({test_arrays}, device)"))
    fit = plan.fit
    data = weighed(plan, "data", bool(fit.sample_weight))
    save_history = "save_history(history, cfg.history)"
    if fit.validation_freq > 1:
        save_history = f"save_spaced_history(history, cfg.history, {fit.validation_freq})"
    validation = ""
    if fit.validation_data:
        validation = f" {weighed(plan, 'test_data', plan.weighs_validation)},"
    elif fit.validation_split:
        validation = f" {weighed(plan, 'validation', plan.weighs_validation)},"
        lines += [
            Line(
                f"split = int(len(data[0]) * (1 - {py(fit.validation_split)}))",
                "Keras validates on the last part",
            ),
            Line("if not 0 < split < len(data[0]):"),
            Line('sys.exit(f"cannot split {len(data[0])} samples for validation")', depth=1),
            Line(
                "data, validation = tuple(t[:split] for t in data), tuple(t[split:] for t in data)"
            ),
        ]
    lines += whole_batches(typed.graph, "data")
    if validation or has_test:
        lines += whole_batches(typed.graph, "validation" if fit.validation_split else "test_data")
    learns = trains(typed.graph, plan)
    if learns:
        lines += [
            Line("if not cfg.evaluate:"),
            Line(f"history = train(model, {data},{validation} cfg)", depth=1),
            Line("if cfg.history:", depth=1),
            Line(save_history, depth=2),
            Line("if cfg.save:", depth=1),
            Line("save_weights(model, cfg.save)", depth=2),
        ]
    part, label = evaluated_part(plan)
    measured = weighed(plan, part, plan.weighs_evaluation)
    size = plan.evaluate.batch_size if plan.evaluate else state_size(typed.graph) or 32
    batch = "cfg.batch_size" if size == fit.batch_size else str(size)
    whole = ", whole=True" if plan.lists else ""
    report = Line(f'print("{label}:", show(evaluate(model, {measured}, {batch}){whole}))')
    if plan.evaluate is None:
        lines.append(Line("else:" if learns else "if cfg.evaluate:"))
        report = Line(report.code, report.comment, 1)
    lines.append(report)
    lines += predict_statement(typed, plan, part, front)
    lines += generate_statement(typed, plan)
    return main_function(
        lines, "parse_args", "interrupted; with --checkpoint PATH a next run goes on from here"
    )


def main_function(lines: Sequence[Line], parse: str, interrupted: str) -> str:
    """Return the main function.

    Args:
        lines: Its body.
        parse: The function that reads the command line.
        interrupted: What is said when it is interrupted.
    """
    body = render_lines(lines, 1)
    return render("sections/main.py.j2", parse=parse, interrupted=interrupted, body=body)


def written_lines(plan: Plan) -> list[Line]:
    """Return the statements of `--predict` that predict and write the outputs."""
    call, write = "predict(model, inputs, cfg.batch_size)", "write_outputs"
    names = [o.name for o in plan.outputs]
    results = "results"
    if any(o.text for o in plan.outputs):
        write = "write_arrays"
        results = f"model.decode({'*' * (len(names) > 1)}results)"
    table = f"{{{py(names[0])}: {results}}}"
    if len(names) > 1:
        table = f"dict(zip(({', '.join(map(py, names))}), {results}))"
    return [
        Line(f"results = {call}", depth=1),
        Line(f"{write}(cfg.output, {table})", depth=1),
    ]


def starting_lines(measured: bool) -> list[Line]:
    """Return the lines that start from files, unless a checkpoint is there to continue from."""
    unless = "elif cfg.predict or cfg.evaluate or not os.path.exists(cfg.checkpoint):"
    return [
        Line(unless if measured else "else:"),
        Line("start_from_files(model)", depth=1),
    ]


def weighed(plan: Plan, data: str, applies: bool) -> str:
    """Return the expression of a part of the data, without its sample weights unless they apply."""
    carried = plan.data.weights.of("test" if data == "test_data" else "train")
    return f"{data}[:-1]" if carried and not applies else data


def evaluated_part(plan: Plan) -> tuple[str, str]:
    """Return the variable and the name of the part of the data that is evaluated."""
    wanted = plan.evaluate.data if plan.evaluate else None
    if wanted == "validation" and plan.fit.validation_split:
        return "validation", "validation"
    if wanted == "train" or not plan.data.code.has_test:
        return "data", "train"
    return "test_data", "test"


def cpu_lines(typed: TypedModel, plan: Plan, classes: Sequence[str]) -> list[Line]:
    """Return the settings with which a CPU trains this model fastest, or at all."""
    lines = []
    whole = plan.policies.model in ("mixed_float16", "float16")
    halves = whole or any("torch.float16" in c for c in classes)
    if halves and any("nn.LSTM(" in text for text in classes):
        why = "on a CPU it has no LSTM in float16"
        lines.append(Line("torch.backends.mkldnn.enabled = False", why))
    if any(isinstance(node.node.instance.layer, BaseConv) for node in typed.graph.walk()):
        lines.append(Line("keep_freed_memory()"))
    flops = totals(typed).flops
    # Backward takes twice the operations of forward.
    if flops is not None and 3 * flops * (plan.fit.batch_size or 32) < TOO_FEW_FOR_THREADS:
        lines.append(Line("torch.set_num_threads(1)", "a step is too small to divide"))
    return lines


def cuda_lines(classes: Sequence[str]) -> list[Line]:
    """Return the settings for a GPU where the optimizer has all weights in one vector.

    cuDNN takes the weights of an RNN in one piece. In the vector they have another order, so torch
    copies them, which costs little, and warns.
    """
    if not any(RNN.search(text) for text in classes):
        return []
    quiet = 'warnings.filterwarnings("ignore", "RNN module weights")'
    return [Line(quiet, "cuDNN gets a copy of them")]


def predict_statement(
    typed: TypedModel, plan: Plan, part: str, front: TextFront | None
) -> list[Line]:
    """Return the lines of the spec's own `predict(...)`."""
    given = plan.predict
    if given is None:
        return []
    kinds = real_types(typed.graph.input_types, plan)
    # A text alone is a sample of one.
    flat = given.x is not None and front is not None and isinstance(given.x[0], str)
    rows = "[:, None]" if flat and front is not None and front.kinds[0].shape else ""
    if given.x is not None and front is not None and front.kinds[0].dtype == "string":
        samples = placed(f"model.encode(np.array({py(given.x)}){rows})")
    elif given.x is not None:
        samples = f"(torch.tensor({py(given.x)}, dtype=torch.{kinds[0].dtype}, device=device),)"
    else:
        samples = f"tuple(t[:{given.samples}] for t in {part}[:{len(kinds)}])"
    call = f"predict(model, samples, {given.batch_size})"
    lines = [Line(f"samples = {samples}")]
    if len(plan.outputs) == 1:
        return [*lines, Line(f'print("predictions:", {shown(call, plan, 0)})')]
    lines.append(Line(f"results = {call}"))
    if any(o.text for o in plan.outputs):
        lines.append(Line("decoded = model.decode(*results)"))
    for i, output in enumerate(plan.outputs):
        value = f"decoded[{i}]" if output.text else shown(f"results[{i}]", plan, i)
        lines.append(Line(f"print({py(output.name + ':')}, {value})"))
    return lines


def shown(value: str, plan: Plan, i: int) -> str:
    """Return the expression of predictions, or of their classes where the spec wants these."""
    if plan.outputs[i].text:
        return f"model.decode({value})"
    if plan.predict is not None and plan.predict.classes:
        single = plan.outputs[i].prediction.shape[-1:] == (1,)
        value = f"{value}.gt(0.5).int()" if single else f"{value}.argmax(-1)"
    return f"{value}.cpu().numpy()"


NUMPY = {"string": "str", "bfloat16": "float32"}  # what numpy calls the types of inputs


def real_types(kinds: Sequence[TensorType], plan: Plan) -> list[TensorType]:
    """Return types of inputs as a script has them, whose real numbers may be float64."""
    real = plan.policies.floatx
    return [replace(k, dtype=real) if k.dtype in ("float32", "float64") else k for k in kinds]


def input_lines(
    typed: TypedModel, plan: Plan, measures: Measures, front: TextFront | None
) -> list[Line]:
    """Return the statements that read what `--predict` names."""
    if front is None:
        ids = vocabularies(typed.graph)
        kinds = real_types(typed.graph.input_types, plan)
        expected = expected_inputs(measures.inputs, kinds, "torch.", ids)
        return [Line(f"inputs = read_inputs(cfg.predict, device, {expected})", depth=1)]
    kinds = [replace(k, dtype=NUMPY.get(k.dtype, k.dtype)) for k in real_types(front.kinds, plan)]
    expected = expected_inputs(front.inputs, kinds, "np.")
    return [
        Line(f"arrays = read_arrays(cfg.predict, {expected})", depth=1),
        Line(f"inputs = {placed(encoding('arrays'))}", depth=1),
    ]


def placed(arrays: str) -> str:
    """Return the expression of arrays as tensors on the device."""
    return f"tuple(torch.as_tensor(a).to(device) for a in {arrays})"


def expected_inputs(
    names: Sequence[str], kinds: Sequence[TensorType], module: str, ids: Sequence[int] = ()
) -> str:
    """Return arguments of the reader: shape, dtype and number of ids of every input, by name."""
    parts = []
    for name, kind, words in zip(names, kinds, ids or [0] * len(names), strict=True):
        shape = py(tuple(-1 if s is None else s for s in kind.shape))
        plain = kind.dtype == "str" or (kind.dtype, module) == ("bool", "np.")
        dtype = kind.dtype if plain else f"{module}{kind.dtype}"
        parts.append(f"{name}=({shape}, {dtype}{f', {words}' if words else ''})")
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


def whole_batches(typed: TypedGraph, data: str, depth: int = 0) -> list[Line]:
    """Return the check that samples fill the batches whose states the model keeps."""
    size = state_size(typed)
    call = f"whole_batches(len({data}[0]), {size}, cfg.batch_size)"
    return [Line(call, depth=depth)] if size is not None else []


def state_size(typed: TypedGraph) -> int | None:
    """Return of how many samples layers carry their states from batch to batch."""
    layers = ((node.node.instance.layer, node) for node in typed.walk())
    kept = (node for layer, node in layers if getattr(layer, "stateful", False))
    return next((node.inputs[0].batch for node in kept), None)
