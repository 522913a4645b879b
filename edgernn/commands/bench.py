"""`edgernn bench`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import edgernn
from edgernn.commands.options import data_options, json_option, quiet_option
from edgernn.console import INTERRUPTED, print_status, show, show_json, warn

if TYPE_CHECKING:
    from edgernn.benchmarking.records import BenchmarkReport

_FILE = click.Path(path_type=Path, dir_okay=False)
_POSITIVE = click.FloatRange(0, min_open=True)
#: Options that are arguments of `edgernn.benchmark`.
_ARGUMENTS = (
    "model",
    "data",
    "data_dir",
    "text_column",
    "label_column",
    "quick",
    "tokens",
    "threads",
    "seconds",
    "max_drop",
    "min_agreement",
    "max_p95_ms",
)


@click.command(context_settings={"show_default": True})
@click.argument("bundles", metavar="[BUNDLE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Model folder to compare with.  [default: the folder of the BUNDLEs, or ./model]",
)
@data_options(None)
@click.option(
    "--tokens",
    type=click.IntRange(1, 4096),
    help="Length of the timed texts.  [default: 200, or the model's limit if lower]",
)
@click.option("--threads", type=click.IntRange(1, 256), default=1, help="Threads of one call.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    help="Seconds to time each variant.  [default: 10, or 1.5 with --quick]",
)
@click.option("--quick", is_flag=True, help="Take less than a minute: one length, 200 texts.")
@click.option(
    "--max-drop", type=click.FloatRange(0, 100), help="Gate: largest accuracy drop, in points."
)
@click.option(
    "--min-agreement", type=click.FloatRange(0, 1), help="Gate: lowest label agreement, 0 to 1."
)
@click.option("--max-p95-ms", type=_POSITIVE, help="Gate: highest p95 latency, in ms.")
@click.option("--html", type=_FILE, help="Write a self-contained .html page.")
@click.option("--plot", type=_FILE, help="Write the charts as a .png.")
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    nargs=2,
    metavar="A.json B.json",
    help="Compare two JSON reports instead of measuring.",
)
@quiet_option
@json_option
@click.pass_context
def bench(ctx: click.Context, /, bundles: tuple[Path, ...], **values: Any) -> None:
    """Compare bundles with the full model: size, speed and accuracy on the same texts.

    Without a BUNDLE, all bundles in the model folder are measured. Each variant runs in its own
    process; the processes take turns. The texts are the validation texts of the model folder, or
    --data, which may be a .txt file with one unlabeled text per line. If a bundle misses a gate
    or a variant fails, the exit status is 1.

    Example: edgernn bench --quick --max-drop 0.5 --html report.html
    """
    if values["compare"] is not None:
        _compare(*values["compare"], as_json=values["as_json"])
        return
    given = {name: values[name] for name in _ARGUMENTS}
    report = edgernn.benchmark(bundles, **given, note=print_status)
    _write(report, values)
    if report.partial:
        warn("interrupted; the report contains the measurements made so far")
        ctx.exit(INTERRUPTED)
    if report.missed or any(result.error for result in report.results):
        ctx.exit(1)


def _write(report: BenchmarkReport, values: dict[str, Any]) -> None:
    """Print the report, and write the page and the charts if requested."""
    from edgernn.benchmarking.tables import tables
    from edgernn_export.bundle_file import write_file

    if values["as_json"]:
        show_json(report.to_json())
    else:
        for i, table in enumerate(tables(report)):
            show(replace(table, title=("\n" if i else "") + table.title))
    if values["html"] is not None:
        from edgernn.benchmarking.page import page

        write_file(values["html"], page(report).encode())
    if values["plot"] is not None:
        from edgernn.benchmarking.charts import png_chart

        write_file(values["plot"], png_chart(report))


def _compare(before: Path, after: Path, *, as_json: bool) -> None:
    from edgernn.benchmarking.compare import compare, comparison_table
    from edgernn.benchmarking.records import read_report

    first, second = read_report(before), read_report(after)
    if as_json:
        show_json([asdict(change) for change in compare(first, second)])
    else:
        show(comparison_table(first, second))
