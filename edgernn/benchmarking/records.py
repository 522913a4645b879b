"""Benchmark results, as JSON of schema `edgernn-bench/3`; schema 2 is read, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.errors import OptionError
from edgernn_runtime.bench import SCHEMA
from edgernn_runtime.timing import Summary, Window, summarize

Interval = tuple[float, float]
_SCHEMA_2 = "edgernn-bench/2"
#: Names of schema 2 and what they are now.
_RENAMED = {
    "form": "variant",
    "labels_given": "labels_predicted",
    "agreement": "label_agreement",
    "agreement_95": "label_agreement_95",
    "p99_change": "p99_absolute_error",
    "p99_change_95": "p99_absolute_error_95",
}


@dataclass(frozen=True)
class CurvePoint:
    """The latency at one length.

    Attributes:
        tokens: the length of the texts.
        total_ms: each call from text to prediction, in milliseconds.
    """

    tokens: int
    total_ms: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return float(np.median(self.total_ms))


@dataclass(frozen=True)
class Throughput:
    """The throughput of concurrent callers.

    Attributes:
        callers: the number of threads, each with its own instance of the model.
        texts_a_second: the predictions a second of all of them.
    """

    callers: int
    texts_a_second: float


@dataclass(frozen=True)
class Quality:
    """The quality of a variant's predictions, each figure with its 95 % interval.

    Attributes:
        texts: the number of texts.
        labels_predicted: the number of different labels predicted.
        label_agreement: the share of labels that equal those of Keras.
        label_agreement_95: its interval (Wilson).
        p99_absolute_error: the 99th percentile of a text's largest difference from Keras in any
            probability.
        p99_absolute_error_95: its interval (by ranks).
        accuracy: the share of correct predictions, or None without labels.
        accuracy_95: its interval (Wilson).
        macro_f1: the mean F1 of the classes, or None without labels.
        macro_f1_95: its interval (bootstrap).
    """

    texts: int
    labels_predicted: int
    label_agreement: float
    label_agreement_95: Interval
    p99_absolute_error: float
    p99_absolute_error_95: Interval
    accuracy: float | None = None
    accuracy_95: Interval | None = None
    macro_f1: float | None = None
    macro_f1_95: Interval | None = None


@dataclass(frozen=True)
class VariantResult:
    """The measurements of one variant; what was not measured is None or empty.

    Attributes:
        variant: its name.
        engine: the engine.
        file_bytes: the size of the file, or of the bundle.
        peak_bytes: the peak memory of the measuring process.
        cold_start_ms: from the start of a process to its first prediction, each run.
        windows: the samples at the length that speedups refer to.
        curve: the samples at other lengths.
        throughput: predictions a second, by the number of callers.
        quality: the quality of its predictions.
        error: why figures are missing, or None.
    """

    variant: str
    engine: str | None = None
    file_bytes: int | None = None
    peak_bytes: int | None = None
    cold_start_ms: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    throughput: tuple[Throughput, ...] = ()
    quality: Quality | None = None
    error: str | None = None

    @property
    def summary(self) -> Summary | None:
        """The figures of the windows, or None if there are none."""
        return summarize(self.windows) if self.windows else None

    @property
    def cold_start(self) -> float | None:
        """The median cold start in milliseconds, or None."""
        return float(np.median(self.cold_start_ms)) if self.cold_start_ms else None

    def medians(self) -> tuple[float, ...]:
        """Return the median of each window, in milliseconds."""
        return tuple(float(np.median(window.total_ms)) for window in self.windows)

    def speedup(self, reference: VariantResult) -> float | None:
        """Return the speedup over another variant: the median of the ratios of paired windows."""
        pairs = list(zip(reference.medians(), self.medians(), strict=False))
        return float(np.median([a / b for a, b in pairs])) if pairs else None

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values, with the figures of its windows."""
        summary = self.summary
        return {**asdict(self), "summary": summary.to_json() if summary else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> VariantResult:
        """Return the result that `to_json` or the device's own command wrote.

        Raises:
            KeyError, TypeError: the value is not such a result.
        """
        quality = value.get("quality")
        names = ("engine", "file_bytes", "peak_bytes", "error")
        return cls(
            variant=str(value["variant"]),
            **{name: value.get(name) for name in names},
            cold_start_ms=tuple(value.get("cold_start_ms") or ()),
            windows=tuple(
                Window(*(tuple(w[k]) for k in ("total_ms", "tokenize_ms", "invoke_ms")))
                for w in value.get("windows", ())
            ),
            curve=tuple(
                CurvePoint(p["tokens"], tuple(p["total_ms"])) for p in value.get("curve", ())
            ),
            throughput=tuple(Throughput(**point) for point in value.get("throughput", ())),
            quality=Quality(**quality) if quality else None,
        )


@dataclass(frozen=True)
class BenchmarkReport:
    """The report of a benchmark.

    Attributes:
        settings: tokens, threads, seconds, texts and other options.
        environment: processor, cores, versions.
        results: the variants; if Keras `predict` was measured, it is the first.
        partial: whether Ctrl-C ended it before everything was measured.
        missed: the gates that were missed, one sentence each.
    """

    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    results: tuple[VariantResult, ...]
    partial: bool = False
    missed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": SCHEMA,
            "partial": self.partial,
            "missed": list(self.missed),
            "settings": dict(self.settings),
            "environment": dict(self.environment),
            "results": [result.to_json() for result in self.results],
        }


def read_report(path: Path) -> BenchmarkReport:
    """Return the report that `edgernn bench --json` or the device's own command printed.

    Raises:
        OptionError: the file does not exist, or is not such a report.
    """
    try:
        value = _current(json.loads(path.read_text(encoding="utf-8")))
        results = tuple(map(VariantResult.from_json, value["results"]))
        return BenchmarkReport(
            value["settings"],
            value["environment"],
            results,
            value["partial"],
            tuple(value.get("missed", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise OptionError(
            "the file is not a benchmark report",
            path=path,
            expected=f"JSON of schema {SCHEMA}",
            found=reason or f"{type(error).__name__}: {error}",
            hint="edgernn bench --json > report.json",
        ) from error


def _current(value: Any) -> dict[str, Any]:
    """Return a report as one of the current schema.

    Raises:
        ValueError: the value is of another schema.
        KeyError, AttributeError: it is of schema 2 and malformed.
    """
    schema = value.get("schema") if isinstance(value, dict) else type(value).__name__
    if schema == _SCHEMA_2:
        return {**value, "results": [_renamed(row) for row in value["rows"]]}
    if schema != SCHEMA:
        raise ValueError(f"schema {schema!r}")
    report: dict[str, Any] = value
    return report


def _renamed(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result or quality of schema 2 with the names of the current one."""
    renamed = {_RENAMED.get(name, name): field for name, field in value.items()}
    quality = renamed.get("quality")
    return {**renamed, "quality": _renamed(quality)} if quality else renamed
