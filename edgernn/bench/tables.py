"""A report as tables: what each form costs, what it loses, and where its time goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from edgernn.bench.records import Interval, Report
from edgernn.console import Table, percent

NOT_MEASURED = "not measured"
_T = TypeVar("_T")


def tables(report: Report) -> tuple[Table, ...]:
    """Return the tables of a report: the overview first, then those that have something in them."""
    found = [_overview(report)]
    if any(row.quality for row in report.rows):
        found.append(_quality(report))
    if any(row.windows for row in report.rows):
        found.append(_times(report))
    if any(row.curve for row in report.rows):
        found.append(_curve(report))
    if any(row.throughput for row in report.rows):
        found.append(_throughput(report))
    return tuple(found)


def _overview(report: Report) -> Table:
    columns = (
        *("form", "file MB", "p50 ms", "p95 ms", "times faster", "first answer ms", "memory MB"),
        *("accuracy", "same label", "p99 change"),
    )
    first = report.rows[0] if report.rows else None
    rows = []
    for row in report.rows:
        summary, quality = row.summary, row.quality
        faster = None if first is None else row.times_faster(first)
        cells = (
            _shown(row.file_bytes, _megabytes),
            _shown(None if summary is None else summary.p50, _milliseconds),
            _shown(None if summary is None else summary.p95, _milliseconds),
            _shown(faster, "{:.1f}".format),
            _shown(row.cold_start, "{:,.0f}".format),
            _shown(row.peak_bytes, _whole_megabytes),
            _shown(None if quality is None else quality.accuracy, percent),
            _shown(None if quality is None else quality.agreement, percent),
            _shown(None if quality is None else quality.p99_change, "{:.1e}".format),
        )
        rows.append((row.form, *cells))
    return Table("Bundles beside the full model", columns, tuple(rows), _notes(report))


def _notes(report: Report) -> tuple[str, ...]:
    settings, machine = report.settings, report.environment
    notes = [
        _setting(settings),
        "times faster: than the first row, by the medians of windows side by side",
        f"{machine['processor']}, {machine['cores']} cores, {' '.join(machine['flags'])}",
    ]
    if any(row.form == "keras predict" for row in report.rows):
        notes.append("Keras is given each text's bare ids, without the padding of the saved model")
    if report.partial:
        notes.append("PARTIAL: interrupted before everything was measured")
    for row in report.rows:
        if row.error:
            notes.append(f"{row.form}: {row.error}")
        if row.quality and row.quality.labels_given == 1:
            notes.append(f"{row.form} gives every text the same label")
    if settings.get("texts") and not settings.get("labeled"):
        notes.append("the texts have no labels: accuracy is not measured")
    return (*notes, *(f"missed: {gate}" for gate in report.missed))


def _setting(settings: Mapping[str, Any]) -> str:
    tokens, threads, seconds = (settings[name] for name in ("tokens", "threads", "seconds"))
    return f"one text of {tokens} tokens at a time, {threads} thread(s), {seconds:g} s each"


def _quality(report: Report) -> Table:
    columns = (
        *("form", "texts", "accuracy", "95 %", "macro F1", "95 %"),
        *("same label", "95 %", "p99 change", "95 %"),
    )
    rows = []
    for row in report.rows:
        if row.quality is not None:
            q = row.quality
            cells = (
                *(f"{q.texts:,}", _shown(q.accuracy, percent), _shown(q.accuracy_95, _shares)),
                *(_shown(q.macro_f1, percent), _shown(q.macro_f1_95, _shares)),
                *(percent(q.agreement), _shares(q.agreement_95)),
                *(f"{q.p99_change:.1e}", "{:.1e} to {:.1e}".format(*q.p99_change_95)),
            )
            rows.append((row.form, *cells))
    return Table("What is lost", columns, tuple(rows))


def _times(report: Report) -> Table:
    columns = (
        *("form", "least ms", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "spread"),
        *("to ids ms", "ids to output ms", "samples", "growth MB", "installed MB", "mJ"),
    )
    rows = []
    for row in report.rows:
        if row.summary is not None:
            s = row.summary
            times = (s.least, s.p50, s.p90, s.p95, s.p99)
            cells = (
                *map(_milliseconds, times),
                *(percent(s.spread), _milliseconds(s.tokenize), _milliseconds(s.invoke)),
                f"{s.samples:,}",
                _shown(row.growth_bytes, _megabytes),
                _shown(row.installed_bytes, _whole_megabytes),
                _shown(row.energy_mj, "{:.2f}".format),
            )
            rows.append((row.form, *cells))
    return Table("Where the time goes", columns, tuple(rows))


def _curve(report: Report) -> Table:
    lengths = sorted({point.tokens for row in report.rows for point in row.curve})
    rows = []
    for row in report.rows:
        if row.curve:
            at = {point.tokens: point.p50 for point in row.curve}
            rows.append((row.form, *(_shown(at.get(x), _milliseconds) for x in lengths)))
    columns = ("form", *(f"{length} tokens" for length in lengths))
    return Table("Median ms by length", columns, tuple(rows))


def _throughput(report: Report) -> Table:
    counts = sorted({rate.callers for row in report.rows for rate in row.throughput})
    rows = []
    for row in report.rows:
        if row.throughput:
            at = {rate.callers: rate.texts_a_second for rate in row.throughput}
            rows.append((row.form, *(_shown(at.get(x), "{:,.0f}".format) for x in counts)))
    names = tuple(f"{count} caller{'s' if count > 1 else ''}" for count in counts)
    return Table("Texts a second", ("form", *names), tuple(rows))


def _shown(value: _T | None, show: Callable[[_T], str]) -> str:
    return NOT_MEASURED if value is None else show(value)


def _milliseconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _megabytes(value: int) -> str:
    return f"{value / 1e6:.2f}"


def _whole_megabytes(value: int) -> str:
    return f"{value / 1e6:,.0f}"


def _shares(bounds: Interval) -> str:
    return f"{bounds[0]:.1%} to {bounds[1]:.1%}"
