"""`edgernn bench`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgernn.commands.options import data_options, json_option, to_data_options
from edgernn.console import say, show, show_json, warn
from edgernn.model_folder import DEFAULT, read_model_folder

if TYPE_CHECKING:
    from edgernn.bench.records import Report

_FILE = click.Path(path_type=Path, dir_okay=False)
_POSITIVE = click.FloatRange(0, min_open=True)
_INTERRUPTED = 130


@click.command(context_settings={"show_default": True})
@click.argument("bundles", metavar="[BUNDLE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), default=DEFAULT, help="A model folder.")
@data_options(None)
@click.option(
    "--tokens",
    type=click.IntRange(1, 4096),
    help="Length of the texts timed.  [default: 200, or what the model reads]",
)
@click.option("--threads", type=click.IntRange(1, 256), default=1, help="For each call.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    help="Timed, each form.  [default: 10, or 1.5 with --quick]",
)
@click.option("--quick", is_flag=True, help="Under a minute: one length, 200 texts.")
@click.option("--peers", is_flag=True, help="Measure what others make of the model, too.")
@click.option("--max-drop", type=click.FloatRange(0, 100), help="Gate: points of accuracy lost.")
@click.option("--min-agreement", type=click.FloatRange(0, 1), help="Gate: labels as Keras's.")
@click.option("--max-p95-ms", type=_POSITIVE, help="Gate: 95th percentile of an answer's time.")
@click.option("--html", type=_FILE, help="Write a page that needs nothing else.")
@click.option("--plot", type=_FILE, help="Write the charts as a .png.")
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    nargs=2,
    metavar="A.json B.json",
    help="Measure nothing; compare two reports.",
)
@json_option
@click.pass_context
def bench(ctx: click.Context, /, bundles: tuple[Path, ...], **values: Any) -> None:
    """Compare bundles with the full model: size, speed and accuracy on the same texts.

    Without a BUNDLE, every bundle in the model folder. Each form runs in a process of its own, in
    turns. The texts are the validation texts that the model folder keeps, or those of --data,
    which may be a .txt of a text a line, without labels. A gate that a bundle misses makes the
    exit status 1, as does a form that fails.
    """
    if values["compare"] is not None:
        _compare(*values["compare"], as_json=values["as_json"])
        return
    from edgernn.bench.gates import Gates, missed
    from edgernn.bench.plan import Request, make_plan
    from edgernn.bench.run import run

    request = Request(
        bundles=bundles,
        data=to_data_options(values, values["data"]) if values["data"] else None,
        with_peers=values["peers"],
        quick=values["quick"],
        tokens=values["tokens"],
        threads=values["threads"],
        seconds=values["seconds"],
    )
    plan = make_plan(read_model_folder(values["model"]), request)
    report = run(plan, say)
    gates = Gates(values["max_drop"], values["min_agreement"], values["max_p95_ms"])
    held = frozenset(path.stem for path in plan.bundles)
    report = replace(report, missed=missed(report, gates, held))
    _write(report, values)
    if report.partial:
        warn("interrupted; the report holds what was measured until then")
        ctx.exit(_INTERRUPTED)
    if report.missed or any(row.error for row in report.rows):
        ctx.exit(1)


def _write(report: Report, values: dict[str, Any]) -> None:
    """Print the report, and write the page and the picture that were asked for."""
    from edgernn.bench.tables import tables
    from edgernn_export.bundle_writer import write_file

    if values["as_json"]:
        show_json(report.to_json())
    else:
        for i, table in enumerate(tables(report)):
            show(replace(table, title=("\n" if i else "") + table.title))
    if values["html"] is not None:
        from edgernn.bench.page import page

        write_file(values["html"], page(report).encode())
    if values["plot"] is not None:
        from edgernn.bench.charts import png_chart

        write_file(values["plot"], png_chart(report))


def _compare(before: Path, after: Path, *, as_json: bool) -> None:
    from edgernn.bench.compare import compare, comparison_table
    from edgernn.bench.records import read_report

    first, second = read_report(before), read_report(after)
    if as_json:
        show_json([asdict(change) for change in compare(first, second)])
    else:
        show(comparison_table(first, second))
