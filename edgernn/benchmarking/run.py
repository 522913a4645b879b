"""A benchmark from its plan to its report: the variants take turns, window by window."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgernn.benchmarking.plan import Plan
from edgernn.benchmarking.process import Process
from edgernn.benchmarking.quality import quality
from edgernn.benchmarking.records import (
    BenchmarkReport,
    CurvePoint,
    Throughput,
    VariantResult,
)
from edgernn.benchmarking.variants import KERAS_PREDICT, Variant, error_line
from edgernn_runtime import EdgernnError
from edgernn_runtime.bench import measure_cold_starts
from edgernn_runtime.machine import environment
from edgernn_runtime.timing import WINDOWS, Window

_PACKAGES = ("edgernn", "tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx", "numpy")


@dataclass
class _Measurement:
    """A variant under measurement: its result grows until the variant fails or is done."""

    variant: Variant
    result: VariantResult
    process: Process | None = None


def run(plan: Plan, variants: Sequence[Variant], say: Callable[[str], None]) -> BenchmarkReport:
    """Return the measurements of some variants of a model.

    A variant that fails gets a result with its error. Ctrl-C ends the run and keeps what was
    measured.

    Args:
        plan: what is measured, and for how long.
        variants: the variants; predictions are compared with those of `keras predict`, which comes
            first.
        say: called with a line about each step.
    """
    is_partial = False
    measurements = [_measurement(variant) for variant in variants]
    with _closing(measurements):
        try:
            for title, step in _STEPS:
                say(title)
                step(plan, measurements)
        except KeyboardInterrupt:
            is_partial = True
    settings = {
        "tokens": plan.tokens,
        "threads": plan.threads,
        "seconds": plan.seconds,
        "windows": WINDOWS,
        "texts": len(plan.quality_texts),
        "labeled": plan.truth is not None,
    }
    results = tuple(measurement.result for measurement in measurements)
    return BenchmarkReport(settings, environment(_PACKAGES), results, is_partial)


def _measurement(variant: Variant) -> _Measurement:
    result = VariantResult(variant.name, variant.engine, variant.file_bytes, error=variant.error)
    return _Measurement(variant, result)


@contextlib.contextmanager
def _closing(measurements: list[_Measurement]) -> Iterator[None]:
    try:
        yield
    finally:
        for measurement in measurements:
            if measurement.process is not None:
                measurement.process.close()


@contextlib.contextmanager
def _failing(measurement: _Measurement) -> Iterator[None]:
    """Turn an error into the result's error, and measure the variant no further."""
    try:
        yield
    except EdgernnError as error:
        measurement.result = replace(measurement.result, error=error_line(error))
        if measurement.process is not None:
            measurement.process.close()
            measurement.process = None


def _each(
    measurements: Sequence[_Measurement], measure: Callable[[_Measurement, Process], None]
) -> None:
    """Measure each variant that has not failed."""
    for measurement in measurements:
        if measurement.process is not None:
            with _failing(measurement):
                measure(measurement, measurement.process)


def _open(plan: Plan, measurements: list[_Measurement]) -> None:
    # All at once: nothing is timed yet, and Keras takes seconds to open.
    for measurement in measurements:
        variant = measurement.variant
        if variant.error is None:
            measurement.process = Process(plan.threads)
            arguments = list(variant.arguments)
            task = {"opener": variant.opener, "arguments": arguments, "threads": plan.threads}
            measurement.process.send("open", **task)
    texts = plan.texts[plan.tokens]
    _each(measurements, lambda _, process: process.receive())
    _each(measurements, lambda _, process: process.call("warm_up", texts=texts))


def _windows(plan: Plan, measurements: list[_Measurement]) -> None:
    task: dict[str, Any] = {"texts": plan.texts[plan.tokens], "seconds": plan.seconds / WINDOWS}

    def window(measurement: _Measurement, process: Process) -> None:
        samples = process.call("window", **task)
        added = Window(**{name: tuple(values) for name, values in samples.items()})
        result = measurement.result
        measurement.result = replace(result, windows=(*result.windows, added))

    def peak(measurement: _Measurement, process: Process) -> None:
        measurement.result = replace(measurement.result, peak_bytes=process.call("peak_bytes"))

    for _ in range(WINDOWS):
        _each(measurements, window)
    _each(measurements, peak)


def _curve(plan: Plan, measurements: list[_Measurement]) -> None:
    for tokens in sorted(plan.texts) if plan.curve_seconds else ():
        texts = plan.texts[tokens]

        def point(
            measurement: _Measurement,
            process: Process,
            tokens: int = tokens,
            texts: tuple[str, ...] = texts,
        ) -> None:
            process.call("warm_up", texts=texts)
            samples = process.call("window", texts=texts, seconds=plan.curve_seconds)
            added = CurvePoint(tokens, tuple(samples["total_ms"]))
            result = measurement.result
            measurement.result = replace(result, curve=(*result.curve, added))

        _each(measurements, point)


def _throughput(plan: Plan, measurements: list[_Measurement]) -> None:
    task: dict[str, Any] = {"texts": plan.texts[plan.tokens], "seconds": plan.seconds / WINDOWS}

    def rates(measurement: _Measurement, process: Process) -> None:
        for callers in plan.callers:
            if measurement.variant.is_parallel or callers == 1:
                rate = Throughput(callers, process.call("throughput", callers=callers, **task))
                result = measurement.result
                measurement.result = replace(result, throughput=(*result.throughput, rate))

    _each(measurements, rates)


def _cold_starts(plan: Plan, measurements: list[_Measurement]) -> None:
    del plan

    def start(measurement: _Measurement, _: Process) -> None:
        variant = measurement.variant
        if variant.cold_start:
            times = tuple(measure_cold_starts(variant.cold_start, variant.cold_starts))
            measurement.result = replace(measurement.result, cold_start_ms=times)

    _each(measurements, start)


def _quality(plan: Plan, measurements: list[_Measurement]) -> None:
    reference: list[list[float]] = []

    def compare(measurement: _Measurement, process: Process) -> None:
        if measurement.variant.is_scored:
            found = process.call("probabilities", texts=plan.quality_texts)
            reference.extend(found if measurement.variant.name == KERAS_PREDICT else [])
            if reference:
                added = quality(found, reference, plan.truth)
                measurement.result = replace(measurement.result, quality=added)

    _each(measurements, compare)


_STEPS: tuple[tuple[str, Callable[[Plan, list[_Measurement]], None]], ...] = (
    ("opening each variant in its own process", _open),
    (f"timing, {WINDOWS} windows each, in turns", _windows),
    ("timing other lengths", _curve),
    ("measuring throughput", _throughput),
    ("timing cold starts", _cold_starts),
    ("scoring the texts", _quality),
)
