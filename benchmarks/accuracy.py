"""Accuracy of a model folder's bundles on a test set: a table that two benchmarks print."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgernn.data.rows import Rows, label_indices
from edgernn.metrics import wilson_interval
from edgernn.model_folder import ModelFolder
from edgernn.scoring import bundle_probabilities, keras_probabilities
from edgernn_export.keras.model_file import load_keras
from edgernn_runtime import load

HEADER = (
    "| variant | model bytes | accuracy | 95 % | label agreement | p99 absolute error "
    "| max absolute error |\n|---|---:|---:|---:|---:|---:|---:|"
)


def table_rows(folder: ModelFolder, rows: Rows, only: str | None = None) -> Iterator[str]:
    """Yield a Markdown row for Keras and for each bundle of the folder.

    Args:
        folder: the trained model and its bundles.
        rows: the test set.
        only: the name of one bundle, or None for all.
    """
    truth = np.asarray(label_indices(rows, folder.labels, "the test set"))
    reference = keras_probabilities(load_keras(folder.model), rows.texts)
    yield _row("Keras", None, reference, reference, truth)
    for path in folder.bundles:
        if only in (None, path.stem):
            with load(path) as classifier:
                found = bundle_probabilities(classifier, rows.texts)
                size = len(classifier.bundle.model)
            yield _row(path.stem, size, found, reference, truth)


def _row(
    name: str,
    size: int | None,
    found: NDArray[np.float32],
    reference: NDArray[np.float32],
    truth: NDArray[np.intp],
) -> str:
    right = found.argmax(axis=1) == truth
    low, high = wilson_interval(int(right.sum()), len(right))
    errors = np.abs(found - reference).max(axis=1)
    agreement = (found.argmax(axis=1) == reference.argmax(axis=1)).mean()
    cells = (
        "" if size is None else f"{size:,}",
        f"{right.mean():.2%}",
        f"{low:.2%} to {high:.2%}",
        f"{agreement:.2%}",
        f"{np.quantile(errors, 0.99):.1e}",
        f"{errors.max():.1e}",
    )
    return f"| {name} | " + " | ".join(cells) + " |"
