"""A benchmark report as tables: speed and size, quality, latency, lengths, throughput."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from edgernn.benchmarking.records import BenchmarkReport, VariantResult
from edgernn.benchmarking.variants import KERAS_PREDICT
from edgernn.console import Table, interval, percent

NOT_MEASURED = "not measured"
_T = TypeVar("_T")


def tables(report: BenchmarkReport) -> tuple[Table, ...]:
    """Return the tables of a report: the overview first, then those that have figures."""
    results = report.results
    candidates = (
        (True, _overview),
        (any(result.quality for result in results), _quality),
        (any(result.windows for result in results), _latency),
        (any(result.curve for result in results), _curve),
        (any(result.throughput for result in results), _throughput),
    )
    return tuple(make(report) for is_measured, make in candidates if is_measured)


def _overview(report: BenchmarkReport) -> Table:
    columns = (
        *("variant", "file MB", "p50 ms", "p95 ms", "speedup", "cold start ms", "memory MB"),
        *("accuracy", "label agreement", "p99 absolute error"),
    )
    rows = [
        (result.variant, *_overview_cells(result, report.results[0])) for result in report.results
    ]
    return Table("Bundles and the full model", columns, tuple(rows), _notes(report))


def _overview_cells(result: VariantResult, first: VariantResult) -> tuple[str, ...]:
    summary, quality = result.summary, result.quality
    return (
        _shown(result.file_bytes, _megabytes),
        _shown(None if summary is None else summary.p50, _milliseconds),
        _shown(None if summary is None else summary.p95, _milliseconds),
        _shown(result.speedup(first), "{:.1f}".format),
        _shown(result.cold_start, "{:,.0f}".format),
        _shown(result.peak_bytes, _whole_megabytes),
        _shown(None if quality is None else quality.accuracy, percent),
        _shown(None if quality is None else quality.label_agreement, percent),
        _shown(None if quality is None else quality.p99_absolute_error, "{:.1e}".format),
    )


def _notes(report: BenchmarkReport) -> tuple[str, ...]:
    settings, machine = report.settings, report.environment
    notes = [
        _setting(settings),
        "speedup: over the first row, the median of the ratios of paired windows",
        f"{machine['processor']}, {machine['cores']} cores, {' '.join(machine['flags'])}",
    ]
    if any(result.variant == KERAS_PREDICT for result in report.results):
        notes.append("Keras gets the ids of each text without the padding of the saved model")
    if report.partial:
        notes.append("PARTIAL: interrupted before everything was measured")
    for result in report.results:
        if result.error:
            notes.append(f"{result.variant}: {result.error}")
        if result.quality and result.quality.labels_predicted == 1:
            notes.append(f"{result.variant} predicts the same label for every text")
    if settings.get("texts") and not settings.get("labeled"):
        notes.append("the texts have no labels: accuracy is not measured")
    return (*notes, *(f"missed: {gate}" for gate in report.missed))


def _setting(settings: Mapping[str, Any]) -> str:
    tokens, threads, seconds = (settings[name] for name in ("tokens", "threads", "seconds"))
    return f"one text of {tokens} tokens at a time, {threads} thread(s), {seconds:g} s each"


def _quality(report: BenchmarkReport) -> Table:
    columns = (
        *("variant", "texts", "accuracy", "95 %", "macro F1", "95 %"),
        *("label agreement", "95 %", "p99 absolute error", "95 %"),
    )
    rows = []
    for result in report.results:
        if result.quality is not None:
            q = result.quality
            cells = (
                *(f"{q.texts:,}", _shown(q.accuracy, percent), _shown(q.accuracy_95, interval)),
                *(_shown(q.macro_f1, percent), _shown(q.macro_f1_95, interval)),
                *(percent(q.label_agreement), interval(q.label_agreement_95)),
                f"{q.p99_absolute_error:.1e}",
                "{:.1e} to {:.1e}".format(*q.p99_absolute_error_95),
            )
            rows.append((result.variant, *cells))
    return Table("Quality", columns, tuple(rows))


def _latency(report: BenchmarkReport) -> Table:
    columns = (
        *("variant", "min ms", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "spread"),
        *("tokenize ms", "invoke ms", "samples"),
    )
    rows = []
    for result in report.results:
        if result.summary is not None:
            s = result.summary
            cells = (
                *map(_milliseconds, (s.min, s.p50, s.p90, s.p95, s.p99)),
                *(percent(s.spread), _milliseconds(s.tokenize), _milliseconds(s.invoke)),
                f"{s.samples:,}",
            )
            rows.append((result.variant, *cells))
    note = "percentiles: medians over windows; spread: range of the windows' p50, relative to p50"
    return Table("Latency", columns, tuple(rows), (note,))


def _curve(report: BenchmarkReport) -> Table:
    lengths = sorted({point.tokens for result in report.results for point in result.curve})
    rows = []
    for result in report.results:
        if result.curve:
            by_length = {point.tokens: point.p50 for point in result.curve}
            cells = (_shown(by_length.get(length), _milliseconds) for length in lengths)
            rows.append((result.variant, *cells))
    columns = ("variant", *(f"{length} tokens" for length in lengths))
    return Table("Latency p50 in ms, by length", columns, tuple(rows))


def _throughput(report: BenchmarkReport) -> Table:
    counts = sorted({rate.callers for result in report.results for rate in result.throughput})
    rows = []
    for result in report.results:
        if result.throughput:
            by_callers = {rate.callers: rate.texts_a_second for rate in result.throughput}
            cells = (_shown(by_callers.get(count), "{:,.0f}".format) for count in counts)
            rows.append((result.variant, *cells))
    names = tuple(f"{count} caller{'s' if count > 1 else ''}" for count in counts)
    return Table("Throughput, texts a second", ("variant", *names), tuple(rows))


def _shown(value: _T | None, show: Callable[[_T], str]) -> str:
    return NOT_MEASURED if value is None else show(value)


def _milliseconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _megabytes(value: int) -> str:
    return f"{value / 1e6:.2f}"


def _whole_megabytes(value: int) -> str:
    return f"{value / 1e6:,.0f}"
