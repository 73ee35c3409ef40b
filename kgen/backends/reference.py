"""The language reference and the error index, written from the catalogue and the explanations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue import families
from kgen.catalogue.base import Arg, Entry, Family
from kgen.catalogue.statements import STATEMENTS
from kgen.catalogue.words import show_value
from kgen.codes import CODES
from kgen.provenance import MARK

# The parts of the reference: a family, its heading, and what its entries are for.
PARTS: tuple[tuple[Family, str, str], ...] = (
    (
        STATEMENTS,
        "Statements",
        "Each mirrors a method of a Keras model and stands on a line of its"
        " own, for instance `fit(epochs=20)`.",
    ),
    (families.LAYERS, "Layers", "Joined with `->`: `Dense(64, relu) -> Dropout(0.5)`."),
    (
        families.LOSSES,
        "Losses",
        "For `compile(loss=...)`: by name (`loss=mse`), or called where they take arguments.",
    ),
    (
        families.METRICS,
        "Metrics",
        "For `compile(metrics=[...])`, and `metrics=[accuracy]` picks the"
        " accuracy that fits the loss.",
    ),
    (
        families.OPTIMIZERS,
        "Optimizers",
        "For `compile(optimizer=...)`: by name (`optimizer=adam`) or called.",
    ),
    (
        families.OPTIMIZER_MAPS,
        "Optimizer maps",
        'For `MultiOptimizer`: `OptimizerMap(SGD(0.01), {"encoder/.*": Adam(1e-3)})`.',
    ),
    (
        families.SCHEDULES,
        "Learning-rate schedules",
        "In the place of a number: `Adam(learning_rate=CosineDecay(1e-3, 10_000))`.",
    ),
    (families.CALLBACKS, "Callbacks", "For `fit(callbacks=[...])`."),
    (families.SOURCES, "Data sources", 'For a `data` statement: `data npz("mnist.npz")`.'),
    (
        families.ACTIVATIONS,
        "Activations",
        "For every `activation=`: by name, or called where they take arguments.",
    ),
    (families.INITIALIZERS, "Initializers", "For every `..._initializer=`."),
    (families.REGULARIZERS, "Regularizers", "For every `..._regularizer=`."),
    (families.CONSTRAINTS, "Constraints", "For every `..._constraint=`."),
)

_NOTICE = (
    f"<!-- {MARK} from the catalogue: `kgen reference`. Edit the docstrings and declarations"
    " there. -->\n"
)


def pages() -> dict[str, str]:
    """Return the documents by file name."""
    from kgen.backends.coverage import catalogue_page

    return {
        "reference.md": reference_page(),
        "errors.md": errors_page(),
        "catalogue.md": catalogue_page(),
    }


def common_args(family: Family) -> tuple[str, ...]:
    """Return the arguments that a family's base gives to every entry."""
    return tuple(family.base.args) if family.base is not Entry else ()


def entries(family: Family) -> list[type[Entry]]:
    """Return a family's entries by name."""
    return sorted(family, key=lambda entry: (entry.__name__.lower(), entry.__name__))


def groups(family: Family) -> Iterator[tuple[str, list[type[Entry]]]]:
    """Yield the entries of a family by the module that declares them, with its title."""
    by_module: dict[str, list[type[Entry]]] = {}
    for entry in entries(family):
        by_module.setdefault(entry.__module__, []).append(entry)
    for module in sorted(by_module):
        yield _module_title(module), by_module[module]


def _module_title(module: str) -> str:
    import sys

    doc = (sys.modules[module].__doc__ or module).strip()
    return doc.splitlines()[0].rstrip(".")


@cache
def entry_names() -> tuple[str, ...]:
    """Return the names of all entries, for hints and completion."""
    return tuple(dict.fromkeys(display_name(e) for f, _, _ in PARTS for e in entries(f)))


def find(name: str) -> list[type[Entry]]:
    """Return what a name means: one entry, or several where families share the name."""
    found = []
    for family, _, _ in PARTS:
        entry = family.find(name)
        if entry is None:
            lowered = {s.lower(): s for s in family.spellings()}
            entry = family.find(lowered.get(name.lower(), ""))
        if entry is not None:
            found.append(entry)
    return found


def display_name(entry: type[Entry]) -> str:
    """Return the name that a spec would use: Keras' lowercase string where that is usual."""
    words = (families.ACTIVATIONS, STATEMENTS, families.SOURCES, families.INITIALIZERS)
    if entry.family in words and entry.family.lowercase:
        return entry.all_spellings()[1]
    return entry.__name__


# ----------------------------------------------------------------------------- an entry


def summary_line(entry: type[Entry]) -> str:
    """Return the first sentence of an entry's documentation."""
    return _doc(entry).split("\n\n")[0].replace("\n", " ")


def _doc(entry: type[Entry]) -> str:
    import inspect

    return inspect.cleandoc(entry.__doc__ or "")


def own_args(entry: type[Entry]) -> list[Arg]:
    """Return an entry's arguments without those that its whole family has."""
    common = common_args(entry.family)
    base = entry.family.base.args
    return [a for n, a in entry.args.items() if n not in common or (a.kind, a.doc) != _of(base[n])]


def _of(declared: Arg) -> tuple[object, str]:
    return declared.kind, declared.doc


def signature(entry: type[Entry]) -> str:
    """Return how an entry is called: `Dropout(rate, noise_shape=None)`."""
    parts: list[str] = []
    for declared in own_args(entry):
        if declared.keyword_only and "*" not in parts:
            parts.append("*")
        parts.append(
            declared.name if declared.required else f"{declared.name}={default_text(declared)}"
        )
    call = f"{display_name(entry)}({', '.join(parts)})"
    if len(call) <= 88:
        return call
    lines = _wrapped(parts, "    ")
    return "\n".join([f"{display_name(entry)}(", *lines, ")"])


def default_text(declared: Arg) -> str:
    """Return a default as a spec would write it."""
    value = declared.default
    if isinstance(value, str) and value.isidentifier():
        return value
    return show_value(value)


def other_spellings(entry: type[Entry]) -> list[str]:
    """Return the further names of an entry."""
    return [s for s in entry.all_spellings() if s != display_name(entry)]


def old_arguments(entry: type[Entry]) -> dict[str, str]:
    """Return old argument names and today's; not those of the whole family."""
    merged: dict[str, str] = {}
    for base in reversed(entry.__mro__):
        merged |= vars(base).get("renamed", {}) if base is not entry.family.base else {}
    return {old: new for old, new in sorted(merged.items()) if new in entry.args}


def without_effect(entry: type[Entry]) -> dict[str, str]:
    """Return the arguments that change nothing, with the reason."""
    return dict(sorted(entry.no_effect.items()))


def refused(entry: type[Entry]) -> dict[str, str]:
    """Return the arguments that are an error, with the reason; not those of the whole family."""
    common = entry.family.base.refused if entry.family.base is not Entry else {}
    return {n: why for n, why in sorted(entry.refused.items()) if n not in common}


# --------------------------------------------------------------------- on the terminal


def catalogue_text() -> str:
    """Return the names of everything, by part, for a terminal."""
    lines: list[str] = []
    for family, heading, _ in PARTS:
        lines.append(f"{heading} ({len(entries(family))})")
        if family is families.LAYERS:
            for title, group in groups(family):
                lines.append(f"  {title}")
                lines += _wrapped([display_name(e) for e in group], "    ")
        else:
            lines += _wrapped([display_name(e) for e in entries(family)], "  ")
        lines.append("")
    lines.append("`kgen layers NAME` describes one of them.")
    return "\n".join(lines) + "\n"


def _wrapped(words: list[str], indent: str) -> list[str]:
    import textwrap

    text = ", ".join(words)
    return textwrap.wrap(
        text, 88, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def describe(entry: type[Entry]) -> str:
    """Return the page of one entry for a terminal."""
    if entry.refusal:
        lines = [display_name(entry), "", *_indent(_doc(entry)), "", f"  {not_supported(entry)}"]
        return "\n".join(lines) + "\n"
    lines = [
        signature(entry),
        "",
        f"  {entry.family.noun.capitalize()}.",
        *_indent(_doc(entry)),
        "",
    ]
    args = own_args(entry)
    width = max((len(a.name) for a in args), default=0)
    for declared in args:
        default = "" if declared.required else f" [{default_text(declared)}]"
        lines += [
            f"  {declared.name:<{width}}  {declared.doc}{default}",
            f"  {'':<{width}}  {_accepts(declared)}",
        ]
    lines += [""] * bool(args)
    if common := common_args(entry.family):
        lines += [
            *_wrapped([f"Also, as every {entry.family.noun}: {', '.join(common)}."], "  "),
            "",
        ]
    if spellings := other_spellings(entry):
        lines += [*_wrapped([f"Other spellings: {', '.join(spellings)}."], "  "), ""]
    if old := old_arguments(entry):
        pairs = ", ".join(f"{a} -> {b}" for a, b in old.items())
        lines += [*_wrapped([f"Old arguments: {pairs}."], "  "), ""]
    for title, table in (("No effect", without_effect(entry)), ("Refused", refused(entry))):
        if table:
            lines += [f"  {title}:", *(f"    {n}: {why}" for n, why in table.items()), ""]
    return "\n".join(lines).rstrip() + "\n"


def _indent(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]


def _accepts(declared: Arg) -> str:
    expects = declared.kind.expects
    return f"{expects[:1].upper()}{expects[1:]}."


# ------------------------------------------------------------------------- as Markdown


def reference_page() -> str:
    """Return `docs/reference.md`."""
    blocks = [
        _NOTICE,
        "# Reference",
        "Everything that a spec can name, with its arguments in Keras' order. The"
        " [guide](guide.md) is where to start; the grammar is"
        " [grammar/kdsl.lark](../grammar/kdsl.lark), a comment a rule. On the command line,"
        " `kgen layers NAME` prints one entry of this page.",
        "An argument is given by position or by name. What stands after `*` in a heading is given"
        " by name only.",
        "\n".join(f"- [{heading}](#{_anchor(heading)})" for _, heading, _ in PARTS),
    ]
    for family, heading, purpose in PARTS:
        blocks += [f"## {heading}", purpose]
        if common := common_args(family):
            blocks += [
                f"Every {family.noun} also takes:",
                _argument_table([family.base.args[name] for name in common]),
            ]
        if pairs := [f"`{a}` is `{b}`" for a, b in sorted(family.base.renamed.items())]:
            blocks.append(f"Old arguments of every {family.noun}: {', '.join(pairs)}.")
        if family is families.LAYERS:
            for title, group in groups(family):
                blocks.append(f"### {title}")
                for entry in group:
                    blocks += _entry_blocks(entry, "####")
        else:
            for entry in entries(family):
                blocks += _entry_blocks(entry, "###")
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def not_supported(entry: type[Entry]) -> str:
    """Return why a refused entry is refused, "" for all others."""
    if not entry.refusal:
        return ""
    instead = f"; {entry.instead}" if entry.instead else ""
    return f"Not supported: {entry.refusal}{instead}."


def _entry_blocks(entry: type[Entry], heading: str) -> list[str]:
    if entry.refusal:
        return [f"{heading} {display_name(entry)}", _doc(entry), not_supported(entry)]
    blocks = [f"{heading} {display_name(entry)}", f"```text\n{signature(entry)}\n```", _doc(entry)]
    if args := own_args(entry):
        blocks.append(_argument_table(args))
    notes = []
    if spellings := other_spellings(entry):
        notes.append(f"Other spellings: {_codes(spellings)}.")
    if old := old_arguments(entry):
        pairs = ", ".join(f"`{a}` is `{b}`" for a, b in old.items())
        notes.append(f"Old arguments: {pairs}.")
    if notes:
        blocks.append(" ".join(notes))
    if table := without_effect(entry):
        blocks.append(_reasons("Without effect", table))
    if table := refused(entry):
        blocks.append(_reasons("Refused", table))
    return blocks


def _argument_table(args: list[Arg]) -> str:
    rows = ["| argument | default | accepts | meaning |", "|---|---|---|---|"]
    for declared in args:
        default = "" if declared.required else f"`{default_text(declared)}`"
        cells = (f"`{declared.name}`", default, declared.kind.expects, declared.doc)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _reasons(title: str, table: dict[str, str]) -> str:
    return f"{title}: " + "; ".join(f"`{name}` ({why})" for name, why in table.items()) + "."


def _codes(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def errors_page() -> str:
    """Return `docs/errors.md`."""
    blocks = [
        _NOTICE.replace("the catalogue", "kgen/explanations").replace(
            "Edit the docstrings and declarations there", "Edit the pages there"
        ),
        "# Errors",
        "Every message of kgen has a code. `kgen explain CODE` prints its page, which is also"
        " here.",
    ]
    phase = ""
    index: list[str] = []
    for code in CODES.values():
        if code.phase != phase:
            phase = code.phase
            index += ["", f"**{phase[:1].upper()}{phase[1:]}**", ""]
        index.append(f"- [{code.code}](#{code.code.lower()}): {code.title}")
    blocks.append("\n".join(index).strip())
    for code in CODES.values():
        _, _, rest = code.page.partition("\n")
        blocks += [
            f'<a id="{code.code.lower()}"></a>',
            f"## {code.code}: {code.title}",
            rest.strip(),
        ]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"
