"""Tables of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edgernn.console import Table, interval, percent
from edgernn.metrics import Scores
from edgernn_export.decisions import Coverage
from edgernn_export.thresholds import describe_thresholds

if TYPE_CHECKING:
    from edgernn.training.continuation import Change
    from edgernn.training.path_scores import PathScores


def scores_table(
    title: str, scores: Scores, note: str | None, coverage: Coverage | None = None
) -> Table:
    """Return a table of the scores; its last rows are the averages.

    Args:
        title: the title.
        scores: the scores.
        note: a caveat about the data, or None.
        coverage: the effect of the model's thresholds, or None.
    """
    rows = [
        (c.label, percent(c.precision), percent(c.recall), percent(c.f1), f"{c.support:,}")
        for c in scores.classes
    ]
    means = (percent(scores.precision), percent(scores.recall), percent(scores.f1))
    rows.append(("macro average", *means, f"{scores.texts:,}"))
    accuracy = f"accuracy {percent(scores.accuracy)} (95 %: {interval(scores.accuracy_95)})"
    if not scores.confusion:
        micro = (scores.precision_micro, scores.recall_micro, scores.f1_micro)
        p, r, f1 = map(percent, micro)
        rows.append(("micro average", p, r, f1, f"{scores.texts:,}"))
        accuracy = f"exactly its labels: {accuracy.removeprefix('accuracy ')} of the texts"
    thresholds = None if coverage is None else coverage.thresholds
    effect = threshold_notes([c.label for c in scores.classes], thresholds, coverage)
    notes = [accuracy, *effect, *([f"note: {note}"] if note else [])]
    columns = ("class", "precision", "recall", "F1", "texts")
    return Table(title, columns, tuple(rows), tuple(notes))


def threshold_notes(
    labels: Sequence[str], thresholds: Sequence[float] | None, coverage: Coverage | None
) -> list[str]:
    """Return a line on the thresholds and one on their effect; no lines without thresholds.

    Args:
        labels: the names of the labels, [L].
        thresholds: the least probability of each label, [L], or None.
        coverage: the effect of the thresholds, or None if it was not measured.
    """
    if thresholds is None:
        return []
    notes = [f"thresholds: {describe_thresholds(labels, thresholds)}"]
    if coverage is not None:
        precision = "not measured" if coverage.precision is None else percent(coverage.precision)
        labeled = f"{percent(coverage.share)} of the texts get a label ({coverage.texts:,})"
        notes.append(f"coverage: {labeled}; precision of the labels: {precision}")
    return notes


def paths_table(scored: PathScores, deployed: str, texts: int) -> Table:
    """Return the validation scores of each path and their sum, and which one is deployed."""
    names = {
        "bag": ("words and n-grams (bag)", scored.bag),
        "network": ("recurrent network", scored.network),
        "both": ("sum of both", scored.both),
    }
    rows = [
        (
            name,
            percent(score.accuracy),
            f"{score.log_loss:.3f}",
            f"{score.calibration_error_before:.3f}",
            f"{score.calibration_error:.3f}",
            "yes" if key == deployed else "",
        )
        for key, (name, score) in names.items()
        if score is not None
    ]
    title = f"Paths on {texts:,} validation texts; the network is kept if it lowers the log loss"
    columns = ("model", "accuracy", "log loss", "ECE before", "ECE after", "deployed")
    method = (
        "log loss and ECE after: calibrated on one half of these texts and measured on the other, "
        "both ways; on few or easy texts they can exceed an epoch's val_loss and ECE before"
    )
    notes = ("ECE: expected calibration error, before and after the calibration", method)
    return Table(title, columns, tuple(rows), notes)


def changes_table(path: object, changes: Mapping[str, Change]) -> Table:
    """Return the accuracy before and after a training that continued from a model."""
    rows = tuple(
        (
            name,
            f"{one.texts:,}",
            percent(one.before),
            percent(one.after),
            f"{one.forgotten:,}",
            f"{one.learned:,}",
        )
        for name, one in changes.items()
    )
    columns = ("data", "texts", "accuracy before", "after", "forgotten", "learned")
    notes = (
        "forgotten: texts that only the old model classifies correctly; learned: only the new",
    )
    return Table(f"Continued from {path}", columns, rows, notes)
