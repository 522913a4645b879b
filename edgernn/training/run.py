"""One training from data to model folder, with what is shown on the way."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.console import say, show, show_json, warn
from edgernn.data.rows import Corpus, Rows, label_indices, label_names, split, with_tokens
from edgernn.data.sources import DataOptions, load_corpus, load_rows, read_texts
from edgernn.errors import DataError
from edgernn.metrics import Scores, score
from edgernn.model_folder import check_output_folder, write_model_folder
from edgernn.progress import epoch_progress
from edgernn.report import paths_table, scores_table
from edgernn.scoring import keras_probabilities, predicted_classes
from edgernn.training.history_plot import plot_history
from edgernn.training.network import KerasModel
from edgernn.training.options import Preset
from edgernn.training.sizing import describe, fitted
from edgernn.training.trainer import Trained, train

_VALIDATION_SPLIT = 0.1
_FEW_TEXTS = 100


@dataclass(frozen=True)
class TrainRequest:
    """A training that was asked for.

    Attributes:
        data: where the labeled texts are.
        validation: a file to validate on, or None.
        validation_split: the share to validate on, or None for the data's own part, else a tenth.
        unlabeled: a file of texts without labels, or None.
        max_size: the most bytes of an int8 bundle, or None.
        preset: how it is trained.
        out: the model folder to write.
        overwrite: replace a model folder that stands there.
    """

    data: DataOptions
    validation: Path | None
    validation_split: float | None
    unlabeled: Path | None
    max_size: int | None
    preset: Preset
    out: Path
    overwrite: bool


def run_training(request: TrainRequest, *, as_json: bool) -> None:
    """Train, score on the validation rows, write the model folder and print the scores.

    Raises:
        EdgernnError: the data cannot be used, the folder cannot be written, or training failed.
    """
    check_output_folder(request.out, overwrite=request.overwrite)
    corpus = load_corpus(request.data)
    training, validation = map(with_tokens, _parts(corpus, request))
    for warning in (*training.warnings, *validation.warnings, *_overlap(training, validation)):
        warn(warning)
    labels = label_names(training, corpus.name)
    truth = label_indices(validation, labels, str(request.validation or corpus.name))
    say(f"{len(training):,} texts to train on, {len(validation):,} to validate on: {corpus.name}")
    unlabeled = _unlabeled(request)
    preset = request.preset
    if request.max_size is not None:
        preset = fitted(preset, training.texts, len(labels), request.max_size)
        say(f"sizes to fit: {describe(preset)}")
    with epoch_progress() as report:
        trained = train(training, validation, labels, preset, report, say, unlabeled)
    if trained.interrupted:
        warn(f"interrupted; keeping epoch {trained.best_epoch}, the best so far")
    probabilities = keras_probabilities(trained.model, validation.texts)
    scores = score(truth, predicted_classes(probabilities).tolist(), labels)
    metrics = _metrics(preset, corpus, trained, scores, len(training))
    write_model_folder(
        request.out,
        model=_saved(trained.model),
        labels=labels,
        metrics=metrics,
        history=trained.history,
        history_plot=plot_history(trained.history, trained.best_epoch) if trained.history else None,
        validation=validation,
    )
    if as_json:
        show_json(metrics)
    else:
        show(scores_table(f"{request.out}: validation", scores, corpus.note))
        show(paths_table(trained.scores, trained.deployed, len(validation)))
    for warning in _advice(preset, trained, len(validation)):
        warn(warning)


def _advice(preset: Preset, trained: Trained, texts: int) -> Iterator[str]:
    """Yield what the comparison of the paths advises."""
    if texts < _FEW_TEXTS:
        yield f"only {texts:,} validation texts: scores on so few mean little"
    scores = trained.scores
    if trained.deployed == "bag" and preset.network is not None:
        yield (
            "the network does not beat words and n-grams alone on the validation texts, and was "
            "left out; --preset bag gives the same model in seconds"
        )
    elif (
        trained.deployed == "network"
        and scores.network
        and scores.network.log_loss > (scores.bag.log_loss)
    ):
        yield "words and n-grams alone score higher on the validation texts: try --preset small"


def _overlap(training: Rows, validation: Rows) -> Iterator[str]:
    """Yield a warning if texts are in both parts: the scores on them say nothing."""
    known = set(training.texts)
    both = sum(text in known for text in validation.texts)
    if both:
        yield (
            f"{both:,} of {len(validation):,} validation texts are training texts too: the "
            "validation scores are too high"
        )


def _parts(corpus: Corpus, request: TrainRequest) -> tuple[Rows, Rows]:
    """Return the rows to train on and those to validate on."""
    if request.validation is not None:
        return corpus.train, load_rows(request.validation, request.data)
    if corpus.validation is not None and request.validation_split is None:
        return corpus.train, corpus.validation
    label_names(corpus.train, corpus.name)
    share = request.validation_split or _VALIDATION_SPLIT
    return split(corpus.train, share, request.preset.training.seed)


def _unlabeled(request: TrainRequest) -> tuple[str, ...]:
    if request.unlabeled is None:
        return ()
    texts = read_texts(request.unlabeled, request.data.text_column)
    if not texts:
        raise DataError(
            "the file has no texts",
            path=request.unlabeled,
            expected="a text on each line, or a table with a column of texts",
            found="an empty file",
        )
    say(f"{len(texts):,} texts without labels: {request.unlabeled}")
    return texts


def _metrics(
    preset: Preset, corpus: Corpus, trained: Trained, scores: Scores, texts: int
) -> dict[str, Any]:
    return {
        "data": corpus.name,
        "source": corpus.source,
        "training_texts": texts,
        "epoch": trained.best_epoch,
        "interrupted": trained.interrupted,
        "parameters": int(sum(np.prod(w.shape) for w in trained.model.weights)),
        "preset": asdict(preset),
        "deployed": trained.deployed,
        "paths": asdict(trained.scores),
        "wide": {
            "buckets": len(trained.wide.checksums),
            "scaling": trained.wide.scaling,
            "strength": trained.wide.strength,
        },
        "validation": scores.to_json(),
        "note": corpus.note,
    }


def _saved(model: KerasModel) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()
