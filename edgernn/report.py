"""Tables of scores, as the commands print them."""

from __future__ import annotations

from edgernn.console import Table, interval, percent
from edgernn.metrics import Scores


def scores_table(title: str, scores: Scores, note: str | None) -> Table:
    """Return the scores as a table, the averages last."""
    rows = [
        (c.label, percent(c.precision), percent(c.recall), percent(c.f1), f"{c.support:,}")
        for c in scores.classes
    ]
    means = (percent(scores.precision), percent(scores.recall), percent(scores.f1))
    rows.append(("mean of the classes", *means, f"{scores.texts:,}"))
    accuracy = f"accuracy {percent(scores.accuracy)} (95 %: {interval(scores.accuracy_95)})"
    notes = (accuracy, *([f"note: {note}"] if note else []))
    columns = ("class", "precision", "recall", "F1", "texts")
    return Table(title, columns, tuple(rows), notes)
