"""What the grammar cannot say: rules for a file that parsed."""

from __future__ import annotations

from collections.abc import Iterable

from kgen.diagnostics import Diagnostics
from kgen.frontends.kdsl import ast
from kgen.frontends.kdsl.builder import CONSTANTS
from kgen.frontends.kdsl.habits import SAVE_IT
from kgen.frontends.kdsl.lexer import MAX_DEPTH, too_deep
from kgen.source import Span

_METHODS = {"add", "compile", "fit", "fit_generator", "evaluate", "predict", "summary", "save"}


def check(file: ast.File, diagnostics: Diagnostics) -> None:
    """Collect what is wrong with the calls, names and parameters of a file."""
    names = _bound(file)
    for statement in file.statements:
        if func := _method_call(statement, names):
            _report_method_call(func, diagnostics)
            return
        pending: list[tuple[ast.Node, int]] = [(statement, 0)]
        while pending:
            node, depth = pending.pop()
            if depth > MAX_DEPTH:
                diagnostics.add(too_deep(Span(node.span.start, node.span.start + 1)))
                break
            _check_node(node, diagnostics)
            depth += not isinstance(node, ast.Argument)
            pending.extend((child, depth) for child in ast.children(node))


def _check_node(node: ast.Node, diagnostics: Diagnostics) -> None:
    match node:
        case ast.Call():
            _check_arguments(node, diagnostics)
        case ast.Assign():
            _check_names(node.targets, "a target", diagnostics)
        case ast.Lambda():
            _check_names(node.params, "a parameter", diagnostics)
        case ast.For():
            _check_names([node.var], "a loop variable", diagnostics)
        case ast.ModelDef():
            _check_names([node.name], "the name of a model", diagnostics)
        case ast.BlockDef() | ast.FunctionDef():
            noun = "block" if isinstance(node, ast.BlockDef) else "function"
            _check_names([node.name], f"the name of a {noun}", diagnostics)
            _check_parameters(node.params, diagnostics)


def _check_arguments(call: ast.Call, diagnostics: Diagnostics) -> None:
    given: dict[str, Span] = {}
    keyword: ast.Argument | None = None
    for argument in call.args:
        if argument.name is None:
            if keyword is not None:
                diagnostics.error(
                    "K006",
                    "a positional argument follows a keyword argument",
                    argument.span,
                    "needs a name",
                    also=[(keyword.span, "the first keyword argument")],
                    helps=["name it, or move it to the front"],
                )
                return
            continue
        keyword = keyword or argument
        if argument.name in given:
            diagnostics.error(
                "K007",
                f"`{argument.name}` is given twice",
                argument.span,
                "given again",
                also=[(given[argument.name], "first given here")],
            )
        given.setdefault(argument.name, argument.span)
        _check_names([ast.Name(argument.name, argument.name_span)], "a parameter", diagnostics)


def _check_parameters(params: Iterable[ast.Parameter], diagnostics: Diagnostics) -> None:
    _check_names(
        [ast.Name(p.name, Span(p.span.start, p.span.start + len(p.name))) for p in params],
        "a parameter",
        diagnostics,
    )
    optional: ast.Parameter | None = None
    for param in params:
        if param.default is not None:
            optional = optional or param
        elif optional is not None:
            diagnostics.error(
                "K006",
                f"`{param.name}` needs a default, as a parameter before it has one",
                param.span,
                "has no default",
                also=[(optional.span, "has a default")],
                helps=["give it a default, or move it to the front"],
            )


def _check_names(names: Iterable[ast.Expression], role: str, diagnostics: Diagnostics) -> None:
    """Check names that a statement binds: plain, not constants, each once."""
    seen: dict[str, Span] = {}
    for name in names:
        if not isinstance(name, ast.Name) or "." in name.name or name.name in CONSTANTS:
            diagnostics.error(
                "K018",
                f"{role} must be a plain name",
                name.span,
                "not a plain name",
                notes=["a plain name is made of ASCII letters, digits and `_`, such as `x_1`"],
            )
        elif name.name == "_":
            continue  # stands for what is not used
        elif name.name in seen:
            diagnostics.error(
                "K007",
                f"`{name.name}` is named twice",
                name.span,
                "named again",
                also=[(seen[name.name], "first named here")],
            )
        else:
            seen[name.name] = name.span


def _method_call(statement: ast.Statement, names: set[str]) -> ast.Name | None:
    """Return the name of Python's `model.add(...)`, None for a call of the language.

    Keras' methods that are statements may have a model in front, one that the file knows.
    """
    if not isinstance(statement, ast.ExprStatement) or not isinstance(statement.value, ast.Call):
        return None
    func = statement.value.func
    if not isinstance(func, ast.Name):
        return None
    owner, _, method = func.name.rpartition(".")
    known = method != "add" and (owner == "model" or owner in names)
    return func if owner and method in _METHODS and not known else None


def _bound(file: ast.File) -> set[str]:
    """Return the names that a file binds."""
    names: set[str] = set()
    for statement in file.statements:
        if isinstance(statement, ast.Assign):
            names |= {target.name for target in statement.targets}
        elif not isinstance(statement, ast.ExprStatement | ast.DataDef):
            names.add(statement.name.name)
    return names


def _report_method_call(func: ast.Name, diagnostics: Diagnostics) -> None:
    method = func.name.rpartition(".")[2]
    here = (
        "write the layers as a chain: `Dense(64, relu) -> Dense(10, softmax)`"
        if method == "add"
        else f"write `{method}(...)`, without a model in front"
    )
    diagnostics.error(
        "K009",
        f"this is a Keras script: `{func.name}(...)` is Python",
        func.span,
        "a method call",
        helps=[here, SAVE_IT],
    )
