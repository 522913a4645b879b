"""`edgernn verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from edgernn.commands.options import json_option
from edgernn.console import Table, show, show_json
from edgernn.model_folder import check_bundle_path
from edgernn_runtime import load


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def verify(ctx: click.Context, bundle: Path, as_json: bool) -> None:
    """Run a bundle's self-test on this machine; the exit status is 1 if it fails.

    Example: edgernn verify model/tflite-int8.edgernn
    """
    check_bundle_path(bundle)
    with load(bundle) as classifier:
        result = classifier.self_test()
    if as_json:
        show_json({**asdict(result), "passed": result.passed})
    else:
        rows = (
            ("texts with different ids", str(result.different_ids), "0"),
            ("max absolute error", f"{result.max_abs_error:.2g}", f"{result.tolerance:g}"),
        )
        verdict = "passed" if result.passed else "failed"
        title = f"{bundle}: self-test {verdict}, {result.vectors} test vectors"
        show(Table(title, ("check", "measured", "tolerance"), rows))
    if not result.passed:
        ctx.exit(1)
