"""What all steps of resolving share: where mistakes go, and how far a spec may unroll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kgen.catalogue.base import Family
from kgen.catalogue.families import ACTIVATIONS, ALL, LAYERS
from kgen.diagnostics import Diagnostics, did_you_mean
from kgen.frontends.kdsl.elsewhere import INSTEAD, unknown_module
from kgen.frontends.kdsl.scope import UNRESOLVED, Scope
from kgen.source import Span

MAX_REPEAT = 100_000
MAX_DEPTH = 150  # of expressions inside each other, those of the blocks they call included
MAX_LAYERS = 100_000  # of a spec: `*`, `for` and blocks inside each other multiply
MAX_STEPS = 1_000_000  # of evaluation


@dataclass(eq=False)
class Context:
    """The diagnostics of a spec, and what its evaluation has used up.

    Args:
        found: Collects what is wrong.
        depth: How many expressions are being evaluated inside each other.
        steps: How many expressions have been evaluated.
        layers: How many layers have been made, copies included.
        groups: How many times `layer * n` has made copies.
        later: Where the blocks, models and functions of the spec are defined.
    """

    found: Diagnostics
    depth: int = 0
    steps: int = 0
    layers: int = 0
    groups: int = 0
    later: dict[str, Span] = field(default_factory=dict)

    @property
    def used_up(self) -> bool:
        """Return whether the spec has unrolled to more than is allowed."""
        return self.steps > MAX_STEPS or self.layers > MAX_LAYERS

    def fail(self, code: str, message: str, span: Span, label: str = "", **more: Any) -> Any:
        """Report an error; return `UNRESOLVED`, the value of what has none."""
        self.found.error(code, message, span, label, **more)
        return UNRESOLVED

    def too_large(self, span: Span) -> Any:
        """Report, once, that repetitions inside each other have no end in sight."""
        self.steps = MAX_STEPS + 1  # whatever is evaluated from now on stays silent
        if any(d.code == "K119" for d in self.found.items):
            return UNRESOLVED
        return self.fail(
            "K119",
            "the spec unrolls to more layers than a model can hold",
            span,
            "the limit is reached here",
            notes=[f"a model holds up to {MAX_LAYERS:,} layers, its blocks unrolled"],
        )

    def unknown(
        self,
        name: str,
        span: Span,
        families: Sequence[Family],
        scope: Scope,
        others: Sequence[str] = (),
    ) -> Any:
        """Report a name that is nothing of what its place needs.

        Args:
            name: The name.
            span: Its place.
            families: The entries that would fit.
            scope: For the names that the spec defines.
            others: Further words that would fit.
        """
        short = name.rsplit(".", 1)[-1]
        first = families[0]
        if short in INSTEAD:
            message = f"`{name}` is not part of the language"
            return self.fail("K101", message, span, "nothing of a spec", helps=[INSTEAD[short]])
        if short in self.later and scope.find(short) is None:
            return self.fail(
                "K101",
                f"`{short}` is used before it is defined",
                span,
                "not known yet",
                also=[(self.later[short], "defined here")],
                helps=["move the definition above its first use"],
            )
        defined = [n for n in scope.visible() if n not in ("input", short)]
        known = [s for family in families for s in family.spellings()]
        hint = did_you_mean(short, [*known, *others, *defined])
        if hint.lower() == f"did you mean `{short}`?".lower():
            hint += " names are case-sensitive"
        other = next((f for f in ALL if f.find(short) is not None and f not in families), None)
        notes = []
        if other is not None:
            hint = f"`{short}` is {other.article} {other.noun}"
            if other is ACTIVATIONS and LAYERS in families:
                hint += f": write `Activation({short})`"
        elif not hint and first is not LAYERS:
            notes = [first.known()]
        return self.fail(
            "K101",
            f"unknown {first.noun} `{name}`",
            span,
            f"not {first.article} {first.noun} kgen knows",
            notes=notes,
            helps=[hint] if hint else [],
        )

    def undefined(self, name: str, span: Span, scope: Scope) -> Any:
        """Report a name that stands where a tensor is expected, and is bound to nothing."""
        hint = did_you_mean(name, [n for n in scope.visible() if n != name])
        return self.fail(
            "K101",
            f"`{name}` is not defined",
            span,
            hint or "names no tensor",
            helps=[] if hint else [f"bind it first: `{name} = Input(...)`"],
        )

    def wrong_owner(self, name: str, span: Span, scope: Scope) -> bool:
        """Report a dotted name that begins with no module of Keras; return whether it does."""
        owner, _, word = name.rpartition(".")
        head = name.partition(".")[0]
        place = Span(span.start, span.start + len(owner))
        if owner and scope.find(head) is not None:
            self.fail(
                "K101",
                f"`{head}` has no `{word}`: there are no methods and no attributes",
                span,
                "not part of the language",
                helps=[f"apply a layer with `{head} -> {word}(...)`"]
                if word[0].isupper()
                else [INSTEAD[word]]
                if word in INSTEAD
                else [],
            )
            return True
        if unknown_module(name):
            message = f"`{owner}` is no module of Keras"
            self.fail("K101", message, place, "unknown", helps=[f"write `{word}` alone"])
            return True
        return False
