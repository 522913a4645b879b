"""Comparison of two benchmark reports, with a verdict on each variant's latency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edgernn.benchmarking.records import BenchmarkReport, VariantResult
from edgernn.benchmarking.tables import NOT_MEASURED
from edgernn.console import Table, percent

Verdict = Literal["faster", "slower", "within noise", "not measured"]


@dataclass(frozen=True)
class Change:
    """A variant in two reports.

    Attributes:
        variant: its name.
        before_ms: its p50 in the first report, or None.
        after_ms: its p50 in the second, or None.
        verdict: whether it changed: it did if every window of one report is faster than every
            window of the other. Chance does that once in 126 comparisons of five windows each.
        bytes_before: the file's size in the first report, or None.
        bytes_after: its size in the second, or None.
        accuracy_before: its accuracy in the first report, or None.
        accuracy_after: its accuracy in the second, or None.
    """

    variant: str
    before_ms: float | None
    after_ms: float | None
    verdict: Verdict
    bytes_before: int | None
    bytes_after: int | None
    accuracy_before: float | None
    accuracy_after: float | None


def compare(before: BenchmarkReport, after: BenchmarkReport) -> tuple[Change, ...]:
    """Return the change of each variant of two reports, also of those in one of them only."""
    first, second = (
        {result.variant: result for result in report.results} for report in (before, after)
    )
    names = [*first, *(name for name in second if name not in first)]
    return tuple(
        _change(first.get(name, VariantResult(name)), second.get(name, VariantResult(name)))
        for name in names
    )


def _change(before: VariantResult, after: VariantResult) -> Change:
    return Change(
        variant=before.variant,
        before_ms=_p50(before),
        after_ms=_p50(after),
        verdict=_verdict(before.medians(), after.medians()),
        bytes_before=before.file_bytes,
        bytes_after=after.file_bytes,
        accuracy_before=_accuracy(before),
        accuracy_after=_accuracy(after),
    )


def _p50(result: VariantResult) -> float | None:
    return None if result.summary is None else result.summary.p50


def _accuracy(result: VariantResult) -> float | None:
    return None if result.quality is None else result.quality.accuracy


def _verdict(before: tuple[float, ...], after: tuple[float, ...]) -> Verdict:
    if not before or not after:
        return "not measured"
    if max(after) < min(before):
        return "faster"
    return "slower" if min(after) > max(before) else "within noise"


def comparison_table(before: BenchmarkReport, after: BenchmarkReport) -> Table:
    """Return the changes as a table; its notes name differences in settings and environment."""
    rows = []
    for c in compare(before, after):
        ratio = c.after_ms / c.before_ms if c.before_ms and c.after_ms else None
        cells = (
            *(_cell(value, "{:.3f}") for value in (c.before_ms, c.after_ms)),
            _cell(ratio, "{:.3f}"),
            c.verdict,
            *(_cell(value, "{:,}") for value in (c.bytes_before, c.bytes_after)),
            *(
                NOT_MEASURED if value is None else percent(value)
                for value in (c.accuracy_before, c.accuracy_after)
            ),
        )
        rows.append((c.variant, *cells))
    columns = (
        *("variant", "p50 ms before", "after", "ratio", "verdict"),
        *("bytes before", "after", "accuracy before", "after"),
    )
    notes = ["faster or slower: every window of one run is beyond every window of the other"]
    notes += _differences("", before.settings, after.settings)
    notes += _differences("", before.environment, after.environment)
    notes += ["a report is partial"] if before.partial or after.partial else []
    return Table("Changes", columns, tuple(rows), tuple(notes))


def _cell(value: float | None, pattern: str) -> str:
    return NOT_MEASURED if value is None else pattern.format(value)


def _differences(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    lines = []
    for name in sorted({*before, *after}):
        a, b = before.get(name), after.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            lines += _differences(f"{prefix}{name} ", a, b)
        elif a != b:
            lines.append(f"{prefix}{name}: {a} before, {b} after")
    return lines
