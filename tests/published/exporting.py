"""The export of a published model, and its differences from the original pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import edgernn
from edgernn_export import GateError
from edgernn_runtime import EdgernnError, load
from tests.published.pattern import Published


@dataclass(frozen=True)
class Outcome:
    """The result of an export.

    Attributes:
        lowering: how the model was lowered; None if the export was refused.
        largest: the largest difference of a probability from the original pipeline.
        p99: the 99th percentile of the texts' largest differences.
        error: why the export was refused, or None.
        warnings: the warnings of the export.
    """

    lowering: str | None = None
    largest: float | None = None
    p99: float | None = None
    error: EdgernnError | None = None
    warnings: tuple[str, ...] = ()


def export_published(
    published: Published, model_format: str, quantize: str, changes: Mapping[str, Any] | None = None
) -> Outcome:
    """Export a published model, and compare the bundle with the original pipeline.

    The comparison is independent of the gates: the bundle is opened by the runtime and reads the
    texts as a device does.

    Args:
        published: the model.
        model_format: the target.
        quantize: the recipe.
        changes: options that replace those of the pattern; None leaves one out.
    """
    arguments = published.arguments(changes)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.edgernn"
        try:
            done = edgernn.export(
                published.model, out, format=model_format, quantize=quantize, **arguments
            )
        except EdgernnError as error:
            return Outcome(error=error)
        with load(out) as classifier:
            found = np.stack([classifier.output(text) for text in published.texts])
    assert found.shape == published.outputs.shape
    changed = np.abs(found - published.outputs).max(axis=1)
    return Outcome(
        lowering=done.lowering,
        largest=float(changed.max()),
        p99=float(np.quantile(changed, 0.99)),
        warnings=done.warnings,
    )


def names_the_cause(error: EdgernnError, changes: Mapping[str, Any]) -> bool:
    """Return whether an error blames the reference, or names an option that was changed."""
    if isinstance(error, GateError) and (
        "reference predictions, Keras with these options" in str(error.found)
    ):
        return True
    return any(f"--{name.replace('_', '-')}" in str(error) for name in changes)
