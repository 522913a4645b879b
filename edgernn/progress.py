"""Progress on stderr: bars on a terminal, else one line per epoch; nothing with `--quiet`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from edgernn.console import is_quiet, print_status

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from edgernn.training.loop import Progress

_T = TypeVar("_T")


@contextmanager
def epoch_progress() -> Iterator[Callable[[Progress], None]]:
    """Yield a `callback(progress)` that shows a bar or prints a line for each epoch."""
    if not _has_bars():
        yield lambda progress: print_status(_line(progress)) if _is_over(progress) else None
        return
    with _bars() as bars:
        tasks: dict[int, TaskID] = {}

        def update(progress: Progress) -> None:
            if progress.epoch not in tasks:
                tasks[progress.epoch] = bars.add_task("", total=progress.steps)
            task = tasks[progress.epoch]
            bars.update(task, completed=progress.step, description=_line(progress))

        yield update


@contextmanager
def amount_progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Yield a `callback(done, total)` that drives a progress bar; silent without a terminal.

    The total is None if it is unknown.
    """
    if not _has_bars():
        yield lambda _done, _total: None
        return
    with _bars() as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def tracked(items: Sequence[_T], name: str) -> Iterator[_T]:
    """Yield the items, with a progress bar on a terminal."""
    if not _has_bars():
        yield from items
        return
    with _bars() as bars:
        yield from bars.track(items, description=name)


def _has_bars() -> bool:
    return sys.stderr.isatty() and not is_quiet()


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
