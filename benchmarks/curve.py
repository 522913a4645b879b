"""Accuracy by size and latency: `edgernn train --max-size` at several sizes.

python benchmarks/curve.py DATA

Trains the presets `bag` and `small` on IMDB's training half at each size, and exports them to int8
`native` bundles. The accuracy is that on the tenth of the training half that is set aside, on which
the sizes of the presets were chosen. The test half is not read. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from presets import jsonl, read_rows

from edgernn_runtime import load

SIZES = (("bag", "100KB"), ("bag", "200KB"), ("small", "150KB"), ("small", "300KB"))
SIZES += (("small", "500KB"), ("small", "1MB"))
_TIMED = 300


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    rows = read_rows(options.data / "imdb" / "train.csv.gz")
    print("| preset | --max-size | bundle bytes | validation accuracy | p50 ms | training s |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        table = jsonl(Path(folder) / "train.jsonl", rows)
        for preset, size in SIZES:
            out = Path(folder) / f"{preset}-{size}"
            start = time.perf_counter()
            _edgernn(
                *("train", "--data", str(table), "--preset", preset),
                *("--max-size", size, "--out", str(out)),
            )
            seconds = time.perf_counter() - start
            _edgernn("export", str(out), "--format", "native", "--quantize", "int8")
            bundle = out / "native-int8.edgernn"
            metrics = json.loads((out / "metrics.json").read_text())
            cells = (
                *(preset, size, f"{bundle.stat().st_size:,}"),
                f"{100 * metrics['validation']['accuracy']:.1f}",
                *(f"{_milliseconds(bundle, rows.texts[:_TIMED]):.3f}", f"{seconds:.0f}"),
            )
            print("| " + " | ".join(cells) + " |", flush=True)


def _milliseconds(bundle: Path, texts: tuple[str, ...]) -> float:
    """Return the p50 of one text, text to label, in ms."""
    samples = []
    with load(bundle) as classifier:
        for text in texts:
            start = time.perf_counter()
            classifier.predict(text)
            samples.append(1e3 * (time.perf_counter() - start))
    return float(np.median(samples))


def _edgernn(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "edgernn", *arguments], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
