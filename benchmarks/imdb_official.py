"""Accuracy on IMDB's official test half: Keras and every bundle in a model folder.

python benchmarks/imdb_official.py TEST.csv [--model model] [--only NAME]

TEST is a table with the columns text and label (0 or neg, 1 or pos), plain or gzipped; HTML breaks
are cleaned as the loader of IMDB does. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from edgernn.data.rows import Rows, clean_breaks, label_indices
from edgernn.data.table import read_table
from edgernn.heavy import import_tensorflow
from edgernn.metrics import wilson_interval
from edgernn.model_folder import DEFAULT, read_model_folder
from edgernn.scoring import bundle_probabilities, keras_probabilities
from edgernn_runtime import load

_NAMES = {"0": "neg", "1": "pos", "neg": "neg", "pos": "pos"}


def read_test(path: Path) -> Rows:
    """Return the test rows, cleaned, with the labels neg and pos."""
    rows = read_table(path, "text", "label")
    return Rows(tuple(map(clean_breaks, rows.texts)), tuple(_NAMES[x] for x in rows.labels))


def main() -> None:
    """Print a row for Keras and for each bundle."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("test", type=Path)
    parser.add_argument("--model", type=Path, default=DEFAULT)
    parser.add_argument("--only", help="the name of one bundle, such as tflite-int8")
    options = parser.parse_args()
    folder, rows = read_model_folder(options.model), read_test(options.test)
    truth = np.asarray(label_indices(rows, folder.labels, str(options.test)))
    import_tensorflow()
    from edgernn_export.keras_model import load_keras

    reference = keras_probabilities(load_keras(folder.model), rows.texts)
    print(f"{len(rows):,} reviews\n")
    print("| form | accuracy | 95 % | same label as Keras | p99 change | largest change |")
    print("|---|---:|---:|---:|---:|---:|")
    print(_row("Keras", reference, reference, truth))
    for path in folder.bundles:
        if options.only in (None, path.stem):
            with load(path) as classifier:
                found = bundle_probabilities(classifier, rows.texts)
            print(_row(path.stem, found, reference, truth), flush=True)


def _row(name: str, found: np.ndarray, reference: np.ndarray, truth: np.ndarray) -> str:
    right = found.argmax(axis=1) == truth
    low, high = wilson_interval(int(right.sum()), len(right))
    change = np.abs(found - reference).max(axis=1)
    agreement = (found.argmax(axis=1) == reference.argmax(axis=1)).mean()
    cells = (
        f"{right.mean():.2%}",
        f"{low:.2%} to {high:.2%}",
        f"{agreement:.2%}",
        f"{np.quantile(change, 0.99):.1e}",
        f"{change.max():.1e}",
    )
    return f"| {name} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
