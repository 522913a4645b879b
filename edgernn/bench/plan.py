"""What a benchmark measures, from what the command line says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgernn.bench.run import Plan, callers_here
from edgernn.data.rows import Rows, label_indices, sample
from edgernn.data.sources import DataOptions, load_corpus
from edgernn.errors import UsageError
from edgernn.model_folder import ModelFolder
from edgernn_runtime import EdgernnError
from edgernn_runtime.bench import lengths_of
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.timing import texts_of_length
from edgernn_runtime.tokenizer import Tokenizer

_QUICK_TEXTS = 200


@dataclass(frozen=True)
class Request:
    """A benchmark that was asked for.

    Attributes:
        bundles: the bundles; none for all of the model folder.
        data: where the texts are, or None for the model folder's validation texts.
        with_peers: whether what others make of the model is measured too.
        quick: whether it is to take under a minute.
        tokens: the length of the texts timed, or None for 200 or the most that is read.
        threads: threads that one call may use.
        seconds: how long each form is timed, or None for 10, or 1.5 if quick.
    """

    bundles: tuple[Path, ...] = ()
    data: DataOptions | None = None
    with_peers: bool = False
    quick: bool = False
    tokens: int | None = None
    threads: int = 1
    seconds: float | None = None


def make_plan(folder: ModelFolder, request: Request) -> Plan:
    """Return what is measured of a model folder.

    Raises:
        UsageError: there is no bundle, the model does not read so many tokens, or the data is not
            there or of other labels.
        EdgernnError: no bundle can be read.
    """
    bundles = request.bundles or folder.bundles
    if not bundles:
        raise UsageError(
            "there is no bundle to compare",
            path=folder.path,
            expected="a bundle in the model folder, or a BUNDLE argument",
            found="none",
            hint="edgernn export --format tflite --quantize int8",
        )
    rows, truth = _rows(folder, request)
    readable, tokenizer = _readable(bundles)
    tokens, others = lengths_of(tokenizer.spec, request.tokens)
    if request.tokens not in (None, tokens):
        raise UsageError(
            "the model does not read that many tokens",
            path=readable,
            expected=f"--tokens of at most {tokens}",
            found=str(request.tokens),
        )
    lengths = {tokens} if request.quick else {tokens, *others}
    seconds = request.seconds or (1.5 if request.quick else 10.0)
    return Plan(
        model=folder.model,
        bundles=bundles,
        tokenizer_of=readable,
        with_peers=request.with_peers,
        tokens=tokens,
        texts={x: texts_of_length(tokenizer, rows.texts, x) for x in sorted(lengths)},
        quality_texts=rows.texts,
        truth=truth,
        threads=request.threads,
        seconds=seconds,
        curve_seconds=0.0 if request.quick else seconds / 20,
        keras_cold_starts=1 if request.quick else 3,
        cold_starts=3 if request.quick else 7,
        callers=(1,) if request.quick else callers_here(),
    )


def _rows(folder: ModelFolder, request: Request) -> tuple[Rows, tuple[int, ...] | None]:
    """Return the texts to answer, and the class of each where they have labels."""
    rows, name = folder.validation, str(folder.path)
    if request.data is not None:
        name = request.data.data
        if Path(name).suffix == ".txt":
            return _lines(Path(name)), None
        corpus = load_corpus(request.data)
        rows = corpus.test or corpus.validation or corpus.train
    if request.quick:
        rows = sample(rows, _QUICK_TEXTS)
    return rows, label_indices(rows, folder.labels, name)


def _lines(path: Path) -> Rows:
    """Return the lines of a file as texts without labels."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise UsageError(
            "the texts cannot be read", path=path, found=error.strerror, hint="check --data"
        ) from error
    texts = tuple(line.rstrip("\r") for line in lines if line.strip())
    if not texts:
        raise UsageError("the file has no text", path=path, expected="a text a line")
    return Rows(texts, ())


def _readable(bundles: Sequence[Path]) -> tuple[Path, Tokenizer]:
    """Return the first bundle that can be read, with its tokenizer; all have the model's own."""
    failure: EdgernnError | None = None
    for path in bundles:
        try:
            bundle = read_bundle(path)
        except EdgernnError as error:
            failure = failure or error
        else:
            return path, Tokenizer(bundle.manifest.tokenizer, bundle.vocabulary)
    assert failure is not None
    raise failure
