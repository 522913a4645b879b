"""`edgernn predict`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

from edgernn.commands.options import json_option
from edgernn.console import Table, percent, show, show_json
from edgernn.errors import OptionError
from edgernn.model_folder import check_bundle_path
from edgernn_runtime import Classifier, Prediction, load


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("texts", metavar="TEXT...", nargs=-1)
@click.option(
    "--file", "file", type=click.File("rb"), help="File with one text per line; - is stdin."
)
@click.option("--explain", "explained", is_flag=True, help="Show the weight of each token.")
@json_option
def predict(
    bundle: Path, texts: tuple[str, ...], file: IO[bytes] | None, explained: bool, as_json: bool
) -> None:
    """Classify texts with a bundle and print label, probability and text, one per line.

    A TEXT of - reads stdin, one text per line.

    Example: edgernn predict model/tflite-int8.edgernn "Funny, warm and clever."
    """
    check_bundle_path(bundle)
    with load(bundle) as classifier:
        if explained:
            _show_explanations(classifier, _texts(texts, file), as_json=as_json)
            return
        rows = [(text, classifier.predict(text)) for text in _texts(texts, file)]
    if as_json:
        show_json([_row(text, prediction) for text, prediction in rows])
        return
    for text, prediction in rows:
        click.echo(f"{prediction.label}\t{percent(prediction.probability)}\t{_shown(text)}")


def _show_explanations(
    classifier: Classifier, texts: Iterator[str | bytes], *, as_json: bool
) -> None:
    """Print each prediction with the weight of its tokens in the label's probability."""
    explanations = [(text, classifier.explain(text)) for text in texts]
    if as_json:
        show_json(
            [
                {**_row(text, one.prediction), "tokens": [asdict(token) for token in one.tokens]}
                for text, one in explanations
            ]
        )
        return
    for text, one in explanations:
        label, probability = one.prediction.label, percent(one.prediction.probability)
        rows = tuple(
            (token.token, str(token.id), "yes" if token.is_known else "no", f"{token.weight:+.4f}")
            for token in one.tokens
        )
        title = f"{label}\t{probability}\t{_shown(text)}"
        show(Table(title, ("token", "id", "in vocabulary", "weight"), rows))


def _shown(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _texts(texts: tuple[str, ...], file: IO[bytes] | None) -> Iterator[str | bytes]:
    if texts == ("-",):
        file, texts = click.open_file("-", "rb"), ()
    if bool(texts) == (file is not None):
        raise OptionError(
            "no text to classify" if not texts else "both TEXT and --file are given",
            expected="TEXT..., or --file FILE, or - for stdin",
            found="neither" if not texts else "both",
            hint="pass a text" if not texts else "leave out one of them",
        )
    yield from texts
    if file is not None:
        yield from (line.rstrip(b"\r\n") for line in file)


def _row(text: str | bytes, prediction: Prediction) -> dict[str, object]:
    return {
        "text": _shown(text),
        "label": prediction.label,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
    }
