"""The reference of a Python package: a Markdown page with a directive for each public name."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping

#: Classes that public functions return, and that the packages do not export themselves.
RETURNED = {
    "edgernn": (
        "edgernn.training.run.TrainingResult",
        "edgernn.evaluation.Evaluation",
        "edgernn.metrics.Scores",
        "edgernn.benchmarking.records.BenchmarkReport",
        "edgernn.benchmarking.records.VariantResult",
    ),
    "edgernn_export": (),
    "edgernn_runtime": (),
}


def package_page(package: str, text: str, lower: Mapping[str, str]) -> str:
    """Return the page of a package.

    Args:
        package: its name.
        text: the source of its `__init__.py`, with `__all__`.
        lower: the sources of the packages that it imports from, lowest last; they document the
            errors that both export.
    """
    tree = ast.parse(text)
    names = [name for name in public_names(tree) if name != "__version__"]
    errors = sorted(name for name in names if name.endswith(("Error", "Warning")))
    homes = {name: place for place, source in lower.items() for name in public_names(source)}
    lines = [f"# Python: `{package}`", "", _description(tree)]
    for name in sorted(set(names) - set(errors), key=lambda name: (name[0].isupper(), name)):
        lines += ["", f"::: {package}.{name}"]
    for path in RETURNED[package]:
        lines += ["", f"::: {path}"]
    lines += ["", "## Errors", ""]
    for name in errors:
        if name in homes:
            lines.append(f"* `{name}` is that of [`{homes[name]}`]({homes[name]}.md#errors).")
    for name in errors:
        if name not in homes:
            lines += ["", f"::: {package}.{name}", "    options:", "      heading_level: 3"]
    return "\n".join(lines) + "\n"


def public_names(source: str | ast.Module) -> list[str]:
    """Return the names in `__all__` of a module."""
    tree = ast.parse(source) if isinstance(source, str) else source
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    raise ValueError("the module has no __all__")


def _description(tree: ast.Module) -> str:
    """Return the docstring of a package as Markdown, its example as code."""
    text, _, example = (ast.get_docstring(tree) or "").partition("\n\nExample:\n")
    code = ["", "```python", textwrap.dedent(example), "```"] if example else []
    return "\n".join([text, *code])
