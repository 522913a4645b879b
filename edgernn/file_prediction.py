"""Predictions for a file of any size: read, classified and written in its order."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from edgernn.data.text_stream import TextStream
from edgernn.prediction_rows import join_labels, prediction_row
from edgernn_runtime import Classifier, EdgernnError, Prediction

#: A line's number, its text, and its prediction or error.
LineResult = tuple[int, str | bytes, Prediction | EdgernnError]
Write = Callable[[int, str, Prediction], object]


def predict_lines(classifier: Classifier, lines: TextStream, threads: int) -> Iterator[LineResult]:
    """Yield the prediction or error of each line, in order; memory does not grow.

    Args:
        classifier: the classifier.
        lines: the open file.
        threads: the number of threads.
    """
    ahead: deque[tuple[int, str | bytes | EdgernnError]] = deque()

    def texts() -> Iterator[str | bytes]:
        for number, text in lines:
            ahead.append((number, text))
            # A bad line keeps its place.
            yield b"" if isinstance(text, EdgernnError) else text

    for result in classifier.predict_or_error(texts(), threads=threads):
        number, text = ahead.popleft()
        if isinstance(text, EdgernnError):
            yield number, "", text
        else:
            yield number, text, result


@contextmanager
def open_writer(path: Path | None, stream: TextIO, *, as_json: bool) -> Iterator[Write]:
    """Yield a function that writes a prediction.

    Args:
        path: `.jsonl`, `.ndjson` or `.csv` say the format; others and None are lines of label,
            probability and text, separated by tabs.
        stream: the open file.
        as_json: write a JSON array instead.
    """
    suffix = "" if path is None else path.suffix.lower()
    if as_json:
        with _json_array(stream) as write:
            yield write
    elif suffix in (".jsonl", ".ndjson"):
        yield lambda line, text, found: _print(stream, _json_row(line, text, found))
    elif suffix == ".csv":
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("line", "label", "probability", "text"))
        yield lambda line, text, found: rows.writerow((line, found.label, found.probability, text))
    else:
        yield lambda _, text, found: _print(
            stream, f"{join_labels(found)}\t{found.probability:.1%}\t{text}"
        )


def describe(text: str | bytes) -> str:
    """Return a text as it is written: a str may have a lone surrogate, which UTF-8 has not."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return data.decode("utf-8", "replace")


@contextmanager
def _json_array(stream: TextIO) -> Iterator[Write]:
    """Yield a function that writes the next element; the array ends in any case."""
    separator = "["

    def write(line: int, text: str, found: Prediction) -> None:
        nonlocal separator
        stream.write(f"{separator}\n {_json_row(line, text, found)}")
        separator = ","

    try:
        yield write
    finally:
        _print(stream, "[]" if separator == "[" else "\n]")


def _json_row(line: int, text: str, found: Prediction) -> str:
    return json.dumps({"line": line, **prediction_row(text, found)}, ensure_ascii=False)


def _print(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
