"""Tables of an evaluation."""

from __future__ import annotations

from edgernn.console import Table, interval, percent
from edgernn.evaluation import Evaluation
from edgernn.score_tables import scores_table

_MAX_CHARACTERS = 160


def evaluation_tables(title: str, evaluation: Evaluation, note: str | None) -> tuple[Table, ...]:
    """Return scores, confusion matrix, accuracy by length, calibration and the worst mistakes.

    Args:
        title: the title of the first table.
        evaluation: the results.
        note: a caveat about the data for the first table, or None.
    """
    tables = [scores_table(title, evaluation.scores, note, evaluation.coverage)]
    if evaluation.scores.confusion:
        tables.append(_confusion(evaluation))
    tables += [_lengths(evaluation), _calibration(evaluation)]
    if evaluation.mistakes:
        tables.append(_mistakes(evaluation))
    return tuple(tables)


def _confusion(evaluation: Evaluation) -> Table:
    labels = [c.label for c in evaluation.scores.classes]
    rows = tuple(
        (label, *(f"{count:,}" for count in row))
        for label, row in zip(labels, evaluation.scores.confusion, strict=True)
    )
    title = "Confusion matrix: true class by row, predicted class by column"
    return Table(title, ("", *labels), rows)


def _lengths(evaluation: Evaluation) -> Table:
    rows = tuple(
        (
            f"{p.low:,} to {p.high:,}" if p.low < p.high else f"{p.low:,}",
            f"{p.texts:,}",
            percent(p.accuracy),
            interval(p.accuracy_95),
        )
        for p in evaluation.lengths
    )
    return Table("Accuracy by text length", ("words", "texts", "accuracy", "95 % interval"), rows)


def _calibration(evaluation: Evaluation) -> Table:
    rows = tuple(
        (
            f"{b.low:.2f} to {b.high:.2f}",
            f"{b.texts:,}",
            percent(b.probability),
            percent(b.accuracy),
        )
        for b in evaluation.calibration
    )
    note = (
        f"expected calibration error {evaluation.calibration_error:.3f}: "
        "the mean distance between probability and accuracy"
    )
    columns = ("probability", "texts", "mean probability", "accuracy")
    return Table("Calibration", columns, rows, (note,))


def _mistakes(evaluation: Evaluation) -> Table:
    rows = tuple(
        (_short(m.text), m.label, m.predicted, percent(m.probability)) for m in evaluation.mistakes
    )
    columns = ("text", "label", "predicted", "probability")
    return Table("Most confident mistakes", columns, rows)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CHARACTERS else line[: _MAX_CHARACTERS - 3] + "..."
