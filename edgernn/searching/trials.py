"""The finished trials of a search, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgernn.console import Table, percent

_SHOWN = 10


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    Attributes:
        number: its number, from 0; the first trial is the preset itself.
        values: the options.
        log_loss: the log loss on the validation texts, which the search minimizes.
        accuracy: the accuracy on the validation texts, 0 to 1.
        bytes: the size of the int8 bundle.
        milliseconds: the median latency of a validation text.
        fits: whether size and latency are within the limits.
        seconds: the duration.
    """

    number: int
    values: Mapping[str, Any]
    log_loss: float
    accuracy: float
    bytes: int
    milliseconds: float
    fits: bool
    seconds: float


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial with the lowest log loss within the limits; None without one.

    Of equal ones, it is the first, whose model folder exists.
    """
    return min((one for one in trials if one.fits), key=lambda one: one.log_loss, default=None)


def trials_table(trials: Sequence[Trial]) -> Table:
    """Return the best trials and the first one, which is the preset."""
    order = sorted(trials, key=lambda one: (not one.fits, one.log_loss))
    shown = order[:_SHOWN] + [one for one in order[_SHOWN:] if one.number == 0]
    first = next(one for one in trials if one.number == min(t.number for t in trials))
    rows = tuple(
        (
            f"{one.number}" + (" (preset)" if one.number == 0 else ""),
            f"{one.log_loss:.3f}",
            percent(one.accuracy),
            f"{one.bytes:,}",
            f"{one.milliseconds:.3f}",
            "yes" if one.fits else "no",
            f"{one.seconds:.0f}",
            _changes(one, first),
        )
        for one in shown
    )
    columns = ("trial", "log loss", "accuracy", "bytes", "ms", "within limits", "s", "options")
    title = f"{len(trials)} trials, by log loss on the validation texts"
    return Table(title, columns, rows)


def _changes(trial: Trial, first: Trial) -> str:
    """Return the options that differ from those of the preset."""
    changed = [
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in trial.values.items()
        if first.number == 0 and value != first.values[name]
    ]
    return " ".join(changed) or "-"
