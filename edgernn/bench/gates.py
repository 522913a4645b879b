"""Bounds that make a benchmark a gate for a user's CI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgernn.bench.records import Report, Row

_NOT_MEASURED = "was not measured"


@dataclass(frozen=True)
class Gates:
    """What every bundle must keep to; None asks for nothing.

    Attributes:
        max_drop: the most that accuracy may fall below that of Keras, in points (hundredths).
        min_agreement: the least share of labels that are those of Keras, 0 to 1.
        max_p95_ms: the largest 95th percentile of an answer's time, in milliseconds.
    """

    max_drop: float | None = None
    min_agreement: float | None = None
    max_p95_ms: float | None = None


def missed(report: Report, gates: Gates, bundles: frozenset[str]) -> tuple[str, ...]:
    """Return the bounds that a bundle misses, a sentence each; what was not measured is missed.

    Args:
        report: what was measured.
        gates: the bounds.
        bundles: the rows that are held to them.
    """
    keras = report.rows[0] if report.rows else Row("none")
    return tuple(
        f"{row.form}: {sentence}"
        for row in report.rows
        if row.form in bundles
        for sentence in _missed(row, keras, gates)
    )


def _missed(row: Row, keras: Row, gates: Gates) -> Iterator[str]:
    quality, full, summary = row.quality, keras.quality, row.summary
    if gates.max_drop is not None:
        if quality is None or full is None or quality.accuracy is None or full.accuracy is None:
            yield f"accuracy {_NOT_MEASURED}"
        elif (drop := round(100 * (full.accuracy - quality.accuracy), 9)) > gates.max_drop:
            yield f"accuracy falls by {drop:.2f} points, at most {gates.max_drop:g} asked"
    if gates.min_agreement is not None:
        if quality is None:
            yield f"the share of equal labels {_NOT_MEASURED}"
        elif quality.agreement < gates.min_agreement:
            share = f"{quality.agreement:.2%}"
            yield f"{share} of the labels are those of Keras, {gates.min_agreement:.2%} asked"
    if gates.max_p95_ms is not None:
        if summary is None:
            yield f"the time {_NOT_MEASURED}"
        elif summary.p95 > gates.max_p95_ms:
            yield f"p95 is {summary.p95:.2f} ms, at most {gates.max_p95_ms:g} asked"
