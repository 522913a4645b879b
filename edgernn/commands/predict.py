"""`edgernn predict`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from edgernn.commands.options import json_option
from edgernn.console import percent, show_json
from edgernn.errors import UsageError
from edgernn_runtime import Prediction, load


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("texts", metavar="TEXT...", nargs=-1)
@click.option("--file", "file", type=click.File("rb"), help="A file, one text a line; - is stdin.")
@json_option
def predict(bundle: Path, texts: tuple[str, ...], file: IO[bytes] | None, as_json: bool) -> None:
    """Classify texts with a bundle: label, probability and text, a line each.

    A TEXT of - reads stdin, one text a line.
    """
    with load(bundle) as classifier:
        rows = [(text, classifier.predict(text)) for text in _texts(texts, file)]
    if as_json:
        show_json([_row(text, prediction) for text, prediction in rows])
        return
    for text, prediction in rows:
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        click.echo(f"{prediction.label}\t{percent(prediction.probability)}\t{shown}")


def _texts(texts: tuple[str, ...], file: IO[bytes] | None) -> Iterator[str | bytes]:
    if texts == ("-",):
        file, texts = click.open_file("-", "rb"), ()
    if bool(texts) == (file is not None):
        raise UsageError(
            "there is no text to classify" if not texts else "texts come from two places",
            expected="TEXT..., or --file FILE, or - for stdin",
            found="neither" if not texts else "both",
        )
    yield from texts
    if file is not None:
        yield from (line.rstrip(b"\r\n") for line in file)


def _row(text: str | bytes, prediction: Prediction) -> dict[str, object]:
    return {
        "text": text if isinstance(text, str) else text.decode("utf-8", "replace"),
        "label": prediction.label,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
    }
