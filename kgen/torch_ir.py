"""The generated script as data: torch words only, nothing of Keras and no decisions left.

Class and function bodies are lists of `Line`s; templates print them, they choose nothing.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from kgen.resources import exists, listed

WIDTH = 88  # black's


@dataclass(frozen=True)
class Line:
    """One statement at one depth of a body, with a comment that says why or what shape."""

    code: str
    comment: str = ""
    depth: int = 0

    def render(self, indent: int) -> str:
        """Return the text, its comment beside the code or above it where it does not fit."""
        pad = " " * 4 * (indent + self.depth)
        code = "\n".join(pad + part if part else part for part in self.code.split("\n"))
        if not self.comment:
            return code
        if "\n" not in code and len(code) + len(self.comment) + 4 <= WIDTH:
            return f"{code}  # {self.comment}"
        return f"{pad}# {self.comment}\n{code}"


def render_lines(lines: Iterable[Line], indent: int) -> str:
    """Return a body as text."""
    return "\n".join(line.render(indent) for line in lines)


def number(value: float) -> str:
    """Return a number as people write it: `1e-7`, not `1e-07`; `1000` for the float 1000.0.

    Floats that are not whole keep every digit.
    """
    if isinstance(value, float) and value % 1 == 0 and abs(value) < 1e16:
        return str(int(value))
    return literal(value)


def literal(value: object) -> str:
    """Return a value as a Python literal with double quotes, as black writes it."""
    text = repr(value)
    if isinstance(value, float):
        return text.replace("e-0", "e-").replace("e+0", "e+")  # 1e-7, as people write it
    if isinstance(value, str) and text.startswith("'") and '"' not in text:
        text = f'"{text[1:-1]}"'.replace("\\'", "'")
    return text


def operand(expr: str) -> str:
    """Return an expression that a method can be called on: in parentheses where it needs them."""
    tree = ast.parse(re.sub(r"[\x00-\x1f]", "_", expr), mode="eval").body  # marks are no names
    return expr if isinstance(tree, ast.Name | ast.Call | ast.Attribute) else f"({expr})"


@dataclass(frozen=True)
class ClassDef:
    """An `nn.Module` class.

    Args:
        parameters: Of `__init__`, as `name: type` texts.
        init: What follows `super().__init__()`.
        inputs: Names of forward's tensors.
        forward: Its body, ending in a return.
        returns: Its return annotation.
    """

    name: str
    doc: str
    parameters: tuple[str, ...]
    init: tuple[Line, ...]
    inputs: tuple[str, ...]
    forward_doc: str
    forward: tuple[Line, ...]
    returns: str = "Tensor"
    extra: str = ""  # further methods, as text at class depth


@dataclass(frozen=True)
class Option:
    """A field of the script's Config and an option of its command line."""

    name: str
    type: str
    default: str
    help: str


# What a script imports, whenever it uses the name.
IMPORTS = {
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "Callable": "from collections.abc import Callable",
    "Iterable": "from collections.abc import Iterable",
    "Iterator": "from collections.abc import Iterator",
    "dataclass": "from dataclasses import dataclass",
    "field": "from dataclasses import field",
    "fields": "from dataclasses import fields",
    "nn": "from torch import nn",
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "Path": "from pathlib import Path",
    "Image": "from PIL import Image",
    "Any": "from typing import Any",
    "BinaryIO": "from typing import BinaryIO",
    "datasets": "from sklearn import datasets",
    "train_test_split": "from sklearn.model_selection import train_test_split",
    "SummaryWriter": "from torch.utils.tensorboard import SummaryWriter",
    "autocast": "from torch import autocast",
    "HTTPError": "from urllib.error import HTTPError",
    "HTTPException": "from http.client import HTTPException",
    "Request": "from urllib.request import Request",
    "urlencode": "from urllib.parse import urlencode",
    "urlopen": "from urllib.request import urlopen",
}
MODULES = (
    "argparse",
    "collections",
    "contextlib",
    "copy",
    "codecs",
    "csv",
    "ctypes",
    "gc",
    "glob",
    "gzip",
    "hashlib",
    "io",
    "itertools",
    "json",
    "math",
    "os",
    "pickle",
    "random",
    "re",
    "shutil",
    "string",
    "struct",
    "sys",
    "tarfile",
    "time",
    "torch",
    "warnings",
    "zipfile",
    "zlib",
)
IMPORTS |= {name: f"import {name}" for name in MODULES}

# The classes of optimizers, which stand in a script under their own names.
OPTIMIZERS = (
    "SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam", "AdamW", "Ftrl", "Lion",
    "Lamb", "Adafactor", "Muon", "ScheduleFreeAdamW", "LossScaleOptimizer",
    "MultiOptimizer",
)  # fmt: skip

# What a script uses by these names: a name of the spec must not hide it.
GLOBALS = frozenset(
    {
        *dir(builtins), *keyword.kwlist, *IMPORTS, *OPTIMIZERS, "self", "dist",
        "Augment", "Augment2", "augment", "augment2",
        "Config", "Model", "main", "train", "evaluate", "predict", "load_data", "prepare",
        "train_step", "train_epoch", "loss_function", "measure", "batch_sums", "averages",
        "option", "parse_args", "learning_rate", "penalty", "apply_constraints", "class_weight",
    }
)  # fmt: skip

# The attributes of `nn.Module`, which a layer's name must not replace.
MODULE_ATTRIBUTES = frozenset(
    {
        "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init",
        "children", "compile", "cpu", "cuda", "double", "dump_patches", "eval", "extra_repr",
        "float", "forward", "get_buffer", "get_extra_state", "get_parameter", "get_submodule",
        "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers", "named_children",
        "named_modules", "named_parameters", "parameters", "register_backward_hook",
        "register_buffer", "register_forward_hook", "register_forward_pre_hook",
        "register_full_backward_hook", "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
        "register_module", "register_parameter", "register_state_dict_post_hook",
        "register_state_dict_pre_hook", "requires_grad_", "set_extra_state", "set_submodule",
        "share_memory", "state_dict", "to", "to_empty", "train", "training", "type", "xpu",
        "zero_grad", "activity_penalty",
    }
)  # fmt: skip


def class_names() -> Names:
    """Return the names that classes of a script may have: not those of its helpers."""
    helpers = (path.removesuffix(".py") for path in listed("templates/helpers"))
    return Names({*GLOBALS, *helpers})


def hides(name: str) -> bool:
    """Return whether a variable or function of this name would hide something of the script."""
    return name in GLOBALS or exists(f"templates/helpers/{name}.py")


def safe(name: str) -> str:
    """Return a name of the spec as one that hides nothing of the script."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"{name}_" if hides(name) or name.startswith("__") else name


@dataclass
class Names:
    """Hands out identifiers that are valid, unique, and never keywords or taken names.

    A taken `name` is followed by `name_1`, a class `Name` by `Name2`.
    """

    taken: set[str] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=dict)  # the last number given to a name

    def new(self, wanted: str, besides: Container[str] = ()) -> str:
        """Return `wanted`, made an identifier and numbered when taken or among `besides`."""
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII).strip("_") or "layer"
        if name[0].isdigit():
            name = "_" + name
        base, n = name, self.last.get(name, 0)
        while (
            name in self.taken
            or name in besides
            or keyword.iskeyword(name)
            or keyword.issoftkeyword(name)
        ):
            n += 1
            name = f"{base}{n + 1}" if base[0].isupper() else f"{base}_{n}"
        self.last[base] = n
        self.taken.add(name)
        return name
