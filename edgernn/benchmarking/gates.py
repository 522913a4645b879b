"""Bounds that make a benchmark a gate for a user's CI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgernn.benchmarking.records import BenchmarkReport, VariantResult

_NOT_MEASURED = "was not measured"


@dataclass(frozen=True)
class Gates:
    """Bounds for every bundle; None: no bound.

    Attributes:
        max_drop: the largest drop in accuracy below that of Keras, in points (hundredths).
        min_agreement: the lowest label agreement with Keras, 0 to 1.
        max_p95_ms: the highest p95 of the latency, in milliseconds.
    """

    max_drop: float | None = None
    min_agreement: float | None = None
    max_p95_ms: float | None = None


def missed(report: BenchmarkReport, gates: Gates, bundles: frozenset[str]) -> tuple[str, ...]:
    """Return the bounds that bundles miss, one sentence each.

    A figure that was not measured misses its bound.

    Args:
        report: the measurements.
        gates: the bounds.
        bundles: the names of the variants that must keep to them.
    """
    keras = report.results[0] if report.results else VariantResult("none")
    return tuple(
        f"{result.variant}: {sentence}"
        for result in report.results
        if result.variant in bundles
        for sentence in _missed(result, keras, gates)
    )


def _missed(result: VariantResult, keras: VariantResult, gates: Gates) -> Iterator[str]:
    quality, full, summary = result.quality, keras.quality, result.summary
    if gates.max_drop is not None:
        if quality is None or full is None or quality.accuracy is None or full.accuracy is None:
            yield f"accuracy {_NOT_MEASURED}"
        elif (drop := round(100 * (full.accuracy - quality.accuracy), 9)) > gates.max_drop:
            yield f"accuracy drop is {drop:.2f} points, above the limit of {gates.max_drop:g}"
    if gates.min_agreement is not None:
        if quality is None:
            yield f"label agreement {_NOT_MEASURED}"
        elif quality.label_agreement < gates.min_agreement:
            share, limit = f"{quality.label_agreement:.2%}", f"{gates.min_agreement:.2%}"
            yield f"label agreement is {share}, below the limit of {limit}"
    if gates.max_p95_ms is not None:
        if summary is None:
            yield f"latency {_NOT_MEASURED}"
        elif summary.p95 > gates.max_p95_ms:
            yield f"p95 is {summary.p95:.2f} ms, above the limit of {gates.max_p95_ms:g} ms"
