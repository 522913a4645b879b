"""Progress on stderr: bars on a terminal, else one line per epoch; nothing with `--quiet`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from edgernn.console import is_quiet, print_status

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from edgernn.training.loop import Progress

_T = TypeVar("_T")

#: How often a bar with a rate changes.
_REFRESH_SECONDS = 0.2


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


@contextmanager
def throughput_progress(
    name: str, size: int | None, *, has_bar: bool
) -> Iterator[Callable[[int, int], None]]:
    """Yield a `callback(texts, position)` that drives a bar with texts per second.

    Args:
        name: what is done.
        size: the bytes of the file, or None.
        has_bar: whether a bar may be shown; it is silent without a terminal.
    """
    if not has_bar or not _has_bars():
        yield lambda _texts, _position: None
        return
    start = shown = time.monotonic()
    with _bars() as bars:
        task = bars.add_task(name, total=size)

        def update(texts: int, position: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown < _REFRESH_SECONDS:
                return
            shown = now
            rate = f"{texts:,} texts, {texts / (now - start):,.0f} texts/s"
            bars.update(task, completed=position, description=f"{name}: {rate}")

        yield update


def tracked(items: Sequence[_T], name: str) -> Iterator[_T]:
    """Yield the items, with a progress bar on a terminal."""
    if not _has_bars():
        yield from items
        return
    with _bars() as bars:
        yield from bars.track(items, description=name)


def announce(step: str) -> None:
    """Print the name of a step that takes seconds and has no parts, on a terminal only."""
    if _has_bars():
        print_status(f"{step} ...")


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
