"""`edgernn info`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import click

from edgernn.commands.options import json_option
from edgernn.console import Table, show, show_json
from edgernn_runtime import __version__
from edgernn_runtime.engines import ENGINES
from edgernn_runtime.machine import environment

_PACKAGES = (
    "edgernn-export",
    "edgernn-runtime",
    "tensorflow",
    "keras",
    "numpy",
    "ai-edge-litert",
    "onnxruntime",
    "onnx",
    "torch",
)


@click.command()
@json_option
def info(as_json: bool) -> None:
    """Show versions, engines and processor, for a bug report.

    Nothing heavy is imported: an engine counts as installed if its package is found.

    Example: edgernn info --json
    """
    found = collect_info()
    if as_json:
        show_json(found)
    else:
        show(Table("edgernn info", ("item", "value"), tuple(_rows(found))))


def collect_info() -> dict[str, Any]:
    """Return versions, engines, kernels and processor as JSON values."""
    machine = environment(_PACKAGES)
    engines = [
        {
            "format": model_format,
            "engine": row.title,
            "installed": importlib.util.find_spec(row.package) is not None,
        }
        for model_format, rows in ENGINES.items()
        for row in rows
    ]
    return {
        "edgernn": __version__,
        "python": machine["python"],
        "system": machine["system"],
        "processor": machine["processor"],
        "flags": machine["flags"],
        "cores": machine["cores"],
        "libedgernn": _library(),
        "engines": engines,
        "packages": machine["packages"],
    }


def _library() -> dict[str, Any] | None:
    """Return the version and the kernels of libedgernn, or None if it cannot be imported."""
    try:
        from edgernn_runtime import _native
    except ImportError:
        return None
    number = _native.version()
    version = f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    return {"version": version, "kernels": _native.kernels()}


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, str(found[name])) for name in ("edgernn", "python", "system", "processor"))
    yield "instruction sets", ", ".join(found["flags"]) or "unknown"
    yield "cores", str(found["cores"])
    library = found["libedgernn"]
    yield "libedgernn", library["version"] if library else "not installed"
    yield "kernels", ", ".join(library["kernels"]) if library else "none"
    for engine in found["engines"]:
        state = "installed" if engine["installed"] else "not installed"
        yield f"{engine['format']}: {engine['engine']}", state
    for name, version in found["packages"].items():
        yield name, version or "not installed"
