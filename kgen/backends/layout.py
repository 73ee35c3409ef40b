"""The layout of a script: black's.

Formatting is most of what a build costs, so the helpers, which are kept in black's layout, are
left out of it.
"""

from __future__ import annotations

import ast
import re

from kgen.backends.assemble import helper

_BETWEEN = "\n\n\n"  # what black puts between the definitions of a module


def formatted(text: str) -> str:
    """Return a script as black formats it."""
    import black

    ast.parse(text)
    blocks = [block.strip("\n") for block in text.strip("\n").split(_BETWEEN)]
    fixed = [_is_helper(block) for block in blocks]
    own = [block for block, is_fixed in zip(blocks, fixed, strict=True) if not is_fixed]
    result = black.format_str(_BETWEEN.join(own), mode=black.Mode())
    done = result.rstrip("\n").split(_BETWEEN)
    if len(done) != len(own):  # black sees other blocks than we do
        return black.format_str(text, mode=black.Mode())
    parts = iter(done)
    blocks = [
        block if is_fixed else next(parts) for block, is_fixed in zip(blocks, fixed, strict=True)
    ]
    return _BETWEEN.join(blocks) + "\n"


def _is_helper(block: str) -> bool:
    """Return whether a block is the unchanged text of a helper."""
    name = re.match(r"(?:@.*\n)*(?:class|def) (\w+)", block)
    found = helper(name[1]) if name else None
    return found is not None and found[0].strip("\n") == block
