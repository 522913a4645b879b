"""`python -m edgernn_runtime bench BUNDLE`: benchmark a bundle on this device, as JSON.

The JSON has the schema of `edgernn bench --json`; `edgernn bench --compare` reads it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgernn_runtime.classifier import Classifier, load
from edgernn_runtime.engines import get_engine
from edgernn_runtime.errors import EdgernnError, EngineError
from edgernn_runtime.machine import environment, peak_bytes
from edgernn_runtime.self_test import decode_test_vectors
from edgernn_runtime.timing import (
    WINDOWS,
    cut_texts,
    summarize,
    time_window,
    warm_up,
)
from edgernn_runtime.tokenizer import TokenizerSpec

SCHEMA = "edgernn-bench/3"
LENGTHS = (8, 16, 32, 64, 128, 256, 512)
PACKAGES = ("edgernn-runtime", "numpy", "ai-edge-litert", "onnxruntime")
#: The default length of a text for latency and speedup.
TOKENS = 200
_COLD_STARTS, _LIMIT_SECONDS = 5, 120
_FIRST = "a film to remember"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: the command line behind `bench`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m edgernn_runtime bench",
        description="Benchmark a bundle: latency (p50, p95, min), cold start, memory; prints JSON.",
        epilog="Example: python -m edgernn_runtime bench film.edgernn --tokens 50",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="a .edgernn file or folder")
    parser.add_argument(
        "--tokens", type=int, help="length of a text  [200, or the model's maximum]"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads for one text  [1]")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="duration of the measurement at --tokens  [5]"
    )
    options = parser.parse_args(arguments)
    if options.threads < 1 or options.seconds <= 0 or (options.tokens or 1) < 1:
        parser.error("--threads, --seconds and --tokens must be above 0")
    try:
        report = measure(Path(options.bundle), options.tokens, options.threads, options.seconds)
    except EdgernnError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if error.is_usage else 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0


def measure(path: Path, tokens: int | None, threads: int, seconds: float) -> dict[str, Any]:
    """Return the benchmark of a bundle, as JSON values.

    Args:
        path: the bundle.
        tokens: the length of a text; None for 200, or the model's maximum if that is less.
        threads: number of threads for one text, at least 1.
        seconds: duration of the measurement at that length; each other length gets a tenth.

    Raises:
        EdgernnError: the bundle cannot be opened, or its engine is missing.
    """
    with load(path, threads=threads) as classifier:
        tokens, lengths = choose_lengths(classifier.tokenizer.spec, tokens)
        row = {"variant": path.stem, "file_bytes": _bytes(path)}
        row |= _timings(classifier, tokens, lengths, seconds)
        row["cold_start_ms"] = measure_cold_starts(cold_start_command(path), _COLD_STARTS)
        row["self_test"] = asdict(classifier.self_test())
    return {
        "schema": SCHEMA,
        "partial": False,
        "settings": {"tokens": tokens, "threads": threads, "seconds": seconds},
        "environment": environment(PACKAGES),
        "results": [row],
    }


def _timings(
    classifier: Classifier, tokens: int, lengths: Sequence[int], seconds: float
) -> dict[str, Any]:
    tokenizer = classifier.tokenizer
    material = [v.text.decode("utf-8", "replace") for v in decode_test_vectors(classifier.bundle)]
    texts = cut_texts(tokenizer, material, tokens)
    warm_up(classifier, texts)
    windows = [time_window(classifier, texts, seconds / WINDOWS) for _ in range(WINDOWS)]
    peak = peak_bytes()
    curve = []
    for length in lengths:
        found = cut_texts(tokenizer, material, length)
        warm_up(classifier, found)
        window = time_window(classifier, found, seconds / 10)
        curve.append({"tokens": length, "total_ms": window.total_ms})
    return {
        "engine": get_engine(classifier.bundle.manifest.format).title,
        "peak_bytes": peak,
        "summary": summarize(windows).to_json(),
        "curve": curve,
        "windows": [asdict(window) for window in windows],
    }


def choose_lengths(spec: TokenizerSpec, tokens: int | None) -> tuple[int, tuple[int, ...]]:
    """Return the length to measure and the lengths of the curve, up to the model's maximum.

    Args:
        spec: the model's tokenizer.
        tokens: the requested length, or None for `TOKENS`.
    """
    most = 1 if spec.split == "none" else spec.max_length
    chosen = tokens or TOKENS
    if most is None:
        return chosen, LENGTHS
    return min(chosen, most), tuple(length for length in LENGTHS if length <= most)


def cold_start_command(bundle: Path) -> list[str]:
    """Return a command that starts a process, loads a bundle and classifies one text."""
    return [sys.executable, "-m", "edgernn_runtime", str(bundle), _FIRST]


def measure_cold_starts(command: Sequence[str], times: int) -> list[float]:
    """Return the times from the start of a process to its first line, in milliseconds.

    Args:
        command: the program and its arguments.
        times: number of processes, one after the other.

    Raises:
        EngineError: the process ended without a prediction.
    """
    found = []
    for _ in range(times):
        start = time.perf_counter()
        with subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            found.append(round(1e3 * (time.perf_counter() - start), 3))
            _, errors = process.communicate(timeout=_LIMIT_SECONDS)
        if not line:
            lines = errors.strip().splitlines() or [f"exit status {process.returncode}"]
            raise EngineError("the cold start failed", expected="a line on stdout", found=lines[-1])
    return found


def _bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
