"""Tables of scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgernn.console import Table, interval, percent
from edgernn.metrics import Scores

if TYPE_CHECKING:
    from edgernn.training.continuation import Change
    from edgernn.training.trainer import PathScores


def scores_table(title: str, scores: Scores, note: str | None) -> Table:
    """Return a table of the scores; its last row is the macro average."""
    rows = [
        (c.label, percent(c.precision), percent(c.recall), percent(c.f1), f"{c.support:,}")
        for c in scores.classes
    ]
    means = (percent(scores.precision), percent(scores.recall), percent(scores.f1))
    rows.append(("macro average", *means, f"{scores.texts:,}"))
    accuracy = f"accuracy {percent(scores.accuracy)} (95 %: {interval(scores.accuracy_95)})"
    notes = (accuracy, *([f"note: {note}"] if note else []))
    columns = ("class", "precision", "recall", "F1", "texts")
    return Table(title, columns, tuple(rows), notes)


def paths_table(scored: PathScores, deployed: str, texts: int) -> Table:
    """Return the validation scores of each path and their sum, and which one is deployed."""
    names = {
        "bag": ("words and n-grams (bag)", scored.bag),
        "network": ("recurrent network", scored.network),
        "both": ("sum of both", scored.both),
    }
    rows = [
        (name, percent(score.accuracy), f"{score.log_loss:.3f}", "yes" if key == deployed else "")
        for key, (name, score) in names.items()
        if score is not None
    ]
    title = f"Paths on {texts:,} validation texts; the network is kept if it lowers the log loss"
    return Table(title, ("model", "accuracy", "log loss", "deployed"), tuple(rows))


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
