"""A training that continues from a model: its labels, its validation texts, and what it forgot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgernn.data.rows import Rows, label_names
from edgernn.errors import OptionError
from edgernn.scoring import keras_probabilities
from edgernn.training.options import Preset
from edgernn.training.origin import Origin, read_origin


@dataclass(frozen=True)
class Change:
    """The predictions of a model before and after a continued training.

    Attributes:
        texts: the number of texts.
        before: the accuracy of the model that the training continued from.
        after: the accuracy of the new model.
        forgotten: the texts that only the old model classifies correctly.
        learned: the texts that only the new model classifies correctly.
    """

    texts: int
    before: float
    after: float
    forgotten: int
    learned: int


def read_checked_origin(path: Path | None, preset: Preset, max_size: int | None) -> Origin | None:
    """Return the model to continue from; None without a path.

    Raises:
        OptionError: the path is not a model folder, or an option changes the sizes of the model.
        ModelFolderError: a file in the folder is malformed.
        ModelFileError: its Keras model cannot be read.
    """
    if path is None:
        return None
    origin = read_origin(path)
    sections = ("text", "network", "wide")
    given, stored = asdict(preset), asdict(origin.preset)
    changed = [name for name in sections if given[name] != stored[name]]
    if changed or max_size is not None:
        raise OptionError(
            "a continued training cannot change the sizes of its model",
            path=path,
            expected="options of the training, such as --epochs and --learning-rate",
            found=f"options of the {changed[0]}" if changed else "--max-size",
            hint="leave them out, or train anew without --from",
        )
    return origin


def continued_labels(training: Rows, name: str, origin: Origin | None) -> tuple[str, ...]:
    """Return the names of the classes: those of the origin, then the new ones."""
    if origin is None:
        return label_names(training, name)
    return (*origin.labels, *sorted(set(training.labels) - set(origin.labels)))


def with_old_rows(validation: Rows, origin: Origin | None) -> Rows:
    """Return the validation rows, with those of the origin first."""
    if origin is None:
        return validation
    old = origin.validation
    return Rows(old.texts + validation.texts, old.labels + validation.labels, validation.warnings)


def find_missing_labels(training: Rows, origin: Origin | None) -> Iterator[str]:
    """Yield a warning if the new texts lack labels of the origin, which it would forget."""
    missing = sorted(set(origin.labels) - set(training.labels)) if origin else []
    if missing:
        yield (
            f"no new text is labeled {', '.join(missing[:10])}: the model will forget what it "
            "learned about them; add earlier texts to the data"
        )


def describe_changes(
    origin: Origin | None,
    probabilities: NDArray[np.float32],
    new: Rows,
    labels: tuple[str, ...],
) -> dict[str, Change]:
    """Return the change of the predictions on the old and on the new validation texts."""
    if origin is None:
        return {}
    count = len(origin.validation)
    parts = {
        "old validation texts": (origin.validation, probabilities[:count]),
        "new validation texts": (new, probabilities[count:]),
    }
    return {
        name: _change(keras_probabilities(origin.model, rows.texts), after, rows, labels)
        for name, (rows, after) in parts.items()
    }


def _change(
    before: NDArray[np.float32], after: NDArray[np.float32], rows: Rows, labels: tuple[str, ...]
) -> Change:
    """Return the change of the predictions.

    Args:
        before: the probabilities of the old model, float32 [N, C].
        after: the probabilities of the new model, float32 [N, D], D at least C.
        rows: the texts, with their labels.
        labels: the names of the classes of the new model; the first C are those of the old one.
    """
    truth = np.asarray([labels.index(label) for label in rows.labels])
    old, new = before.argmax(axis=1) == truth, after.argmax(axis=1) == truth
    return Change(
        texts=len(rows),
        before=float(old.mean()),
        after=float(new.mean()),
        forgotten=int((old & ~new).sum()),
        learned=int((new & ~old).sum()),
    )
