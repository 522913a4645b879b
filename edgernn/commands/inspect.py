"""`edgernn inspect`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edgernn.commands.options import json_option
from edgernn.console import Table, show
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.manifest import encode_manifest


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@json_option
def inspect(bundle: Path, as_json: bool) -> None:
    """Show what a bundle holds: members, tokenizer, labels, operators, figures."""
    read = read_bundle(bundle)
    manifest = read.manifest
    if as_json:
        click.echo(encode_manifest(manifest).decode(), nl=False)
        return
    members = tuple((name, f"{m.size:,}", m.sha256) for name, m in manifest.members.items())
    show(Table(f"{bundle}, by {manifest.created_by}", ("member", "bytes", "sha256"), members))
    facts = {
        "labels": ", ".join(manifest.labels),
        "head": manifest.head,
        "format": f"{manifest.format}, {manifest.lowering} lowering",
        "recipe": manifest.recipe,
        "padding": "none" if manifest.pad_to is None else f"to {manifest.pad_to}",
        "vocabulary": f"{len(read.vocabulary):,} tokens",
        **{f"tokenizer {k}": json.dumps(v) for k, v in manifest.tokenizer.to_json().items()},
        **{f"operator {k}": str(v) for k, v in _figures(manifest.figures, "operators").items()},
        **{
            f"weights {k}": f"{v} bytes"
            for k, v in _figures(manifest.figures, "weight_bytes").items()
        },
    }
    show(Table("\nManifest", ("field", "value"), tuple(facts.items())))


def _figures(figures: object, key: str) -> dict[str, object]:
    census = figures.get("census") if isinstance(figures, dict) else None
    found = census.get(key) if isinstance(census, dict) else None
    return found if isinstance(found, dict) else {}
