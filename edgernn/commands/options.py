"""Options shared by several commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgernn.console import set_quiet

_F = TypeVar("_F", bound=Callable[..., Any])

#: The key in a context of click of whether the help shows details.
_ALL_OPTIONS = "edgernn.all_options"
#: Milliseconds in each unit; `ms` and `us` also end with `s`.
_TIMES = {"ms": 1.0, "us": 1e-3, "s": 1e3}
#: The precision of `--abstain` without `--min-precision`.
_DEFAULT_PRECISION = 0.95
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


class DetailOption(click.Option):
    """An option that `--help-all` shows, but not `--help`."""


class LongCommand(click.Command):
    """A command with more options than fit on a screen, and `--help-all`."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options; the details follow if they are requested."""
        params = self.get_params(ctx)
        titles = {False: "Options", True: "Details"} if _shows_all(ctx) else {False: "Options"}
        for is_detail, title in titles.items():
            options = [one for one in params if isinstance(one, DetailOption) == is_detail]
            records = [record for one in options if (record := one.get_help_record(ctx))]
            with formatter.section(title):
                formatter.write_dl(records)


def request_all_options(context: click.Context) -> None:
    """Let the help of a `LongCommand` show all options."""
    context.meta[_ALL_OPTIONS] = True


def _shows_all(context: click.Context) -> bool:
    return bool(context.meta.get(_ALL_OPTIONS))


def _show_all_options(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        request_all_options(context)
        click.echo(context.get_help())
        context.exit()


help_all_option = click.option(
    "--help-all",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all_options,
    help="Show all options, then exit.",
)


class Latency(click.ParamType[float]):
    """A number of milliseconds, such as 0.2ms or 200us."""

    name = "TIME"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the milliseconds."""
        if isinstance(value, float):
            return value
        text = value.strip().lower()
        unit = next((unit for unit in _TIMES if text.endswith(unit)), "")
        try:
            time = float(text.removesuffix(unit)) * _TIMES[unit]
        except (ValueError, KeyError):
            time = 0.0
        if not 0 < time < float("inf"):
            self.fail(f"{value!r} is not a time such as 0.2ms or 200us", param, ctx)
        return time


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


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them, such as `toxic,insult`."""

    name = "NAME,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Return the names."""
        return value if isinstance(value, tuple) else tuple(value.split(","))


def multilabel_options(command: _F) -> _F:
    """Add the options for texts with several labels each."""
    for option in (
        click.option(
            "--label-columns",
            cls=DetailOption,
            type=Names(),
            default=(),
            help="Several labels per text: one column for each label, with 1 or 0.",
        ),
        click.option(
            "--label-delimiter",
            metavar="TEXT",
            help="Separator of several labels, such as |.",
        ),
    ):
        command = option(command)
    return command


def precision_options(command: _F) -> _F:
    """Add the options for a label that is only given where it is precise."""
    for option in (
        click.option(
            "--min-precision",
            cls=DetailOption,
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            help="Least precision of the labels; uncertain texts get none.",
        ),
        click.option(
            "--abstain",
            is_flag=True,
            help="No label if uncertain: --min-precision 0.95.",
        ),
    ):
        command = option(command)
    return command


def get_precision(values: dict[str, Any]) -> float | None:
    """Return the wanted precision of the given options, or None."""
    precision: float | None = values["min_precision"]
    return _DEFAULT_PRECISION if precision is None and values["abstain"] else precision


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
