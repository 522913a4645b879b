"""`edgernn.train`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.api.callbacks import ignore
from edgernn.data.datasets import DataOptions, load_corpus
from edgernn.data.rows import Corpus, Rows
from edgernn.errors import OptionError
from edgernn.labeling import ThresholdOptions, check_threshold_options
from edgernn.model_folder import DEFAULT, check_output_folder
from edgernn.tensorflow_import import import_tensorflow
from edgernn.training.cluster import parse_cluster
from edgernn.training.options import (
    CHECKPOINT_MINUTES,
    PRESETS,
    SAMPLE_TEXTS,
    Preset,
    StreamOptions,
)
from edgernn.training.preset_file import continued_preset

if TYPE_CHECKING:
    from edgernn.training.run import TrainingResult


def train(
    data: str | Path | Rows = "reviews",
    out: str | Path = DEFAULT,
    *,
    preset: str | Preset | None = None,
    origin: str | Path | None = None,
    validation: str | Path | None = None,
    validation_split: float | None = None,
    unlabeled: str | Path | None = None,
    max_size: int | None = None,
    stream: bool = False,
    sample_texts: int = SAMPLE_TEXTS,
    steps_per_epoch: int | None = None,
    distribute: str | None = None,
    worker: int | None = None,
    data_dir: Path | None = None,
    text_column: str = "text",
    label_column: str = "label",
    label_delimiter: str | None = None,
    label_columns: Sequence[str] = (),
    other: str | Path | None = None,
    min_precision: float | None = None,
    rare_label: str | None = None,
    cost: float | None = None,
    overwrite: bool = False,
    tensorboard: str | Path | None = None,
    resume: bool = False,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    progress: Callable[[Any], None] = ignore,
    note: Callable[[str], None] = ignore,
    warn: Callable[[str], None] = ignore,
) -> TrainingResult:
    """Train a classifier on labeled texts and write a model folder.

    Args:
        data: a data set (`reviews`, `bbc`, `imdb`), a table, a folder, or rows in memory.
        out: the model folder to write.
        preset: `tutorial`, `bag`, `small` or `best`, or a modified preset:
            `dataclasses.replace(edgernn.PRESETS["small"], ...)`. The default is `small`, or the
            preset of `origin` with a smaller learning rate.
        origin: the folder of a trained model to continue from: the vocabulary and the labels stay,
            and new labels are added.
        validation: a table to validate on.
        validation_split: the share of the data to validate on, 0 to 1; 0.1 by default.
        unlabeled: a file of unlabeled texts to learn from as well.
        max_size: the largest int8 bundle, in bytes; layer sizes are reduced to fit.
        stream: read the tables that `data` names (a file, a folder or a glob) while training, in
            constant memory.
        sample_texts: the streamed texts that the vocabulary and the wide path are fitted on.
        steps_per_epoch: the batches between two validations of a stream; by default, all texts.
        distribute: `host:port` of each worker of a distributed training, separated by commas, or
            `auto` for those in the variable `TF_CONFIG`. Call it in a new process of each worker,
            before anything else uses TensorFlow.
        worker: the place of this worker, from 0.
        data_dir: the folder of the IMDB reviews.
        text_column: the column of a table that contains the texts.
        label_column: the column of a table that contains the labels.
        label_delimiter: what separates several labels in a cell of a table.
        label_columns: instead of `label_column`, one column for each label, with 1 or 0.
        other: a file of texts that belong to none of the classes, which become the class `other`.
        min_precision: the wanted precision of the predictions, 0 to 1: texts below the thresholds
            get no label.
        rare_label: of two labels, the one whose predictions have that precision; every other text
            gets the other label.
        cost: instead of `min_precision`, what a missed text of the rare label costs, if a false
            alarm costs 1.
        overwrite: replace an existing model folder.
        tensorboard: a folder for the loss and accuracy of each epoch, as TensorBoard reads them.
        resume: continue an interrupted training from its checkpoint in `out`, if there is one.
        checkpoint_minutes: the time between two checkpoints within an epoch; there is also one
            after each epoch.
        progress: called with an `edgernn.training.loop.Progress` after each batch and each epoch.
        note: called with a sentence when a step begins.
        warn: called with each warning; the result contains them too.

    Raises:
        OptionError: the data, a column or a preset does not exist or does not fit.
        DataError: the data is malformed or insufficient.
        ModelFolderError: `out` exists and must not be replaced.
        OutputError: the folder cannot be written.
        TrainingError: training ended without a usable model.

    Example:
        >>> rows = edgernn.Rows(("good film", "bad film") * 50, ("pos", "neg") * 50)
        >>> result = edgernn.train(rows, "model", preset="bag")
        >>> result.labels, result.scores.accuracy
        (('neg', 'pos'), 1.0)
    """
    cluster = None if distribute is None else parse_cluster(distribute, worker)
    at = DataOptions(
        "" if isinstance(data, Rows) else str(data),
        *(data_dir, text_column, label_column, label_delimiter, tuple(label_columns)),
    )
    thresholds = ThresholdOptions(min_precision, rare_label, cost)
    # Fail early: importing TensorFlow takes seconds.
    check_threshold_options(thresholds)
    if cluster is None or cluster.index == 0:
        check_output_folder(Path(out), overwrite=overwrite, resume=resume)
    corpus = None if stream else _corpus(data, at)
    import_tensorflow()
    from edgernn.training.request import TrainingCallbacks, TrainingRequest
    from edgernn.training.run import run_training
    from edgernn.training.workers import Workers

    share = validation_split or StreamOptions().share
    streamed = StreamOptions(share, sample_texts, steps_per_epoch) if stream else None
    request = TrainingRequest(
        data=at,
        corpus=corpus,
        validation=_path(validation),
        validation_split=None if stream else validation_split,
        unlabeled=_path(unlabeled),
        max_size=max_size,
        preset=_preset(preset, _path(origin)),
        origin=_path(origin),
        stream=streamed,
        workers=Workers(cluster) if cluster else None,
        out=Path(out),
        overwrite=overwrite,
        resume=resume,
        checkpoint_minutes=checkpoint_minutes,
        other=_path(other),
        thresholds=thresholds,
    )
    with _logged(_path(tensorboard), request.preset, progress) as logged:
        return run_training(request, TrainingCallbacks(logged, note, warn))


def _corpus(data: str | Path | Rows, at: DataOptions) -> Corpus:
    if isinstance(data, Rows):
        return Corpus(name="texts in memory", train=data)
    return load_corpus(at)


def _logged(
    folder: Path | None, preset: Preset, progress: Callable[[Any], None]
) -> AbstractContextManager[Callable[[Any], None]]:
    """Return a context of `progress`, with logs for TensorBoard if there is a folder for them."""
    if folder is None:
        return nullcontext(progress)
    if preset.network is None:
        raise OptionError(
            "there is nothing to log for TensorBoard",
            expected="a preset with a network",
            found=f"{preset.name}, which has no epochs",
            hint="leave out --tensorboard",
        )
    from edgernn.training.tensorboard import tensorboard_log

    return tensorboard_log(folder, progress)


def find_preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        OptionError: the preset does not exist.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        raise OptionError(
            "the preset does not exist",
            expected=" | ".join(PRESETS),
            found=name,
            hint=f"did you mean {near[0]}?" if near else "choose one of the presets",
        )
    return PRESETS[name]


def _preset(preset: str | Preset | None, origin: Path | None) -> Preset:
    if isinstance(preset, Preset):
        return preset
    if preset is None and origin is not None:
        return continued_preset(origin)
    return find_preset(preset or "small")


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)
