"""`edgernn predict`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from edgernn.commands.options import json_option, quiet_option
from edgernn.console import Table, percent, print_status, show, show_json, warn
from edgernn.errors import DataError, OptionError
from edgernn.model_folder import check_bundle_path
from edgernn.prediction_rows import join_labels, prediction_row
from edgernn_export.bundle_file import write_file
from edgernn_runtime import Classifier, EdgernnError, Prediction, load

#: The bad lines that are shown.
_MAX_WARNINGS = 20
#: Suffixes of --out; without one, lines with tabs.
_OUTPUTS = (".csv", ".json", ".jsonl", ".ndjson", ".tsv", ".txt", "")


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("texts", metavar="TEXT...", nargs=-1)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of any size: one text per line, or a table (.csv, .tsv, .jsonl), also with .gz; "
    "- is stdin.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write instead of stdout: .csv, .jsonl, or lines with tabs (.tsv, .txt).",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, help="Threads for --file.")
@click.option("--text-column", default="text", show_default=True, help="Text column of a table.")
@click.option("--explain", "explained", is_flag=True, help="Show the weight of each token.")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --explain: write a page with the weights, and the hidden states of a native bundle.",
)
@quiet_option
@json_option
def predict(
    bundle: Path,
    texts: tuple[str, ...],
    file: Path | None,
    out: Path | None,
    threads: int,
    text_column: str,
    explained: bool,
    html: Path | None,
    as_json: bool,
) -> int:
    """Classify texts with a bundle and print label, probability and text, one per line.

    A TEXT of - reads stdin, one text per line. A file is read and written a few hundred texts at
    a time; a line without a prediction is reported with its number, and the exit status is 1.
    Ctrl-C keeps what was written.

    A text without a label, below the thresholds of the bundle, has - in place of it; --json has its
    most probable label as "best". Several labels have commas between them.

    Example: edgernn predict model/tflite-int8.edgernn "Funny, warm and clever."
    """
    if texts == ("-",):
        file, texts = Path("-"), ()
    _check_source(texts, file, out)
    check_bundle_path(bundle)
    _check_html(html, explained=explained)
    with load(bundle) as classifier:
        if explained:
            shown: list[str | bytes] = [*texts] if file is None else _lines(file, text_column)
            _explain(classifier, shown, html, as_json=as_json)
        elif file is None:
            _show(classifier, list(texts), as_json=as_json)
        else:
            return _predict_file(classifier, file, out, (text_column, threads), as_json=as_json)
    return 0


def _predict_file(
    classifier: Classifier,
    file: Path,
    out: Path | None,
    options: tuple[str, int],
    *,
    as_json: bool,
) -> int:
    """Classify the texts of a file, and return the exit status."""
    from edgernn.data.text_stream import open_texts
    from edgernn.file_prediction import describe, open_writer, predict_lines
    from edgernn.progress import throughput_progress

    column, threads = options
    done = bad = 0
    has_bar = out is not None or not sys.stdout.isatty()
    with (
        open_texts(file, column) as source,
        _output(out) as stream,
        open_writer(out, stream, as_json=as_json) as write,
        throughput_progress("classifying", source.size, has_bar=has_bar) as update,
    ):
        for number, text, result in predict_lines(classifier, source, threads):
            if isinstance(result, Prediction):
                write(number, describe(text), result)
                done += 1
            else:
                bad += 1
                if bad <= _MAX_WARNINGS:
                    warn(f"{file}, line {number}: {_describe_error(result)}")
            update(done, source.position)
    if bad:
        warn(f"{bad:,} of {done + bad:,} lines have no prediction")
    if out is not None:
        print_status(f"wrote {out}: {done:,} predictions")
    return 1 if bad else 0


def _describe_error(error: EdgernnError) -> str:
    """Return an error on one line."""
    found = f", found {error.found}" if error.found else ""
    expected = f": expected {error.expected}" if error.expected else ""
    return f"{error.what}{expected}{found}"


def _check_source(texts: tuple[str, ...], file: Path | None, out: Path | None) -> None:
    if bool(texts) == (file is not None):
        raise OptionError(
            "no text to classify" if not texts else "both TEXT and --file are given",
            expected="TEXT..., or --file FILE, or - for stdin",
            found="neither" if not texts else "both",
            hint="pass a text" if not texts else "leave out one of them",
        )
    if out is not None and (file is None or out == file):
        raise OptionError(
            "--out needs a --file, and another path",
            expected="--file FILE --out OTHER",
            found=f"--out {out}",
            hint="leave --out away, and redirect stdout",
        )
    if out is not None and out.suffix.lower() not in _OUTPUTS:
        raise OptionError(
            "--out has an unknown format",
            expected=f"a name that ends with {', '.join(filter(None, _OUTPUTS))}",
            found=str(out),
            hint="compress or convert the file afterwards",
        )


@contextmanager
def _output(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        stream = out.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise DataError(
            "the output cannot be written",
            path=out,
            expected="a path that can be written",
            found=error.strerror or str(error),
            hint="check the folder and its permissions",
        ) from error
    with stream:
        yield stream


def _check_html(html: Path | None, *, explained: bool) -> None:
    if html is not None and not explained:
        raise OptionError(
            "--html needs --explain",
            expected="--explain, whose result the page shows",
            found="no --explain",
            hint="add --explain",
        )


def _show(classifier: Classifier, texts: list[str | bytes], *, as_json: bool) -> None:
    """Print the predictions for a few texts."""
    rows = [(text, classifier.predict(text)) for text in texts]
    for text in texts:
        if _names_a_file(text):
            warn(f"classified the name {_shown(text)!r}; --file classifies the texts in the file")
        elif not classifier.tokenizer.has_known_token(text):
            warn(f"no word of {_shown(text)!r} is in the vocabulary: the prediction is a guess")
    if as_json:
        show_json([prediction_row(_shown(text), prediction) for text, prediction in rows])
        return
    for text, prediction in rows:
        click.echo(f"{join_labels(prediction)}\t{percent(prediction.probability)}\t{_shown(text)}")


def _names_a_file(text: str | bytes) -> bool:
    try:
        return bool(Path(_shown(text)).suffix) and Path(_shown(text)).is_file()
    except (OSError, ValueError):  # A long text, or one with a null character.
        return False


def _lines(file: Path, column: str) -> list[str | bytes]:
    """Return the texts of a file; a bad line ends the command."""
    from edgernn.data.text_stream import open_texts

    texts = []
    with open_texts(file, column) as source:
        for _, text in source:
            if isinstance(text, DataError):
                raise text
            texts.append(text)
    return texts


def _explain(
    classifier: Classifier, texts: Sequence[str | bytes], html: Path | None, *, as_json: bool
) -> None:
    """Print each prediction with the weight of its tokens in the label's probability."""
    explanations = [(text, classifier.explain(text)) for text in texts]
    if html is not None:
        from edgernn.explanation_page import explanation_page

        shown = [(_shown(text), one) for text, one in explanations]
        write_file(html, explanation_page(classifier, shown).encode())
        print_status(f"wrote {html}")
    if as_json:
        show_json(
            [
                {
                    **prediction_row(_shown(text), one.prediction),
                    "tokens": [asdict(token) for token in one.tokens],
                }
                for text, one in explanations
            ]
        )
        return
    for text, one in explanations:
        label, probability = join_labels(one.prediction), percent(one.prediction.probability)
        rows = tuple(
            (token.token, str(token.id), "yes" if token.is_known else "no", f"{token.weight:+.4f}")
            for token in one.tokens
        )
        title = f"{label}\t{probability}\t{_shown(text)}"
        show(Table(title, ("token", "id", "in vocabulary", "weight"), rows))


def _shown(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")
