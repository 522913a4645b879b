"""`edgernn verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from edgernn.commands.options import json_option
from edgernn.console import Table, show, show_json
from edgernn_runtime import load
from edgernn_runtime.replay import replay


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def verify(ctx: click.Context, bundle: Path, as_json: bool) -> None:
    """Replay a bundle's vectors on this machine; exit status 1 where an answer differs."""
    with load(bundle) as classifier:
        result = replay(classifier)
    if as_json:
        show_json({**asdict(result), "passed": result.passed})
    else:
        rows = (
            ("texts with other ids", str(result.different_ids), "0"),
            ("largest change in an output", f"{result.max_change:.2g}", f"{result.tolerance:g}"),
        )
        verdict = "passed" if result.passed else "failed"
        title = f"{bundle}: {result.vectors} vectors replayed, {verdict}"
        show(Table(title, ("check", "measured", "bound"), rows))
    if not result.passed:
        ctx.exit(1)
