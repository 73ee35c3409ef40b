"""How layers are applied: `inbound_nodes` of all three generations, read into one form.

Keras 1 and 2 list tensors as `[layer, node, output]`, Keras 2 with the further arguments of the
call as a fourth item. Keras 3 writes the arguments of the call with tensors in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kgen.frontends.keras.document import Item
from kgen.frontends.keras.values import Values

MODELS = ("Sequential", "Functional", "Model")


@dataclass(frozen=True)
class TensorRef:
    """The output of an application of a layer: its name, which application, which output."""

    layer: str
    call: int
    output: int
    item: Item


@dataclass(eq=False)
class Call:
    """One application of a layer.

    Args:
        layer: The serialized layer.
        item: Where the application stands.
        args: What is given by position, lists flattened: tensors, and constants as items.
        kwargs: What is given by name; a value is a list of tensors, or a constant.
    """

    layer: Item
    item: Item
    args: list[TensorRef | Item] = field(default_factory=list)
    kwargs: dict[str, list[TensorRef] | Item] = field(default_factory=dict)

    def tensors(self, ignored: Sequence[str] = ("mask",)) -> Iterator[TensorRef]:
        """Yield the tensors it takes, those given by position first."""
        yield from (a for a in self.args if isinstance(a, TensorRef))
        for name, value in self.kwargs.items():
            if isinstance(value, list) and name not in ignored:
                yield from value


def read_calls(layer: Item, values: Values) -> list[Call] | None:
    """Return the applications of a serialized layer, None after reporting what is wrong."""
    calls = []
    for item in layer.items("inbound_nodes"):
        call = Call(layer, item)
        if isinstance(item.value, dict):
            read = _keras_three(item, call)
        else:
            read = _keras_two(item, call)
        if not read:
            values.fail("K602", "this is not how Keras writes the inputs of a layer", item)
            return None
        calls.append(call)
    return calls


def read_ref(item: Item) -> TensorRef | None:
    """Return the tensor that `[layer, node, output]` names, or Keras 3's tensor object."""
    if item.text("class_name") == "__keras_tensor__":
        history = item.get("config", "keras_history")
        return read_ref(history) if history is not None else None
    if not isinstance(item.value, list) or len(item.value) not in (3, 4):
        return None
    name, call, output = (part.value for part in item.value[:3])
    whole = isinstance(call, int) and isinstance(output, int)
    if not isinstance(name, str) or not whole or isinstance(call, bool) or call < 0 or output < 0:
        return None
    return TensorRef(name, call, output, item)


def is_constant(item: Item) -> bool:
    """Return whether an input is none: `["_CONSTANT_VALUE", -1, value, ...]`."""
    first = item.get(0)
    return first is not None and first.value == "_CONSTANT_VALUE"


def flat_refs(item: Item) -> list[TensorRef] | None:
    """Return the tensors of a (nested) list or dict, None when anything else is in it.

    Keras takes the entries of a dict in the order of their keys.
    """
    found: list[TensorRef] = []
    pending = [item]
    while pending:
        part = pending.pop(0)
        ref = read_ref(part)
        if ref is not None:
            found.append(ref)
        elif isinstance(part.value, list) and part.value:
            pending[:0] = part.value
        elif isinstance(part.value, dict) and "class_name" not in part.value:
            pending[:0] = [part.value[key] for key in sorted(part.value)]
        elif part.text("class_name") == "__tuple__":
            pending[:0] = part.items("items")
        else:
            return None
    return found


def masks_of(call: Call) -> list[TensorRef | None]:
    """Return the masks in a call, one for each input where they are in a list; [] for none."""
    given = call.kwargs.get("mask")
    if isinstance(given, Item) and isinstance(given.value, list):
        masks = [read_ref(part) for part in given.value]
        return masks if any(masks) else []
    return list(given) if isinstance(given, list) else []


def is_array(item: Item) -> bool:
    """Return whether an argument is an array that Keras 3 writes out."""
    return item.text("class_name") in ("__numpy__", "__tensor__")


def rank_of(part: TensorRef | Item) -> int:
    """Return how many axes a tensor or an array has, as Keras 3 writes it."""
    if isinstance(part, TensorRef):
        config = part.item.parent
        return len(config.items("shape")) if config is not None else 0
    rank, value = 0, part.get("config", "value")
    while value is not None and isinstance(value.value, list):
        rank, value = rank + 1, value.get(0)
    return rank


def mixed(item: Item) -> list[TensorRef | Item] | None:
    """Return the parts of a list of tensors and arrays, None for any other."""
    if not isinstance(item.value, list):
        return None
    parts: list[TensorRef | Item] = [read_ref(part) or part for part in item.value]
    arrays = [part for part in parts if isinstance(part, Item)]
    return parts if len(arrays) < len(parts) and all(map(is_array, arrays)) else None


def _keras_three(item: Item, call: Call) -> bool:
    if item.get("args") is None:
        return False
    for argument in item.items("args"):
        refs = flat_refs(argument) if isinstance(argument.value, list | dict) else None
        call.args += refs if refs is not None else mixed(argument) or [argument]
    for name, value in item.fields("kwargs").items():
        refs = flat_refs(value) if isinstance(value.value, list | dict) else None
        call.kwargs[name] = refs if refs is not None else value
    return True


def _keras_two(item: Item, call: Call) -> bool:
    if not isinstance(item.value, list):
        return False
    alone = read_ref(item) is not None or is_constant(item)
    for part in [item] if alone else item.value:
        if is_constant(part):
            call.args += [value for value in [part.get(2)] if value is not None]
        else:
            ref = read_ref(part)
            if ref is None:
                return False
            call.args.append(ref)
        for name, value in part.fields(3).items():
            refs = flat_refs(value) if isinstance(value.value, list) else None
            if name != "name":
                call.kwargs[name] = refs if refs is not None else value
    return True
