"""Runs the measuring processes one after the other, and puts their figures side by side."""

from __future__ import annotations

import itertools
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgernn.bench.job import Job, Measured
from edgernn.data.rows import Rows
from edgernn.errors import BenchError, UsageError
from edgernn_runtime.bundle import Bundle
from edgernn_runtime.tokenizer import Tokenizer

_PACKAGES = (
    "edgernn",
    "tensorflow",
    "keras",
    "ai-edge-litert",
    "onnxruntime",
    "numpy",
)
_LATENCY_TEXTS = 50


@dataclass(frozen=True)
class BenchRow:
    """A form of the model with its figures; None stands for what was not measured.

    Attributes:
        form: its name.
        size: the file's size in bytes.
        p50_ms: the median time from text to answer.
        p95_ms: the 95th percentile.
        speedup: how many times faster than Keras `predict`, by the medians.
        accuracy: the share of right labels.
        agreement: the share of labels that are those of Keras.
        p99_change: the 99th percentile of the change in probability.
        samples_ms: every sample.
        error: why there are no figures.
    """

    form: str
    size: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    speedup: float | None = None
    accuracy: float | None = None
    agreement: float | None = None
    p99_change: float | None = None
    samples_ms: tuple[float, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class BenchPlan:
    """How to measure.

    Attributes:
        latency_texts: texts of one length, timed one at a time.
        threads: threads that one call may use.
        seconds: about how long each form is timed.
    """

    latency_texts: tuple[str, ...]
    threads: int
    seconds: float


def latency_texts(bundle: Bundle, texts: Sequence[str], tokens: int) -> tuple[str, ...]:
    """Return texts of exactly so many tokens, cut out of the texts laid end to end.

    Raises:
        BenchError: the texts have no token.
        UsageError: the bundle reads fewer tokens of a text.
    """
    most = bundle.manifest.tokenizer.max_length
    if most is not None and tokens > most:
        raise UsageError(
            "the model does not read that many tokens",
            path=bundle.path,
            expected=f"--tokens of at most {most}",
            found=str(tokens),
        )
    tokenizer = Tokenizer(bundle.manifest.tokenizer, bundle.vocabulary)
    stream = list(itertools.chain.from_iterable(tokenizer.tokens(text) for text in texts))
    if not stream:
        raise BenchError("the texts have no token", path=bundle.path)
    stream *= -(-tokens // len(stream))
    starts = range(0, len(stream) - tokens + 1, tokens)
    chosen = itertools.islice(starts, _LATENCY_TEXTS)
    return tuple(b" ".join(stream[start : start + tokens]).decode() for start in chosen)


def measure_in_process(job: Job) -> Measured:
    """Return what a fresh process measures for a job.

    Raises:
        BenchError: the process failed; its last line says why.
    """
    command = [sys.executable, "-m", "edgernn.bench.worker"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(job.threads)}
    done = subprocess.run(  # noqa: S603
        command,
        input=json.dumps(asdict(job)),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BenchError(lines[-1], path=job.path)
    result = json.loads(done.stdout)
    if "error" in result:
        raise BenchError(result["error"])
    return Measured(
        samples_ms=tuple(result["samples_ms"]),
        probabilities=tuple(tuple(row) for row in result["probabilities"]),
    )


def to_row(
    form: str, size: int, measured: Measured, keras: Measured, truth: Sequence[int]
) -> BenchRow:
    """Return a form's figures beside those of Keras `predict`.

    Args:
        form: its name.
        size: the file's size in bytes.
        measured: what was measured of it.
        keras: what was measured of Keras `predict`.
        truth: the class of each quality text.
    """
    p50 = float(np.median(measured.samples_ms))
    row = BenchRow(
        form=form,
        size=size,
        p50_ms=p50,
        p95_ms=float(np.quantile(measured.samples_ms, 0.95)),
        speedup=float(np.median(keras.samples_ms)) / p50,
        samples_ms=measured.samples_ms,
    )
    if not measured.probabilities:
        return row
    found, reference = np.asarray(measured.probabilities), np.asarray(keras.probabilities)
    classes, right = _classes(found), np.asarray(truth)
    return replace(
        row,
        accuracy=float((classes == right).mean()),
        agreement=float((classes == _classes(reference)).mean()),
        p99_change=float(np.quantile(np.abs(found - reference).max(axis=1), 0.99)),
    )


def bench(
    model: Path, bundles: Sequence[Path], rows: Rows, truth: Sequence[int], plan: BenchPlan
) -> list[BenchRow]:
    """Return the figures of the full model and of each bundle; a bundle that fails is a row too.

    Raises:
        BenchError: the full model cannot be measured.
    """
    jobs = [
        Job(
            "keras predict", str(model), plan.latency_texts, rows.texts, plan.threads, plan.seconds
        ),
        Job("keras tf.function", str(model), plan.latency_texts, (), plan.threads, plan.seconds),
    ]
    jobs += [
        Job("bundle", str(path), plan.latency_texts, rows.texts, plan.threads, plan.seconds)
        for path in bundles
    ]
    table: list[BenchRow] = []
    keras: Measured | None = None
    for job in jobs:
        name = job.form if job.form != "bundle" else Path(job.path).stem
        size = _size(Path(job.path))
        try:
            measured = measure_in_process(job)
        except BenchError as error:
            if keras is None:
                raise
            table.append(BenchRow(name, size, error=str(error).splitlines()[0]))
            continue
        keras = keras or measured
        table.append(to_row(name, size, measured, keras, truth))
    return table


def environment() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, system and versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.exists())


def _classes(probabilities: NDArray[Any]) -> NDArray[np.intp]:
    return np.asarray(np.argmax(probabilities, axis=1))
