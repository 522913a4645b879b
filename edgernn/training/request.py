"""What a training is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edgernn.data.datasets import DataOptions
from edgernn.data.rows import Corpus
from edgernn.labeling import ThresholdOptions
from edgernn.training.loop import ProgressCallback
from edgernn.training.options import CHECKPOINT_MINUTES, Preset, StreamOptions
from edgernn.training.trainer import NoteCallback
from edgernn.training.workers import Workers


@dataclass(frozen=True)
class TrainingRequest:
    """The data, options and output of a training.

    Attributes:
        data: the labeled texts; its column names apply to the other tables too.
        corpus: the texts of `data` if they were read before, or texts in memory; or None.
        origin: the folder of a trained model to continue from, or None.
        stream: how to read the tables if they are larger than memory, or None.
        workers: the workers that share each batch, or None.
        resume: continue from the checkpoint of an interrupted training, if there is one.
        checkpoint_minutes: the time between two checkpoints within an epoch.
        validation: a table to validate on, or None.
        validation_split: the share to validate on; None for the validation part of the data, or
            0.1 without one.
        unlabeled: a file of unlabeled texts, or None.
        max_size: the largest int8 bundle in bytes, or None.
        preset: the training options.
        out: the model folder to write.
        overwrite: replace an existing model folder.
        other: a file of texts that belong to none of the classes, or None.
        thresholds: what the thresholds of the model are for.
    """

    data: DataOptions
    validation: Path | None
    validation_split: float | None
    unlabeled: Path | None
    max_size: int | None
    preset: Preset
    out: Path
    overwrite: bool
    corpus: Corpus | None = None
    origin: Path | None = None
    stream: StreamOptions | None = None
    workers: Workers | None = None
    resume: bool = False
    checkpoint_minutes: float = CHECKPOINT_MINUTES
    other: Path | None = None
    thresholds: ThresholdOptions = field(default_factory=ThresholdOptions)


@dataclass(frozen=True)
class TrainingCallbacks:
    """Functions that a training calls; by default they do nothing.

    Attributes:
        progress: called after each batch and each epoch.
        note: called with a sentence when a step begins.
        warn: called with each warning as it occurs.
    """

    progress: ProgressCallback = field(default=lambda _: None)
    note: NoteCallback = field(default=lambda _: None)
    warn: NoteCallback = field(default=lambda _: None)
