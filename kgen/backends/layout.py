"""The layout of a script: black's.

Importing and running black is most of what a build would cost. The helpers are kept in black's
layout, and most of the rest is written in it: what is left is to split long lines. `laid_out`
splits those of a few plain forms, and black gets the blocks that hold anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kgen.backends.assemble import helper
from kgen.torch_ir import WIDTH

_BETWEEN = "\n\n\n"  # what black puts between the definitions of a module
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'([^'"\\]*)'|#.*""")
_OPEN, _CLOSE = "([{", ")]}"

# What black changes even in a short line: quotes, `x, =`, `a ** b`, blanks at the end, parentheses
# around all of an expression, and slices of more than names and numbers.
_UNSTABLE = re.compile(
    r"""'|^\s*(?:for )?\w+, (?:=|in) | \*\* | $|;|\\$"""
    r"""|(?:return|=|in|if|elif|while|not|and|or) \((?:[^(),]|\(\))*\):?$"""
    r"""|\[[^\]\[]*[^\]\[,: ]:[^\]\[]*[-+*/ ()][^\]\[]*\]"""
)
_DEF = re.compile(r"(\s*(?:async )?def \w+)\(")
_CALL = re.compile(r"(\s*)(?:return |(?:[\w.]+(?:, [\w.]+)*|\w+: \w+) = )?[A-Za-z_][\w.]*\(")
_DISPLAY = re.compile(r"(\s*)(?:return |\w+ = |for \w+ in )[({\[]")


def formatted(text: str) -> str:
    """Return a script as black formats it."""
    blocks = [block.strip("\n") for block in text.strip("\n").split(_BETWEEN)]
    done = [block if _is_helper(block) else laid_out(block) for block in blocks]
    left = [block for block, result in zip(blocks, done, strict=True) if result is None]
    if left:
        import black
        from black.mode import TargetVersion

        # As black takes the script to be, which has f-strings, whatever these blocks have.
        newer = {v for v in TargetVersion if v.value >= TargetVersion.PY36.value}
        parts = black.format_str(_BETWEEN.join(left), mode=black.Mode(target_versions=newer))
        others = parts.rstrip("\n").split(_BETWEEN)
        if len(others) != len(left):  # black sees other blocks than we do
            return black.format_str(text, mode=black.Mode())
        rest = iter(others)
        done = [next(rest) if result is None else result for result in done]
    return _BETWEEN.join(block for block in done if block is not None) + "\n"


def _is_helper(block: str) -> bool:
    """Return whether a block is the unchanged text of a helper."""
    name = re.match(r"(?:@.*\n)*(?:class|def) (\w+)", block)
    found = helper(name[1]) if name else None
    return found is not None and found[0].strip("\n") == block


def laid_out(block: str) -> str | None:
    """Return a block in black's layout; None where only black knows how it looks."""
    lines: list[str] = []
    quoted = False  # within a string of several lines
    for line in _joined(block.split("\n")):
        if quoted or '"""' in line:
            if line.endswith(" ") or "\\" in line:
                return None
            quoted ^= line.count('"""') % 2 == 1
            if line.strip() == '"""' and lines[-1].lstrip().startswith('"""'):
                return None  # perhaps the closing quotes fit on the line
            lines.append(line)
            continue
        if line.lstrip().startswith("#"):
            lines.append(line)
            continue
        if "'" in line:
            line = _QUOTED.sub(_double, line)
        bare = _STRING.sub('""', line).partition("  # ")[0]
        if "#" in bare or bare[-1:] in tuple(_OPEN) or _UNSTABLE.search(bare):
            return None
        if len(line) <= WIDTH:
            lines.append(line)
            continue
        split = _split(line)
        if split is None:
            return None
        lines += split
    return None if quoted else "\n".join(lines)


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines, the parameters of a function in the line of its name."""
    parts: list[str] = []
    for line in lines:
        if parts or (line.endswith("(") and _DEF.match(line)):
            parts.append(line)
            if line.lstrip().startswith(")"):
                inner = " ".join(part.strip() for part in parts[1:-1])
                if inner.endswith(","):  # black leaves these lines as they are
                    yield from parts
                else:
                    yield f"{parts[0]}{inner}{line.strip()}"
                parts = []
            continue
        yield line
    yield from parts


def _double(match: re.Match[str]) -> str:
    """Return a string in double quotes, anything else as it is."""
    return match[0] if match[1] is None else f'"{match[1]}"'


def _split(line: str) -> list[str] | None:
    """Return the lines of a statement that is too long, None where black must decide.

    A call's arguments go into one line if they fit, else each has its own; so do parameters. The
    items of a tuple, list or dict each have their own.
    """
    if "#" in _STRING.sub('""', line):
        return None
    definition, display = _DEF.match(line), _DISPLAY.match(line)
    match = definition or display or _CALL.match(line)
    if match is None:
        return None
    start = match.end()
    indent = len(line) - len(line.lstrip())
    items, end = _items(line, start)
    tail = line[end:]
    colon = display is not None and line.lstrip().startswith("for ")
    if not items or (definition is None and tail[1:] != (":" if colon else "")):
        return None
    if any(re.match(r"\*|lambda \w", item) or " for " in item for item in items):
        return None
    if display and len(items) == 1:
        return None
    inner = " " * (indent + 4)
    body = ", ".join(items)
    if not display and len(inner + body) <= WIDTH:
        made = [inner + body]
    else:
        if len(items) == 1:
            return None
        made = [f"{inner}{item}," for item in items]
    whole = [line[:start], *made, " " * indent + tail]
    return whole if all(len(part) <= WIDTH for part in whole) else None


def _items(line: str, start: int) -> tuple[list[str], int]:
    """Return the items between brackets that open before `start`, and where they close."""
    depth, begin, at = 0, start, start
    items = []
    while at < len(line):
        c = line[at]
        if c == '"':
            string = _STRING.match(line, at)
            if string is None:
                return [], at
            at = string.end()
            continue
        if c in _CLOSE and depth == 0:
            if line[begin:at].strip():
                items.append(line[begin:at].strip())
            return items, at
        if c in _OPEN:
            depth += 1
        elif c in _CLOSE:
            depth -= 1
        elif c == "," and depth == 0:
            items.append(line[begin:at].strip())
            begin = at + 1
        at += 1
    return [], at
