"""Names and small texts that the sections of a script share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from kgen.ir.shapes import TensorType
from kgen.torch_ir import WIDTH, safe


def identifier(name: str) -> str:
    """Return a log or output name as a Python identifier that hides nothing."""
    text = safe(name)
    return text if text.isidentifier() else f"_{text}"


def comma(names: Sequence[str]) -> str:
    """Return names as a tuple target: `(x,)` or `a, b`."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def listed(names: Sequence[str]) -> str:
    """Return names in a sentence: `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def replace_word(text: str, word: str, replacement: str) -> str:
    """Replace a variable in an expression, and only where it stands alone."""
    return re.sub(rf"(?<![\w.\"']){re.escape(word)}(?![\w\"'])", replacement, text)


def uses_word(text: str, word: str) -> bool:
    """Return whether an expression uses a variable."""
    return bool(word) and replace_word(text, word, "") != text


def docstring(text: str, depth: int) -> str:
    """Return a docstring at a depth of indentation; what follows a `;` may be a paragraph."""
    pad = " " * 4 * depth
    if len(pad) + len(text) + 6 <= WIDTH:
        return f'{pad}"""{text}"""'
    # A shape, such as (N, 3), stays on one line.
    text = re.sub(r"\(N[^()]*\)", lambda shape: shape[0].replace(" ", "\xa0"), text)
    first, _, rest = text.removesuffix(".").partition("; ")
    lines = wrap(f'"""{first}.', WIDTH - len(pad))
    if len(lines) == 1 and not rest:  # black would put the closing quotes on this line
        lines = wrap(f'"""{first}.', WIDTH - len(pad) - 3)
    if rest:
        lines += ["", *wrap(f"{rest[0].upper()}{rest[1:]}.", WIDTH - len(pad))]
    text = "\n".join((pad + line).rstrip() for line in [*lines, '"""'])
    return text.replace("\xa0", " ")


def batched(kind: TensorType) -> str:
    """Return a shape with the batch: `(N, 28, 28, 1)`."""
    sizes = ["N", *("?" if s is None else str(s) for s in kind.shape)]
    return f"({', '.join(sizes)})" if kind.shape else "(N,)"


def attribute_path(path: str) -> str:
    """Return a state_dict name as an expression: `a.0.weight` is `model.a[0].weight`."""
    text = "model"
    for part in path.split("."):
        text += f"[{part}]" if part.isdigit() else f".{part}"
    return text
