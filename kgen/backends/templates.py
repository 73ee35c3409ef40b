"""The Jinja2 environment: text only, nothing decided in a template."""

from __future__ import annotations

from functools import cache
from typing import Any

from kgen.resources import read_text
from kgen.torch_ir import literal


@cache
def _environment() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(lambda name: read_text(f"templates/{name}")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["py"] = py
    return environment


def py(value: object) -> str:
    """Return a value as a Python literal, as black writes it."""
    return literal(value)


def render(template: str, /, **values: Any) -> str:
    """Return a template of `templates/` filled in."""
    return str(_environment().get_template(template).render(**values))
