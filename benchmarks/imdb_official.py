"""Accuracy on IMDB's official test half: Keras and every bundle in a model folder.

python benchmarks/imdb_official.py TEST.csv [--model model] [--only NAME]

TEST is a table with the columns text and label (0 or neg, 1 or pos), plain or gzipped; HTML breaks
are cleaned as the loader of IMDB does. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from accuracy import HEADER, table_rows

from edgernn.data.rows import Rows, clean_breaks
from edgernn.data.table import read_table
from edgernn.model_folder import DEFAULT, read_model_folder
from edgernn.tensorflow_import import import_tensorflow

_NAMES = {"0": "neg", "1": "pos", "neg": "neg", "pos": "pos"}


def read_imdb(path: Path) -> Rows:
    """Return a half of IMDB, cleaned, with the labels neg and pos."""
    rows = read_table(path, "text", "label")
    return Rows(tuple(map(clean_breaks, rows.texts)), tuple(_NAMES[x] for x in rows.labels))


def main() -> None:
    """Print a row for Keras and for each bundle."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("test", type=Path)
    parser.add_argument("--model", type=Path, default=DEFAULT)
    parser.add_argument("--only", help="the name of one bundle, such as tflite-int8")
    options = parser.parse_args()
    folder, rows = read_model_folder(options.model), read_imdb(options.test)
    import_tensorflow()
    print(f"{len(rows):,} reviews\n\n{HEADER}")
    for row in table_rows(folder, rows, options.only):
        print(row, flush=True)


if __name__ == "__main__":
    main()
