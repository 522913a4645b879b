"""What a benchmark measures, from the options of the command."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgernn.benchmarking.variants import Variant, bundle_variants, keras_variants
from edgernn.data.datasets import DataOptions, load_corpus
from edgernn.data.rows import Rows, label_indices, sample
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT, ModelFolder, is_model_folder
from edgernn_runtime import EdgernnError
from edgernn_runtime.bench import choose_lengths
from edgernn_runtime.bundle import read_bundle
from edgernn_runtime.timing import cut_texts
from edgernn_runtime.tokenizer import Tokenizer

_QUICK_TEXTS = 200


@dataclass(frozen=True)
class Request:
    """The options of a benchmark.

    Attributes:
        bundles: the bundles; empty: all in the model folder.
        data: where the texts are, or None for the model folder's validation texts.
        quick: whether the benchmark takes less than a minute.
        tokens: the length of the timed texts, or None for 200 or the most that the model reads.
        threads: threads that one call may use.
        seconds: seconds that each variant is timed, or None for 10, or 1.5 if quick.
    """

    bundles: tuple[Path, ...] = ()
    data: DataOptions | None = None
    quick: bool = False
    tokens: int | None = None
    threads: int = 1
    seconds: float | None = None


@dataclass(frozen=True)
class Plan:
    """What is measured, and for how long.

    Attributes:
        model: the `.keras` file.
        bundles: the bundles.
        tokenizer_bundle: the first bundle that can be read, for variants without a tokenizer.
        tokens: the length of the texts that speedups refer to.
        texts: the timed texts, by their length in tokens; those of `tokens` are among them.
        quality_texts: the texts to score.
        truth: the class of each, or None if they have no labels.
        threads: threads that one call may use.
        seconds: seconds that each variant is timed at `tokens`, in five windows.
        curve_seconds: seconds at each other length; 0: no curve.
        keras_cold_starts: fresh processes of Keras.
        cold_starts: fresh processes of each bundle.
        callers: numbers of concurrent callers, for the throughput.
    """

    model: Path
    bundles: tuple[Path, ...]
    tokenizer_bundle: Path
    tokens: int
    texts: dict[int, tuple[str, ...]]
    quality_texts: tuple[str, ...]
    truth: tuple[int, ...] | None
    threads: int
    seconds: float
    curve_seconds: float
    keras_cold_starts: int
    cold_starts: int
    callers: tuple[int, ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants of the plan: the Keras model and the bundles."""
        keras = keras_variants(self.model, self.keras_cold_starts)
        return *keras, *bundle_variants(self.bundles, self.cold_starts)


def reference_folder(bundles: Sequence[Path]) -> Path:
    """Return the model folder that bundles are compared with: their own, else `./model`.

    Raises:
        OptionError: the bundles are in several model folders.
    """
    folders = sorted({path.parent for path in bundles if is_model_folder(path.parent)})
    if len(folders) > 1:
        raise OptionError(
            "the bundles are in different model folders",
            expected="bundles of one model folder, or --model",
            found=", ".join(map(str, folders)),
            hint=f"--model {folders[0]}",
        )
    return folders[0] if folders else DEFAULT


def make_plan(folder: ModelFolder, request: Request) -> Plan:
    """Return the plan of a benchmark of a model folder.

    Raises:
        OptionError: there is no bundle, the model does not read texts of that length, or the data
            does not exist or has other labels.
        EdgernnError: no bundle can be read.
    """
    bundles = request.bundles or folder.bundles
    if not bundles:
        raise OptionError(
            "there is no bundle to compare",
            path=folder.path,
            expected="a bundle in the model folder, or a BUNDLE argument",
            found="no bundle",
            hint="edgernn export --format tflite --quantize int8",
        )
    rows, truth = _rows(folder, request)
    readable, tokenizer = _readable(bundles)
    tokens, others = choose_lengths(tokenizer.spec, request.tokens)
    if request.tokens not in (None, tokens):
        raise OptionError(
            "the model does not read that many tokens",
            path=readable,
            expected=f"--tokens of at most {tokens}",
            found=f"--tokens {request.tokens}",
            hint="choose a smaller --tokens, or leave it out",
        )
    lengths = {tokens} if request.quick else {tokens, *others}
    seconds = request.seconds or (1.5 if request.quick else 10.0)
    return Plan(
        model=folder.model,
        bundles=bundles,
        tokenizer_bundle=readable,
        tokens=tokens,
        texts={x: cut_texts(tokenizer, rows.texts, x) for x in sorted(lengths)},
        quality_texts=rows.texts,
        truth=truth,
        threads=request.threads,
        seconds=seconds,
        curve_seconds=0.0 if request.quick else seconds / 20,
        keras_cold_starts=1 if request.quick else 3,
        cold_starts=3 if request.quick else 7,
        callers=(1,) if request.quick else _callers(),
    )


def _rows(folder: ModelFolder, request: Request) -> tuple[Rows, tuple[int, ...] | None]:
    """Return the texts to score, and the class of each if they have labels."""
    rows, name = folder.validation, str(folder.path)
    if request.data is not None:
        name = request.data.data
        if Path(name).suffix == ".txt":
            return _lines(Path(name)), None
        corpus = load_corpus(request.data)
        rows = corpus.test or corpus.validation or corpus.train
    if request.quick:
        rows = sample(rows, _QUICK_TEXTS)
    # The quality of several labels is not that of one class.
    return rows, None if rows.is_multilabel else label_indices(rows, folder.labels, name)


def _lines(path: Path) -> Rows:
    """Return the lines of a file as unlabeled texts."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise OptionError(
            "the texts cannot be read",
            path=path,
            expected="a readable text file",
            found=error.strerror,
            hint="check --data",
        ) from error
    texts = tuple(line.rstrip("\r") for line in lines if line.strip())
    if not texts:
        raise OptionError(
            "the file does not contain texts",
            path=path,
            expected="one text per line",
            found="an empty file",
            hint="check --data",
        )
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


def _callers() -> tuple[int, ...]:
    """Return 1, 2, 4 and so on, up to and including the number of cores."""
    cores = os.cpu_count() or 1
    powers = [1 << i for i in range(cores.bit_length())]
    return tuple(sorted({*(n for n in powers if n < cores), cores}))
