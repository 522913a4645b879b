"""Output of the commands: results on stdout, everything else on stderr.

Nothing is coloured in a pipe, or if the variable `NO_COLOR` is set to any text. `--quiet` leaves
results, warnings and errors.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from edgernn_runtime import EdgernnError

#: The exit status after Ctrl-C: 128 plus the number of SIGINT.
INTERRUPTED = 130

#: The key of `--quiet` in a context of click.
_QUIET = "edgernn.quiet"


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes:
        title: the line above the table.
        columns: the names of the columns; the first is aligned left, the others right.
        rows: the cells of each row, as text.
        notes: the lines below the table.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def show(table: Table) -> None:
    """Print a table: with borders on a terminal, else as Markdown."""
    if sys.stdout.isatty():
        _draw(table)
    else:
        click.echo(markdown(table))


def markdown(table: Table) -> str:
    """Return the table as Markdown."""
    marks = ["---", *["---:"] * (len(table.columns) - 1)]
    rows = [table.columns, tuple(marks), *table.rows]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([f"{table.title}\n", *lines, *(f"\n{note}" for note in table.notes)])


def show_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def print_status(message: str) -> None:
    """Print a line about progress on stderr, except with `--quiet`."""
    if not is_quiet():
        click.echo(message, err=True)


def warn(message: str) -> None:
    """Print a warning on stderr."""
    click.echo(_colored("warning: ", "yellow") + message, err=True)


def fail(error: EdgernnError) -> None:
    """Print an error on stderr."""
    click.echo(_colored("error: ", "red") + str(error), err=True)


def set_quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    """Remember the option `--quiet` for the command that is running."""
    context.meta[_QUIET] = value


def is_quiet() -> bool:
    """Return whether the command that is running has the option `--quiet`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal."""
    return f"{share:.1%}"


def interval(bounds: Sequence[float]) -> str:
    """Return an interval of a share as text, such as `91.2% to 92.0%`."""
    return f"{bounds[0]:.1%} to {bounds[1]:.1%}"


def _colored(text: str, color: str) -> str:
    # click removes colours in a pipe, but does not read the variable. https://no-color.org
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=color)


def _draw(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable()
    for i, column in enumerate(table.columns):
        drawn.add_column(Text(column), justify="right" if i else "left", overflow="fold")
    for row in table.rows:
        # rich parses brackets in a str as markup, but not in Text.
        drawn.add_row(*map(Text, row))
    console = Console()
    console.print(Text(table.title, style="bold"), drawn, sep="\n")
    for note in table.notes:
        console.print(Text(note, style="dim"))
