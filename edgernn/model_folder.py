"""The model folder, which `edgernn train` writes and the other commands read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.data.multilabel import join_labels
from edgernn.data.rows import Rows, sample
from edgernn.errors import ModelFolderError, OptionError
from edgernn_export.bundle_file import write_file

DEFAULT = Path("model")
MODEL = "model.keras"
LABELS = "labels.json"
METRICS = "metrics.json"
HISTORY = "history.json"
HISTORY_PLOT = "history.png"
CONFUSION_PLOT = "confusion.png"
REPORT = "report.html"
VALIDATION = "validation.jsonl"
THRESHOLDS = "thresholds.json"
#: The folder with the checkpoints of an interrupted training.
CHECKPOINT = "checkpoint"
BUNDLE_SUFFIX = ".edgernn"

#: The number of validation texts that are kept for the verification of exports.
VALIDATION_TEXTS = 1000


@dataclass(frozen=True)
class ModelFolder:
    """A folder with a trained model.

    Attributes:
        path: the folder.
        labels: the names of the classes.
        validation: texts that the model was not trained on, with their labels.
        about: a description of the training data for the model card, or None.
        thresholds: the least probability of each label, or None.
    """

    path: Path
    labels: tuple[str, ...]
    validation: Rows
    about: str | None = None
    thresholds: tuple[float, ...] | None = None

    @property
    def model(self) -> Path:
        """The file of the Keras model, which maps strings to probabilities."""
        return self.path / MODEL

    @property
    def bundles(self) -> tuple[Path, ...]:
        """The exported bundles in the folder, sorted by name."""
        return tuple(sorted(self.path.glob("*" + BUNDLE_SUFFIX)))


def is_model_folder(path: Path) -> bool:
    """Return whether the path is a folder that `edgernn train` wrote."""
    return (path / MODEL).is_file() and (path / LABELS).is_file()


def check_bundle_path(path: Path) -> None:
    """Check that a path is not a Keras model, which must be exported first, or a folder of C.

    Raises:
        OptionError: the path is a `.keras` file, a model folder, or a folder of `--format c`.
    """
    if (path / "src" / "edgernn_config.h").is_file():
        raise OptionError(
            "a folder of C sources is not a bundle",
            path=path,
            expected=f"a {BUNDLE_SUFFIX} file",
            found="a folder that `edgernn export --format c` wrote",
            hint="export the model with --format native, which has the same predictions",
        )
    is_folder = is_model_folder(path)
    if is_folder or path.suffix == ".keras":
        raise OptionError(
            "a Keras model is not a bundle",
            path=path,
            expected=f"a {BUNDLE_SUFFIX} file",
            found="a model folder" if is_folder else "a .keras file",
            hint=f"export it first: `edgernn export {path} --format native --quantize int8`",
        )


def read_model_folder(path: Path) -> ModelFolder:
    """Return the model folder at a path.

    Raises:
        OptionError: the path is not a model folder.
        ModelFolderError: a file in it is malformed.
    """
    if not is_model_folder(path):
        raise OptionError(
            "the folder does not contain a trained model",
            path=path,
            expected=f"a folder with {MODEL} and {LABELS}",
            found="another kind of folder" if path.is_dir() else "nothing at this path",
            hint=f"train a model: `edgernn train --out {path}`",
        )
    try:
        labels = tuple(json.loads((path / LABELS).read_text(encoding="utf-8")))
        lines = (path / VALIDATION).read_text(encoding="utf-8").split("\n")
        rows = [json.loads(line) for line in lines if line]
        validation = _validation(rows)
        thresholds = _thresholds(path / THRESHOLDS, labels)
        about = _about(path / METRICS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(
            "the model folder is damaged",
            path=path,
            expected=f"{LABELS}, {METRICS} and {VALIDATION} as written by `edgernn train`",
            found=f"{type(error).__name__}: {error}",
            hint="train again",
        ) from error
    return ModelFolder(path, labels, validation, about, thresholds)


def _validation(rows: list[dict[str, Any]]) -> Rows:
    """Return the validation texts; multi-label ones have lists of labels."""
    is_multilabel = any(isinstance(row["label"], list) for row in rows)
    labels = (join_labels(row["label"]) if is_multilabel else row["label"] for row in rows)
    return Rows(tuple(row["text"] for row in rows), tuple(labels), is_multilabel=is_multilabel)


def _thresholds(path: Path, labels: tuple[str, ...]) -> tuple[float, ...] | None:
    """Return the threshold of each label; None for a model without thresholds."""
    if not path.is_file():
        return None
    by_label = json.loads(path.read_text(encoding="utf-8"))
    return tuple(float(by_label[label]) for label in labels)


def _about(path: Path) -> str | None:
    """Return a description of the training data; None for a folder without metrics."""
    metrics = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    preset = metrics.get("preset")
    if preset is None:
        return None
    sentences = [
        metrics.get("source") or f"The data set {Path(metrics['data']).name}.",
        f"Trained on {metrics['training_texts']:,} texts with the preset {preset['name']}.",
    ]
    if metrics.get("note"):
        note = str(metrics["note"])
        sentences.append(note[0].upper() + note[1:] + ".")
    return " ".join(sentences)


def check_output_folder(path: Path, *, overwrite: bool, resume: bool = False) -> None:
    """Check that a model folder may be written at a path, without writing.

    Args:
        path: the folder.
        overwrite: whether a model or the checkpoint of an interrupted training may be replaced.
        resume: whether the interrupted training continues.

    Raises:
        ModelFolderError: the path is a file or another kind of folder, or a model folder without
            `overwrite`, or an interrupted training without `overwrite` or `resume`.
    """
    files = {file.name for file in path.iterdir()} if path.is_dir() else set()
    is_interrupted = CHECKPOINT in files and (files == {CHECKPOINT} or is_model_folder(path))
    if is_interrupted and not overwrite:
        if resume:
            return
        raise ModelFolderError(
            "the output folder contains an interrupted training",
            path=path,
            expected="--resume, which continues it, or --force, which trains anew",
            found="neither",
            hint="repeat the command with --resume",
        )
    if path.is_dir() and (files <= {CHECKPOINT} or (is_model_folder(path) and overwrite)):
        return
    if not path.exists():
        _check_writable(path)
        return
    is_model = is_model_folder(path)
    raise ModelFolderError(
        "the output folder contains a model already"
        if is_model
        else "the output path exists already",
        path=path,
        expected="a new path, an empty folder, or a model folder with --force",
        found="a model folder" if is_model else "other files",
        hint="replace it with --force, or choose another folder with --out"
        if is_model
        else "choose another folder with --out",
    )


def _check_writable(path: Path) -> None:
    """Check that a folder can be made at a path; training may take minutes before it is."""
    parent = next(one for one in path.absolute().parents if one.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ModelFolderError(
            "the model folder cannot be created",
            path=path,
            expected="a writable folder",
            found=f"{parent}, " + ("not writable" if parent.is_dir() else "a file"),
            hint="choose another place with --out",
        )


def write_model_folder(
    path: Path,
    *,
    model: bytes,
    labels: tuple[str, ...],
    metrics: Mapping[str, Any],
    history: Mapping[str, Any],
    history_plot: bytes | None,
    confusion_plot: bytes | None,
    validation: Rows,
    thresholds: tuple[float, ...] | None = None,
) -> None:
    """Write a model folder and remove the bundles of an earlier model from it.

    Raises:
        OutputError: the folder cannot be written to.
    """
    for bundle in path.glob("*" + BUNDLE_SUFFIX):
        bundle.unlink()
    kept = sample(validation, VALIDATION_TEXTS)
    labels_of_texts = kept.label_sets if kept.is_multilabel else kept.labels
    lines = (
        json.dumps({"text": text, "label": label}, ensure_ascii=False)
        for text, label in zip(kept.texts, labels_of_texts, strict=True)
    )
    write_file(path / MODEL, model)
    write_file(path / LABELS, _json(list(labels)))
    write_file(path / METRICS, _json(metrics))
    write_file(path / HISTORY, _json(history))
    by_label = None if thresholds is None else dict(zip(labels, thresholds, strict=True))
    optional = {
        HISTORY_PLOT: history_plot,
        CONFUSION_PLOT: confusion_plot,
        THRESHOLDS: None if by_label is None else _json(by_label),
    }
    for name, content in optional.items():
        if content is None:
            (path / name).unlink(missing_ok=True)
        else:
            write_file(path / name, content)
    write_file(path / VALIDATION, "".join(line + "\n" for line in lines).encode())


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
