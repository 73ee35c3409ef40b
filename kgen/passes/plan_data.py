"""Planning the data: what the source yields, how the spec prepares it, what the model takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kgen.catalogue.bind import Bound
from kgen.catalogue.families import SOURCES
from kgen.catalogue.layers.embedding import Embedding
from kgen.catalogue.layers.lookup import TextLookup
from kgen.catalogue.losses import Loss
from kgen.catalogue.sources import SampleWeights, Source, SourceCode, Wanted, without_first
from kgen.diagnostics import Fault, did_you_mean, listing
from kgen.ir.model import Graph, TypedGraph
from kgen.ir.plan import DataPlan
from kgen.ir.shapes import TensorType
from kgen.ir.training import Data
from kgen.passes.infer import infer
from kgen.passes.mixing import mixes, with_labels
from kgen.passes.plan_weights import asks_for_weights, plan_weights
from kgen.passes.planning import Planning
from kgen.passes.text import flattened, reads_text


def plan_data(
    planning: Planning, losses: Sequence[Loss | None], targets: Sequence[TensorType]
) -> DataPlan | None:
    """Return where the data comes from and how it is prepared, None after reporting a misfit.

    Args:
        planning: The model.
        losses: The loss of each output that is compared with targets.
        targets: The type of the targets that each loss wants.
    """
    data = planning.training.data or _random(planning)
    source = data.source.entry
    assert isinstance(source, Source)
    wanted = wanted_data(planning, source, losses, targets)
    code = _lowered(planning, data, source, wanted)
    if code is not None and asks_for_weights(planning):
        weights = plan_weights(planning, data, losses, targets, code.has_test)
        if weights is None:
            return None
        wanted = replace(wanted, weights=weights)
        code = _lowered(planning, data, source, wanted)
    if code is None:
        return None
    if source.mirrors:
        return _mirrored(planning, data, source, code, targets, wanted.weights)
    n = len(planning.inputs)
    if len(code.raw) != n + len(targets):
        planning.found.error(
            "K406",
            f"`{source.called_as}` yields {len(code.raw)} arrays, "
            f"the model has {n} inputs and {len(targets)} outputs",
            data.source.span,
        )
        return None
    _check_keys(planning, data)
    chains = [_first(data.x, x, code.taken) for x in planning.inputs]
    chains += [_chain(data.y, y) for y in planning.targets]
    prepared = [_typed(planning, c, t) for c, t in zip(chains, code.raw, strict=True)]
    types = [_result(p, t) for p, t in zip(prepared, code.raw, strict=True)]
    if not all(t.known for t in types):
        return None
    _check_inputs(planning, types[:n], data.source)
    final = [*planning.graph.input_types]
    final += [
        want if loss is None else _target(have, want)
        for loss, have, want in zip(losses, types[n:], targets, strict=True)
    ]
    return DataPlan(
        source,
        code,
        tuple(prepared),
        tuple(final),
        _augment(planning, data, final),
        weights=wanted.weights,
    )


def wanted_data(
    planning: Planning,
    source: Source,
    losses: Sequence[Loss | None],
    targets: Sequence[TensorType],
) -> Wanted:
    """Return what the model wants of a source."""
    graph = planning.graph
    kinds = [graph.output_types[i] for i in planning.compared]
    pairs = list(zip(kinds, losses, strict=True))
    return Wanted(
        tuple(zip(planning.inputs, graph.input_types, strict=True)),
        () if source.mirrors else tuple(zip(planning.targets, targets, strict=True)),
        tuple("real" if loss is None else loss.labels for loss in losses),
        tuple(0 if loss is None else loss.class_count(t) for t, loss in pairs),
        vocabularies(graph),
        _words(graph),
        tuple(getattr(loss, "ignore_class", None) is not None for loss in losses),
    )


def _words(graph: TypedGraph) -> tuple[tuple[str, ...], ...]:
    """Return for each input the vocabulary that the first layer that reads it is given."""
    if not reads_text(graph):
        return ()
    flat = flattened(graph)
    found = []
    for i in flat.graph.inputs:
        layers = [n.node.instance.layer for n in flat.nodes if (i, 0) in n.node.inputs]
        given = (x.tokens() for x in layers if isinstance(x, TextLookup) and x.vocabulary)
        found.append(next(given, ()))
    return tuple(found)


def vocabularies(graph: TypedGraph) -> tuple[int, ...]:
    """Return for each input the vocabulary of the (smallest) `Embedding` that reads it, else 0."""
    sizes = []
    for i in graph.graph.inputs:
        layers = [n.node.instance.layer for n in graph.nodes if (i, 0) in n.node.inputs]
        readers = [x for x in layers if isinstance(x, Embedding)]
        sizes.append(min((x.words for x in readers), default=0))
    return tuple(sizes)


def _random(planning: Planning) -> Data:
    """Return the data of a spec that names none."""
    cls = SOURCES.find("random")
    assert cls is not None
    planning.defaults.append("data: random(1000, test=100), shaped after the model")
    return Data(Bound(cls(called_as="random"), planning.training.model_span, {}))


def _lowered(planning: Planning, data: Data, source: Source, wanted: Wanted) -> SourceCode | None:
    """Return the code of the source, None after reporting that it cannot give what is wanted."""
    try:
        return source.lower(wanted)
    except Fault as fault:
        place = data.source.arg_spans.get(fault.arg, data.source.span)
        also = []
        given = planning.training.data is not None
        if given and len(planning.inputs) == 1 and fault.code == "K406":
            takes, returns = planning.graph.input_types[0], planning.graph.output_types[0]
            also.append((planning.input_span(planning.inputs[0]), f"takes {takes}"))
            also.append((planning.output_span(0), f"returns {returns}"))
        planning.found.add(fault.at(place, [a for a in also if a[0] != place]))
        return None


def _mirrored(
    planning: Planning,
    data: Data,
    source: Source,
    code: SourceCode,
    targets: Sequence[TensorType],
    weights: SampleWeights,
) -> DataPlan | None:
    """Plan data whose targets are its inputs (`y = x`): an autoencoder's."""
    if len(planning.inputs) != 1 or len(code.raw) != 1:
        message = "`y = x` needs a model with one input"
        planning.found.error("K406", message, data.source.span)
        return None
    chain = data.x.get("")
    rest = None if chain is None else without_first(chain, code.taken)
    prepared = _typed(planning, rest, code.raw[0])
    kind = _result(prepared, code.raw[0])
    _check_inputs(planning, [kind], data.source)
    types = (planning.graph.input_types[0], *(replace(kind, dtype="float32") for _ in targets))
    augment = _augment(planning, data, types)
    return DataPlan(source, code, (prepared,), types, augment, weights=weights)


# --------------------------------------------------------------------------------- the chains


def _chain(chains: dict[str, Graph], name: str) -> Graph | None:
    """Return the chain of an input or output: its own, or that of all."""
    return chains.get(name) or chains.get("")


def _first(chains: dict[str, Graph], name: str, taken: int) -> Graph | None:
    """Return what is left of an input's chain when the source has applied its first layers."""
    chain = _chain(chains, name)
    return None if chain is None else without_first(chain, taken)


def _typed(planning: Planning, chain: Graph | None, kind: TensorType) -> TypedGraph | None:
    return None if chain is None else infer(chain, planning.found, [kind])


def _augment(
    planning: Planning, data: Data, types: Sequence[TensorType]
) -> tuple[TypedGraph | None, ...]:
    """Return the chain of each input that changes its training batches, and labels perhaps.

    Args:
        planning: The model.
        data: The statement.
        types: The types of the prepared inputs, then of the targets.
    """
    n = len(planning.inputs)
    typed = []
    for name, kind in zip(planning.inputs, types[:n], strict=True):
        chain = _chain(data.augment, name)
        if chain is None or not mixes(chain):
            typed.append(_typed(planning, chain, kind))
            continue
        if n > 1 or len(types) != n + 1:
            planning.found.error(
                "K418",
                "labels can be mixed where there is one input and one output, this model has "
                f"{n} and {len(types) - n}",
                data.source.place("augment"),
                "mixes images with their labels",
            )
            break
        both = with_labels(chain, planning.found)
        typed.append(None if both is None else infer(both, planning.found, types))
    return tuple(typed)


def _result(prepared: TypedGraph | None, raw: TensorType) -> TensorType:
    """Return the type of an array when its chain, if it has one, has prepared it."""
    return raw if prepared is None else prepared.output_types[0]


# ------------------------------------------------------------------------------------- checks


def _check_keys(planning: Planning, data: Data) -> None:
    """Report chains for inputs and outputs that the model does not have."""
    parts = (
        ("x", data.x, "input", planning.inputs),
        ("y", data.y, "output", planning.targets),
        ("augment", data.augment, "input", planning.inputs),
    )
    for part, chains, noun, names in parts:
        for key in chains:
            if key and key not in names:
                planning.found.error(
                    "K407",
                    f"`{part}` names no {noun} `{key}`",
                    data.source.place(part, key),
                    did_you_mean(key, names) or "not a name of the model",
                    notes=[f"its names are: {listing(names)}"],
                )


def _check_inputs(planning: Planning, types: Sequence[TensorType], source: Bound) -> None:
    """Report data that the model's inputs do not take."""
    wanted = planning.graph.input_types
    for name, have, want in zip(planning.inputs, types, wanted, strict=True):
        fits = have.rank == want.rank and all(
            a is None or b is None or a == b for a, b in zip(have.shape, want.shape, strict=True)
        )
        if fits and (have.dtype == "string") != (want.dtype == "string"):
            yields, takes = ("text" if t.dtype == "string" else "numbers" for t in (have, want))
            planning.found.error(
                "K406",
                f"the data yields {yields} for input `{name}`, the model takes {takes}",
                source.span,
                f"yields {yields}",
                also=[(planning.input_span(name), f"takes {takes}")],
            )
            continue
        if not fits:
            planning.found.error(
                "K406",
                f"the data yields {have} for input `{name}`, the model takes {want}",
                source.span,
                f"yields {have}",
                also=[(planning.input_span(name), f"takes {want}")],
                helps=["prepare it with `x = ...`, or change the input shape"],
            )


def _target(have: TensorType, want: TensorType) -> TensorType:
    """Return the target type the loss will see: (N,) and (N, 1) are brought together."""
    same = want.shape in (have.shape, (*have.shape, 1)) or have.shape == (*want.shape, 1)
    return want if same else have
