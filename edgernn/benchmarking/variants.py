"""The variants of a model that a benchmark measures: the Keras model, its bundles, and others."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgernn_runtime import EdgernnError
from edgernn_runtime.bench import cold_start_command
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.engines import get_engine

KERAS_PREDICT = "keras predict"
KERAS_FUNCTION = "keras tf.function"
#: The measuring process; with a model and a text as arguments it prints one prediction and ends.
WORKER = (sys.executable, "-m", "edgernn.benchmarking.worker")
_FIRST_TEXT = "a film to remember"
_RUNNERS = "edgernn.benchmarking.runners"


@dataclass(frozen=True)
class Variant:
    """A way to run the model, measured in its own process.

    Attributes:
        name: its name in the tables, unique in a benchmark.
        opener: the function that opens it, as "module:function". It is called with `arguments` and
            the keyword `threads`, and returns a `Runner`.
        arguments: the arguments of that function.
        engine: the engine, or None if unknown.
        file_bytes: the size of its file, in bytes, or None if there is none.
        cold_start: the command of a fresh process that prints one prediction; empty: not measured.
        cold_starts: how often that command is run.
        is_parallel: whether several threads may call it at once, each on its own instance.
        is_scored: whether its predictions are compared with those of the first variant.
        error: why it cannot be measured, or None.
    """

    name: str
    opener: str
    arguments: tuple[str, ...]
    engine: str | None = None
    file_bytes: int | None = None
    cold_start: tuple[str, ...] = ()
    cold_starts: int = 0
    is_parallel: bool = True
    is_scored: bool = True
    error: str | None = None


def keras_variants(model: Path, cold_starts: int) -> tuple[Variant, ...]:
    """Return the full model, run by `predict` and as a `tf.function`.

    Args:
        model: the `.keras` file.
        cold_starts: how many fresh processes to time.
    """
    path, size = str(model), model.stat().st_size
    # The predictions of the `tf.function` are those of `predict`.
    return (
        Variant(
            KERAS_PREDICT,
            f"{_RUNNERS}:open_keras_predict",
            (path,),
            "Keras",
            size,
            cold_start=(*WORKER, path, _FIRST_TEXT),
            cold_starts=cold_starts,
            is_parallel=False,
        ),
        Variant(
            KERAS_FUNCTION,
            f"{_RUNNERS}:open_keras_function",
            (path,),
            "Keras",
            size,
            is_parallel=False,
            is_scored=False,
        ),
    )


def bundle_variants(bundles: Sequence[Path], cold_starts: int) -> tuple[Variant, ...]:
    """Return a variant for each bundle; one that cannot be read has its error.

    Args:
        bundles: the bundles, files or folders.
        cold_starts: how many fresh processes of each to time.
    """
    return tuple(_bundle_variant(path, cold_starts) for path in bundles)


def _bundle_variant(path: Path, cold_starts: int) -> Variant:
    opener, arguments = f"{_RUNNERS}:open_bundle", (str(path),)
    try:
        engine = get_engine(read_bundle(path).manifest.format)
    except EdgernnError as error:
        return Variant(path.stem, opener, arguments, error=error_line(error))
    return Variant(
        path.stem,
        opener,
        arguments,
        engine.title,
        _bytes(path),
        cold_start=tuple(cold_start_command(path)),
        cold_starts=cold_starts,
    )


def _bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def error_line(error: EdgernnError) -> str:
    """Return an error as one line, short enough for a table's notes."""
    return f"{error.what}: {last_error(error.found)}" if error.found else error.what


def last_error(text: str) -> str:
    """Return the most informative line of an error message, cut to 100 characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    likely = [line for line in lines if "rror" in line or "Flex" in line or "TensorList" in line]
    line = (likely or lines or ["no message"])[-1]
    return textwrap.shorten(line.removeprefix("found:"), 100, placeholder=" ...")
