"""What a benchmark found: records that travel as JSON, schema `edgernn-bench/2`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.errors import UsageError
from edgernn_runtime.bench import SCHEMA
from edgernn_runtime.timing import Summary, Window, summarize

Interval = tuple[float, float]


@dataclass(frozen=True)
class CurvePoint:
    """The time of texts of one length.

    Attributes:
        tokens: the length.
        total_ms: each call from text to answer, in milliseconds.
    """

    tokens: int
    total_ms: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return float(np.median(self.total_ms))


@dataclass(frozen=True)
class Throughput:
    """What several callers at once get.

    Attributes:
        callers: threads that ask, each with the model opened for itself.
        texts_a_second: their answers a second, together.
    """

    callers: int
    texts_a_second: float


@dataclass(frozen=True)
class Quality:
    """How good a form's answers are, each figure with its 95 % interval.

    Attributes:
        texts: how many texts were answered.
        labels_given: how many different labels were given.
        agreement: the share of labels that are those of Keras (Wilson's interval).
        agreement_95: its interval.
        p99_change: the 99th percentile of the change in any probability (interval by ranks).
        p99_change_95: its interval.
        accuracy: the share of right labels (Wilson's interval), or None without labels.
        accuracy_95: its interval.
        macro_f1: the mean F1 of the classes (bootstrap), or None without labels.
        macro_f1_95: its interval.
    """

    texts: int
    labels_given: int
    agreement: float
    agreement_95: Interval
    p99_change: float
    p99_change_95: Interval
    accuracy: float | None = None
    accuracy_95: Interval | None = None
    macro_f1: float | None = None
    macro_f1_95: Interval | None = None


@dataclass(frozen=True)
class Row:
    """A form of the model with its figures; None, or nothing, is what was not measured.

    Attributes:
        form: its name.
        engine: what runs it.
        file_bytes: the size of the file, or of the bundle.
        installed_bytes: what has to be installed to run it.
        peak_bytes: the most memory of the process that answers.
        growth_bytes: what that process grew by while it was timed.
        energy_mj: the energy of an answer in millijoules.
        cold_start_ms: from the start of a process to its first answer, of each run.
        windows: the samples at the length that the ratios are of.
        curve: the samples at other lengths.
        throughput: answers a second.
        quality: how good its answers are.
        error: why figures are missing, or None.
    """

    form: str
    engine: str | None = None
    file_bytes: int | None = None
    installed_bytes: int | None = None
    peak_bytes: int | None = None
    growth_bytes: int | None = None
    energy_mj: float | None = None
    cold_start_ms: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    throughput: tuple[Throughput, ...] = ()
    quality: Quality | None = None
    error: str | None = None

    @property
    def summary(self) -> Summary | None:
        """The figures of the windows, or None where there are none."""
        return summarize(self.windows) if self.windows else None

    @property
    def cold_start(self) -> float | None:
        """The median cold start in milliseconds, or None."""
        return float(np.median(self.cold_start_ms)) if self.cold_start_ms else None

    def medians(self) -> tuple[float, ...]:
        """Return the median of each window, in milliseconds."""
        return tuple(float(np.median(window.total_ms)) for window in self.windows)

    def times_faster(self, other: Row) -> float | None:
        """Return how many times faster than another row: the median over windows side by side."""
        pairs = list(zip(other.medians(), self.medians(), strict=False))
        return float(np.median([a / b for a, b in pairs])) if pairs else None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values, the figures of its windows with them."""
        summary = self.summary
        return {**asdict(self), "summary": summary.to_json() if summary else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Row:
        """Return the row that `to_json`, or the device's own command, wrote.

        Raises:
            KeyError, TypeError: it is none.
        """
        quality = value.get("quality")
        plain = ("engine", "file_bytes", "installed_bytes", "peak_bytes", "growth_bytes")
        return cls(
            form=str(value["form"]),
            **{name: value.get(name) for name in (*plain, "energy_mj", "error")},
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
class Report:
    """A whole benchmark.

    Attributes:
        settings: tokens, threads, seconds, texts and the like, as they were asked for.
        environment: processor, cores, versions.
        rows: the forms, Keras `predict` first where it was measured.
        partial: whether Ctrl-C ended it before everything was measured.
        missed: the gates that were missed, a sentence each.
    """

    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    rows: tuple[Row, ...]
    partial: bool = False
    missed: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": SCHEMA,
            "partial": self.partial,
            "missed": list(self.missed),
            "settings": dict(self.settings),
            "environment": dict(self.environment),
            "rows": [row.to_json() for row in self.rows],
        }


def read_report(path: Path) -> Report:
    """Return the report that `edgernn bench --json` or the device's own command printed.

    Raises:
        UsageError: the file is not there, or is no such report.
    """
    try:
        value = _of_schema(json.loads(path.read_text(encoding="utf-8")))
        rows = tuple(Row.from_json(row) for row in value["rows"])
        missed = tuple(value.get("missed", ()))
        return Report(value["settings"], value["environment"], rows, value["partial"], missed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(
            "this is no report of a benchmark",
            path=path,
            expected=f"JSON of schema {SCHEMA}",
            found=reason or f"{type(error).__name__}: {error}",
            hint="edgernn bench --json > report.json",
        ) from error


def _of_schema(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        found = value.get("schema") if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"schema {found!r}")
    return value
