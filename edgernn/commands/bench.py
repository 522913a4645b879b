"""`edgernn bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from edgernn.bench.run import BenchPlan, BenchRow, environment, latency_texts
from edgernn.bench.run import bench as run_bench
from edgernn.commands.options import json_option
from edgernn.console import Table, percent, say, show, show_json
from edgernn.data.rows import label_indices
from edgernn.errors import UsageError
from edgernn.model_folder import DEFAULT, read_model_folder
from edgernn_runtime.bundle import read_bundle

_NOT_MEASURED = "not measured"
_TOKENS = 200


@click.command(context_settings={"show_default": True})
@click.argument("bundles", metavar="[BUNDLE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), default=DEFAULT, help="A model folder.")
@click.option(
    "--tokens",
    type=click.IntRange(1, 4096),
    help=f"Length of a text timed.  [default: {_TOKENS}, or what the model reads]",
)
@click.option("--threads", type=click.IntRange(1, 256), default=1, help="For each call.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=5.0, help="Timed, each form.")
@json_option
@click.pass_context
def bench(
    ctx: click.Context,
    bundles: tuple[Path, ...],
    model: Path,
    tokens: int | None,
    threads: int,
    seconds: float,
    as_json: bool,
) -> None:
    """Compare bundles with the full model: size, speed and accuracy on the same texts.

    Without a BUNDLE, every bundle in the model folder. Each form runs in a process of its own.
    The texts are the validation texts that the model folder keeps.
    """
    folder = read_model_folder(model)
    chosen = bundles or folder.bundles
    if not chosen:
        raise UsageError(
            "there is no bundle to compare",
            path=model,
            expected="a bundle in the model folder, or a BUNDLE argument",
            found="none",
            hint="edgernn export --format tflite --quantize int8",
        )
    truth = label_indices(folder.validation, folder.labels, str(model))
    readable = read_bundle(chosen[0])
    most = readable.manifest.tokenizer.max_length
    tokens = tokens or min(_TOKENS, most or _TOKENS)
    plan = BenchPlan(latency_texts(readable, folder.validation.texts, tokens), threads, seconds)
    say(f"measuring the full model and {len(chosen)} bundles, about {seconds:g} s each")
    rows = run_bench(folder.model, chosen, folder.validation, truth, plan)
    if as_json:
        settings = {"tokens": tokens, "threads": threads, "texts": len(truth)}
        show_json(
            {
                "schema": "edgernn-bench/1",
                "settings": settings,
                "environment": environment(),
                "rows": [asdict(row) for row in rows],
            }
        )
    else:
        show(_table(rows, tokens, threads, len(truth)))
    if any(row.error for row in rows):
        ctx.exit(1)


def _table(rows: list[BenchRow], tokens: int, threads: int, texts: int) -> Table:
    columns = (
        *("form", "file MB", "p50 ms", "p95 ms", "times faster"),
        *("accuracy", "same label", "p99 change"),
    )
    machine = environment()
    notes = [
        f"one text of {tokens} tokens at a time, {threads} thread(s); accuracy on {texts:,} texts",
        "Keras is given each text's bare ids, without the padding of the saved model",
        f"{machine['processor']}, {machine['cores']} cores",
        *(f"{row.form}: {row.error}" for row in rows if row.error),
    ]
    return Table("Bundles beside the full model", columns, tuple(map(_cells, rows)), tuple(notes))


def _cells(row: BenchRow) -> tuple[str, ...]:
    figures = (
        (row.p50_ms, lambda value: f"{value:.2f}"),
        (row.p95_ms, lambda value: f"{value:.2f}"),
        (row.speedup, lambda value: f"{value:.1f}"),
        (row.accuracy, percent),
        (row.agreement, percent),
        (row.p99_change, lambda value: f"{value:.1e}"),
    )
    cells = (_NOT_MEASURED if value is None else shown(value) for value, shown in figures)
    return (row.form, f"{row.size / 1e6:.2f}", *cells)
