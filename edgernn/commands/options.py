"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgernn.console import set_quiet

_F = TypeVar("_F", bound=Callable[..., Any])

_UNITS = {"KB": 1_000, "MB": 1_000_000, "": 1}


class Size(click.ParamType[int]):
    """A number of bytes, such as 1MB, 400KB or 65536."""

    name = "SIZE"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Return the bytes."""
        if isinstance(value, int):
            return value
        text = value.strip().upper()
        unit = next(unit for unit in _UNITS if text.endswith(unit))
        try:
            size = int(float(text.removesuffix(unit)) * _UNITS[unit])
        except ValueError:
            size = 0
        if size < 1:
            self.fail(f"{value!r} is not a size such as 1MB or 400KB", param, ctx)
        return size


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet_option = click.option(
    "--quiet",
    "-q",
    is_flag=True,
    expose_value=False,
    callback=set_quiet,
    help="Print results, warnings and errors only.",
)
force_option = click.option("--force", is_flag=True, help="Replace existing output.")


def data_options(default: str | None) -> Callable[[_F], _F]:
    """Return a decorator that adds the options for labeled texts, with a default of --data."""

    def decorate(command: _F) -> _F:
        for option in (
            click.option(
                "--label-column",
                default="label",
                show_default=True,
                help="Label column of a table.",
            ),
            click.option(
                "--text-column", default="text", show_default=True, help="Text column of a table."
            ),
            click.option(
                "--data-dir",
                type=click.Path(path_type=Path),
                help="Folder or archive of the IMDB reviews.",
            ),
            click.option(
                "--data",
                default=default,
                show_default=default is not None,
                metavar="reviews|bbc|imdb|FILE|FOLDER",
                help="Data set, .csv, .tsv or .jsonl file, or folder with one subfolder per class.",
            ),
        ):
            command = option(command)
        return command

    return decorate
