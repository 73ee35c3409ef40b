"""The Markdown tables of the training measurements, made from the stored runs."""

from statistics import median

from bench.contenders import BACKENDS, CONTENDERS
from bench.measure import Run
from bench.workloads import WORKLOADS

Results = dict[str, dict[str, list[Run]]]  # workload -> contender -> a run per round


def markdown(header: list[str], rows: list[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def steady(runs: list[Run], clock: str = "cpu") -> float:
    return median(one.steady(clock) for one in runs)


def whole(runs: list[Run], clock: str = "cpu") -> float:
    return median(getattr(one, clock) for one in runs)


def title(workload: str) -> str:
    return f"{workload.upper()} {WORKLOADS[workload].title}"


def ratio(contenders: dict[str, list[Run]], rivals: list[str], cost) -> str:
    """How many times cheaper kgen is than the cheapest of the rivals that ran."""
    costs = [cost(contenders[name]) for name in rivals if name in contenders]
    if "kgen" not in contenders or not costs:
        return "-"
    return f"{min(costs) / cost(contenders['kgen']):.2f}x"


def summary(results: Results) -> str:
    """Speed-ups: the table that the README quotes."""
    tuned = [*BACKENDS, "keras-jax-32", "keras-tf-32"]
    groups = [["keras-torch"], list(BACKENDS), tuned, ["dataloader"]]
    rows = []
    for name, contenders in results.items():
        row = [title(name)]
        row += [ratio(contenders, group, steady) for group in groups]
        row += [ratio(contenders, list(BACKENDS), whole)]
        rows.append(row)
    header = ["kgen is faster than", "Keras on torch", "the best Keras backend"]
    header += ["the best, any setting", "a DataLoader loop", "best backend, whole process"]
    return "### How much faster (CPU time per epoch)\n\n" + markdown(header, rows)


def epoch_times(results: Results) -> str:
    rows = []
    for name, contenders in results.items():
        row = [title(name)]
        for contender in CONTENDERS:
            if contender in contenders:
                cpu, wall = (steady(contenders[contender], c) * 1e3 for c in ("cpu", "wall"))
                row.append(f"{number(cpu)} / {number(wall)}")
            else:
                row.append("-")
        rows.append(row)
    header = ["ms, CPU / wall", *(c.title for c in CONTENDERS.values())]
    return "### One epoch, the first excluded\n\n" + markdown(header, rows)


def processes(results: Results) -> str:
    rows = []
    for name, contenders in results.items():
        row = [title(name), str(WORKLOADS[name].epochs)]
        for contender in CONTENDERS:
            if contender in contenders:
                cpu, wall = (whole(contenders[contender], c) for c in ("cpu", "wall"))
                row.append(f"{number(cpu)} / {number(wall)}")
            else:
                row.append("-")
        rows.append(row)
    header = ["s, CPU / wall", "epochs", *(c.title for c in CONTENDERS.values())]
    return "### The whole process, imports and compilation included\n\n" + markdown(header, rows)


def mean_curve(runs: list[Run], metric: str) -> list[float]:
    """The median over the rounds (each with its own seed), epoch by epoch."""
    return [median(values) for values in zip(*(one.curve(metric) for one in runs), strict=True)]


def distance(first: list[float], second: list[float]) -> float:
    """Mean difference of two loss curves, in units of how far the second one falls."""
    fall = max(second) - min(second) or 1.0
    gaps = [abs(a - b) for a, b in zip(first, second, strict=True)]
    return sum(gaps) / len(gaps) / fall


def curves(results: Results) -> str:
    """Loss and accuracy at the end, and how far kgen's curve is from Keras' ones."""
    rows = []
    for name, contenders in results.items():
        if "kgen" not in contenders:
            continue
        losses = {key: mean_curve(runs, "loss") for key, runs in contenders.items()}
        keras = [losses[key] for key in BACKENDS if key in losses]
        pairs = [distance(a, b) for a in keras for b in keras if a is not b]
        row = [title(name), end(contenders, "kgen")]
        row += [end(contenders, key) for key in (*BACKENDS, "dataloader")]
        row.append(f"{min(distance(losses['kgen'], k) for k in keras):.1%}" if keras else "-")
        row.append(f"{max(pairs):.1%}" if pairs else "-")
        rows.append(row)
    header = ["loss (accuracy) of the last epoch", "kgen"]
    header += [CONTENDERS[key].title for key in (*BACKENDS, "dataloader")]
    header += ["kgen to the nearest Keras", "Keras backends among themselves"]
    note = (
        "The last two columns: mean distance of the loss curves, in percent of the fall of the "
        "loss. Every contender has random initial values, order and dropout of its own."
    )
    return f"### Learning curves\n\n{markdown(header, rows)}\n\n{note}"


def end(contenders: dict[str, list[Run]], name: str) -> str:
    if name not in contenders:
        return "-"
    loss, accuracy = (mean_curve(contenders[name], m)[-1] for m in ("loss", "accuracy"))
    return f"{loss:.3f} ({accuracy:.3f})"
