"""Four models of the preset `tutorial` in every format and recipe: accuracy on the test set.

python benchmarks/trained.py DATA [--out FOLDER] [--only NAME]

DATA contains imdb/, agnews/, trec6/ and sms_spam/ with train and test tables (columns text and
label). Models that exist in FOLDER are not trained again. Prints Markdown, with the seconds of each
export; the first one of a model includes tracing and running Keras.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from accuracy import HEADER, table_rows
from imdb_official import read_imdb

from edgernn.data.rows import Rows, label_indices
from edgernn.data.table import read_table
from edgernn.model_folder import ModelFolder, is_model_folder, read_model_folder
from edgernn.tensorflow_import import import_tensorflow
from edgernn_export import Examples, Options, export
from edgernn_runtime import EdgernnError

VARIANTS = (
    *((f, q, "default") for f in ("tflite", "onnx", "native") for q in ("none", "float16", "int8")),
    ("tflite", "int8-full", "default"),
    ("tflite", "int8", "stateless"),
    ("onnx", "int8", "ort"),
)


@dataclass(frozen=True)
class DataSet:
    """A data set and how a model is trained on it.

    Attributes:
        train: the table to train on, below the folder of data.
        test: the table to test on.
        options: options of `edgernn train`.
    """

    train: str
    test: str
    options: tuple[str, ...] = ()


DATA_SETS = {
    "imdb": DataSet("imdb/train.csv.gz", "imdb/test.csv.gz", ("--max-length", "256")),
    "agnews": DataSet("agnews/train10k.csv", "agnews/test.csv"),
    "trec6": DataSet("trec6/train.csv", "trec6/test.csv"),
    "sms_spam": DataSet("sms_spam/train.csv", "sms_spam/test.csv"),
}


def main() -> None:
    """Train what is missing, export everything, and print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("trained"))
    parser.add_argument("--only", choices=DATA_SETS)
    options = parser.parse_args()
    import_tensorflow()
    for name, data_set in DATA_SETS.items():
        if options.only in (None, name):
            folder = _trained(options.data, options.out / name, data_set)
            print(f"\n{name}\n", flush=True)
            _export_all(folder)
            rows = read_rows(options.data / data_set.test)
            print(f"\n{len(rows):,} texts\n\n{HEADER}")
            for row in table_rows(read_model_folder(folder.path), rows):
                print(row, flush=True)


def read_rows(path: Path) -> Rows:
    """Return a table of texts and labels."""
    return read_imdb(path) if path.parent.name == "imdb" else read_table(path, "text", "label")


def _trained(data: Path, out: Path, data_set: DataSet) -> ModelFolder:
    if not is_model_folder(out):
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "train.jsonl"
            rows = read_rows(data / data_set.train)
            lines = (
                json.dumps({"text": text, "label": label})
                for text, label in zip(rows.texts, rows.labels, strict=True)
            )
            table.write_text("\n".join(lines), encoding="utf-8")
            command = [sys.executable, "-m", "edgernn", "train", "--data", str(table)]
            command += ["--preset", "tutorial", "--out", str(out), *data_set.options]
            subprocess.run(command, check=True, stdout=sys.stderr)
    return read_model_folder(out)


def _export_all(folder: ModelFolder) -> None:
    rows = folder.validation
    truth = label_indices(rows, folder.labels, str(folder.path))
    examples = Examples(rows.texts, truth, "model folder")
    for model_format, recipe, variant in VARIANTS:
        stem = "-".join([model_format, recipe, *([] if variant == "default" else [variant])])
        out = folder.path / f"{stem}.edgernn"
        start = time.perf_counter()
        asked = Options(model_format, recipe, variant, folder.labels, overwrite=True)
        try:
            done = export(folder.model, out, asked, examples)
        except EdgernnError as error:
            print(f"{stem}: {error}")
            continue
        seconds = time.perf_counter() - start
        print(f"{stem}: {seconds:.1f} s, {done.lowering}, {done.size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
