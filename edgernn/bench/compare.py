"""Two reports side by side: what changed, and whether by more than noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edgernn.bench.records import Report, Row
from edgernn.bench.tables import NOT_MEASURED
from edgernn.console import Table, percent

Verdict = Literal["faster", "slower", "within noise", "not measured"]


@dataclass(frozen=True)
class Change:
    """A form in two reports.

    Attributes:
        form: its name.
        before_ms: its median in the first report, or None.
        after_ms: its median in the second, or None.
        verdict: whether it changed. It did where every window of one report is faster than every
            window of the other: by chance that is once in 126 comparisons of five windows each.
        bytes_before: the file's size in the first report, or None.
        bytes_after: its size in the second, or None.
        accuracy_before: its accuracy in the first report, or None.
        accuracy_after: its accuracy in the second, or None.
    """

    form: str
    before_ms: float | None
    after_ms: float | None
    verdict: Verdict
    bytes_before: int | None
    bytes_after: int | None
    accuracy_before: float | None
    accuracy_after: float | None


def compare(before: Report, after: Report) -> tuple[Change, ...]:
    """Return how each form of two reports changed, those of one report alone included."""
    first, second = ({row.form: row for row in report.rows} for report in (before, after))
    names = [*first, *(name for name in second if name not in first)]
    return tuple(_change(name, first.get(name), second.get(name)) for name in names)


def _change(name: str, before: Row | None, after: Row | None) -> Change:
    a, b = before or Row(name), after or Row(name)
    return Change(
        form=name,
        before_ms=_p50(a),
        after_ms=_p50(b),
        verdict=_verdict(a.medians(), b.medians()),
        bytes_before=a.file_bytes,
        bytes_after=b.file_bytes,
        accuracy_before=_accuracy(a),
        accuracy_after=_accuracy(b),
    )


def _p50(row: Row) -> float | None:
    return None if row.summary is None else row.summary.p50


def _accuracy(row: Row) -> float | None:
    return None if row.quality is None else row.quality.accuracy


def _verdict(before: tuple[float, ...], after: tuple[float, ...]) -> Verdict:
    if not before or not after:
        return "not measured"
    if max(after) < min(before):
        return "faster"
    return "slower" if min(after) > max(before) else "within noise"


def comparison_table(before: Report, after: Report) -> Table:
    """Return the changes as a table, with what differs in what they depend on below it."""
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
        rows.append((c.form, *cells))
    columns = ("form", "p50 ms", "then", "ratio", "time", "bytes", "then", "accuracy", "then")
    notes = ["faster or slower: every window of one run is beyond every window of the other"]
    notes += _differences("", before.settings, after.settings)
    notes += _differences("", before.environment, after.environment)
    notes += ["a report is partial"] if before.partial or after.partial else []
    return Table("What changed", columns, tuple(rows), tuple(notes))


def _cell(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else form.format(value)


def _differences(prefix: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = []
    for name in sorted({*before, *after}):
        a, b = before.get(name), after.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differences(f"{prefix}{name} ", a, b)
        elif a != b:
            found.append(f"{prefix}{name}: {a}, then {b}")
    return found
