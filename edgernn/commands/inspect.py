"""`edgernn inspect`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from edgernn.commands.options import json_option
from edgernn.console import Table, show
from edgernn.model_folder import check_bundle_path
from edgernn_export.c.boards import estimate_boards
from edgernn_export.thresholds import describe_thresholds
from edgernn_runtime.bundle import VOCABULARY, Bundle, read_bundle
from edgernn_runtime.manifest import encode_manifest

#: The tokens of the texts for which RAM is shown; the second one if the tokenizer has no limit.
_SHORT_TEXT, _LONG_TEXT = 32, 200


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--board",
    "is_board",
    is_flag=True,
    help="Show what the model takes on microcontrollers: flash, RAM, instructions.",
)
@json_option
def inspect(bundle: Path, is_board: bool, as_json: bool) -> None:
    """Show the contents of a bundle: members, tokenizer, labels, operators, sizes.

    Example: edgernn inspect model/tflite-int8.edgernn
    """
    check_bundle_path(bundle)
    read = read_bundle(bundle)
    manifest = read.manifest
    if is_board:
        _show_boards(read, as_json)
        return
    if as_json:
        click.echo(encode_manifest(manifest).decode(), nl=False)
        return
    members = tuple((name, f"{m.size:,}", m.sha256) for name, m in manifest.members.items())
    show(Table(f"{bundle}, by {manifest.created_by}", ("member", "bytes", "sha256"), members))
    show(_bytes_table(read))
    thresholds = manifest.thresholds
    facts = {
        "labels": ", ".join(manifest.labels),
        "thresholds": (
            "none" if thresholds is None else describe_thresholds(manifest.labels, thresholds)
        ),
        "head": manifest.head,
        "format": f"{manifest.format}, {manifest.lowering} lowering",
        "recipe": manifest.recipe,
        "padding": (
            "none"
            if manifest.pad_to is None
            else f"to {manifest.pad_to}, {'in front' if manifest.pad_side == 'pre' else 'behind'}"
        ),
        "vocabulary": f"{len(read.vocabulary):,} tokens",
        **{f"tokenizer {k}": json.dumps(v) for k, v in manifest.tokenizer.to_json().items()},
        **{f"operator {k}": str(v) for k, v in _figures(manifest.figures, "operators").items()},
        **{
            f"weights {k}": f"{v:,} bytes"
            for k, v in _figures(manifest.figures, "weight_bytes").items()
        },
    }
    show(Table("\nManifest", ("field", "value"), tuple(facts.items())))


def _show_boards(bundle: Bundle, as_json: bool) -> None:
    """Print what the model takes on each core that was measured."""
    most = bundle.manifest.tokenizer.max_length or _LONG_TEXT
    rows = estimate_boards(bundle, (_SHORT_TEXT, most))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return
    cells = tuple(
        (
            row.board,
            f"{row.model:,}",
            _number(row.engine),
            f"{row.opened:,}",
            *(f"{size:,}" for size in row.scratch.values()),
            _number(row.instructions),
        )
        for row in rows
    )
    scratch = tuple(f"RAM, {count} tokens" for count in (_SHORT_TEXT, most))
    columns = (
        "core",
        "flash, model",
        "flash, engine",
        "RAM, open",
        *scratch,
        "instructions a token",
    )
    show(Table("Bytes and instructions", columns, cells))


def _number(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,}"


def _bytes_table(bundle: Bundle) -> Table:
    """Return the size of each part of the model in order, then of the other members."""
    members, figures = bundle.manifest.members, bundle.manifest.figures
    parts = {name: int(size) for name, size in _figures(figures, "parts").items()}
    # Constants of the graph, operators, names and metadata: part of the remainder below.
    parts.pop("other", None)
    rest = len(bundle.model) - sum(parts.values())
    numbered = sorted((int(name.rpartition("_")[2]), name) for name in parts if "_" in name)
    layers = [*(name for name in parts if "_" not in name), *(name for _, name in numbered)]
    rows = [(f"model: {name}", parts[name]) for name in layers]
    if layers and layers[-1].startswith("dense_"):
        rows[-1] = (f"model: {layers[-1]}, the head", parts[layers[-1]])
    rows.append(("model: structure and metadata", rest))
    if VOCABULARY in members:
        rows.append(("vocabulary", members[VOCABULARY].size))
    others = [name for name in members if name not in (VOCABULARY, bundle.manifest.model)]
    rows += [(name, members[name].size) for name in others]
    total = sum(size for _, size in rows)
    cells = tuple((name, f"{size:,}", f"{size / total:.1%}") for name, size in rows)
    return Table("\nSize by part", ("part", "bytes", "share"), cells)


def _figures(figures: object, key: str) -> dict[str, Any]:
    figures = figures if isinstance(figures, dict) else {}
    # Bundles written before version 0.2 call the model statistics a census.
    stats = figures.get("model_stats", figures.get("census"))
    values = stats.get(key) if isinstance(stats, dict) else None
    return values if isinstance(values, dict) else {}
