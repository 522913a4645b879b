"""Calibration of IMDB and AG News, and thresholds that refuse uncertain texts.

python benchmarks/probabilities.py DATA [--only NAME ...] [--out FOLDER]

DATA is that of `presets.py`. Each model is trained with the preset small, on the training table
only, and exported to an int8 `native` bundle with thresholds for a precision of 0.95, chosen on
the validation texts of the model folder. The bundle classifies the test table once. Then it
classifies the test texts of other data sets, which belong to none of its classes. Models and
bundles that FOLDER has are not made again. Prints Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from presets import DATA_SETS, jsonl, read_rows

import edgernn
from edgernn.data.rows import label_set_indices
from edgernn.evaluation import Evaluation, evaluate_predictions
from edgernn.scoring import bundle_probabilities
from edgernn_export.decisions import decide
from edgernn_runtime import load

_PRECISION = 0.95
_MODELS = ("agnews", "imdb")
_CONFIDENT = 0.9
#: Data sets whose texts belong to none of the classes of AG News.
_FOREIGN = ("trec6", "sms_spam", "banking77")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", choices=_MODELS, default=list(_MODELS))
    parser.add_argument("--out", type=Path, default=Path("probabilities"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    found = {name: _evaluate(options.data, name, options.out) for name in options.only}
    for line in _calibration(found):
        print(line)
    if "agnews" in options.only:
        print()
        bundle = options.out / "agnews" / "native-int8.edgernn"
        for line in _refused(options.data, bundle, found["agnews"]):
            print(line)


def _evaluate(data: Path, name: str, out: Path) -> Evaluation:
    """Return the evaluation of a bundle on the test table, after making what is missing."""
    train, test = DATA_SETS[name]
    folder = out / name
    bundle = folder / "native-int8.edgernn"
    if not (folder / "metrics.json").is_file():
        with tempfile.TemporaryDirectory() as temporary:
            table = jsonl(Path(temporary) / "train.jsonl", read_rows(data / train))
            edgernn.train(table, folder, preset="small")
    if not bundle.is_file():
        edgernn.export(folder, bundle, format="native", quantize="int8", min_precision=_PRECISION)
    rows = read_rows(data / test)
    with load(bundle) as classifier:
        labels, thresholds = classifier.labels, classifier.thresholds
        probabilities = bundle_probabilities(classifier, rows.texts)
    truth = label_set_indices(rows, labels, name)
    return evaluate_predictions(rows.texts, truth, probabilities, labels, thresholds=thresholds)


def _calibration(found: dict[str, Evaluation]) -> Iterator[str]:
    """Yield the table of the data sets."""
    yield (
        "| test set | texts | accuracy | calibration error | thresholds | coverage | precision of "
        "the labels |"
    )
    yield "|---|---:|---:|---:|---|---:|---:|"
    for name, one in found.items():
        coverage = one.coverage
        assert coverage is not None
        assert coverage.precision is not None
        cells = (
            *(name, f"{one.scores.texts:,}", f"{one.scores.accuracy:.2%}"),
            f"{one.calibration_error:.4f}",
            ", ".join(f"{value:.3f}" for value in coverage.thresholds),
            *(f"{coverage.share:.1%}", f"{coverage.precision:.2%}"),
        )
        yield "| " + " | ".join(cells) + " |"


def _refused(data: Path, bundle: Path, own: Evaluation) -> Iterator[str]:
    """Yield the table of the texts that belong to none of the classes."""
    yield (
        "| texts of | texts | with a label | without thresholds | of these with a probability of "
        f"{_CONFIDENT:g} or more |"
    )
    yield "|---|---:|---:|---:|---:|"
    assert own.coverage is not None
    for name in _FOREIGN:
        texts = read_rows(data / DATA_SETS[name][1]).texts
        with load(bundle) as classifier:
            probabilities = bundle_probabilities(classifier, texts)
        labeled = decide(probabilities, own.coverage.thresholds, is_multilabel=False)
        shares = (_share(np.asarray(labeled.any(axis=1))), "100%")
        sure = _share(np.asarray(probabilities.max(axis=1) >= _CONFIDENT))
        yield f"| {name} | {len(texts):,} | {' | '.join((*shares, sure))} |"


def _share(flags: NDArray[np.bool_]) -> str:
    return f"{flags.mean():.1%}"


if __name__ == "__main__":
    main()
