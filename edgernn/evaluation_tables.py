"""An evaluation as tables and as a picture."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from edgernn.console import Table, interval, percent
from edgernn.evaluation import Evaluation
from edgernn.score_tables import scores_table

_MOST_CHARACTERS = 160


def evaluation_tables(title: str, found: Evaluation, note: str | None) -> tuple[Table, ...]:
    """Return scores, confusion matrix, accuracy by length, calibration and the worst mistakes."""
    tables = [scores_table(title, found.scores, note), _confusion(found), _lengths(found)]
    tables.append(_calibration(found))
    if found.mistakes:
        tables.append(_mistakes(found))
    return tuple(tables)


def _confusion(found: Evaluation) -> Table:
    labels = [c.label for c in found.scores.classes]
    rows = tuple(
        (label, *(f"{count:,}" for count in row))
        for label, row in zip(labels, found.scores.confusion, strict=True)
    )
    return Table("True class by row, answer by column", ("", *labels), rows)


def _lengths(found: Evaluation) -> Table:
    rows = tuple(
        (f"{p.low:,} to {p.high:,}", f"{p.texts:,}", percent(p.accuracy), interval(p.accuracy_95))
        for p in found.lengths
    )
    return Table("By the length of the text", ("words", "texts", "accuracy", "95 %"), rows)


def _calibration(found: Evaluation) -> Table:
    rows = tuple(
        (
            f"{b.low:.2f} to {b.high:.2f}",
            f"{b.texts:,}",
            percent(b.probability),
            percent(b.accuracy),
        )
        for b in found.calibration
    )
    note = f"expected calibration error {found.calibration_error:.3f}"
    columns = ("probability", "texts", "mean probability", "right")
    return Table("How sure, and how often right", columns, rows, (note,))


def _mistakes(found: Evaluation) -> Table:
    rows = tuple((_short(m.text), m.label, m.given, percent(m.probability)) for m in found.mistakes)
    return Table("The surest mistakes", ("text", "label", "answer", "probability"), rows)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 3] + "..."


def plot_evaluation(found: Evaluation) -> bytes:
    """Return a PNG: the confusion matrix, and how often answers of each probability are right."""
    labels = [c.label for c in found.scores.classes]
    size = max(4.0, 0.45 * len(labels) + 2)
    figure = Figure(figsize=(size + 4.2, size), layout="constrained")
    matrix, calibration = figure.subplots(1, 2, width_ratios=(size, 4))
    shares = [[n / max(sum(row), 1) for n in row] for row in found.scores.confusion]
    matrix.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    matrix.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    matrix.set_yticks(range(len(labels)), labels)
    for y, row in enumerate(found.scores.confusion):
        for x, count in enumerate(row):
            ink = "white" if shares[y][x] > 0.5 else "black"
            matrix.text(x, y, f"{count:,}", ha="center", va="center", color=ink)
    matrix.set_xlabel("answer")
    matrix.set_ylabel("true class")
    calibration.plot([0, 1], [0, 1], color="grey", linestyle=":")
    means, rights = (
        [getattr(b, n) for b in found.calibration] for n in ("probability", "accuracy")
    )
    calibration.plot(means, rights, marker="o")
    calibration.set_xlabel("probability of the answer")
    calibration.set_ylabel("share that is right")
    calibration.set_title(f"calibration error {found.calibration_error:.3f}")
    calibration.grid(alpha=0.3)
    target = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(target, format="png", dpi=120)
    return target.getvalue()
