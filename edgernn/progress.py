"""Progress bars on stderr: drawn on a terminal, a line a step in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from edgernn.console import say

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from edgernn.training.loop import Progress

_T = TypeVar("_T")


@contextmanager
def epoch_progress() -> Iterator[Callable[[Progress], None]]:
    """Yield what a training reports to: a bar an epoch, or a line an epoch in a pipe."""
    if not sys.stderr.isatty():
        yield lambda progress: say(_line(progress)) if _is_over(progress) else None
        return
    with _bars() as bars:
        tasks: dict[int, TaskID] = {}

        def report(progress: Progress) -> None:
            if progress.epoch not in tasks:
                tasks[progress.epoch] = bars.add_task("", total=progress.steps)
            task = tasks[progress.epoch]
            bars.update(task, completed=progress.step, description=_line(progress))

        yield report


@contextmanager
def amount_progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Yield what is told how much is done, and how much it is in all or None; no line in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with _bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def tracked(items: Sequence[_T], name: str) -> Iterator[_T]:
    """Yield the items, with a bar on a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with _bars() as bars:
        yield from bars.track(items, description=name)


def _bars() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _is_over(progress: Progress) -> bool:
    return "val_loss" in progress.figures


def _line(progress: Progress) -> str:
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    figures = [f"{name} {progress.figures[name]:.3f}" for name in names if name in progress.figures]
    return f"epoch {progress.epoch}/{progress.epochs}: " + ", ".join(figures)
