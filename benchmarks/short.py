"""Latency of short texts, text to label, from C and from Python.

python benchmarks/short.py [BUNDLE]

A C program and Python take turns, five times; the lowest of their medians is printed, in CPU time,
so that other programs disturb less. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from edgernn_runtime import Classifier, load
from edgernn_runtime.timing import cut_texts

_LENGTHS = (5, 10, 20)
_TEXT = "a film to remember and the plot is not so good but we all liked it very much " * 3
_TURNS, _BATCHES, _CALLS = 5, 101, 100
_ROOT = Path(__file__).resolve().parents[1]
_NATIVE = _ROOT / "runtime" / "libedgernn"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sample = _ROOT / "examples" / "sentiment" / "sentiment.edgernn"
    parser.add_argument("bundle", type=Path, nargs="?", default=sample)
    bundle = parser.parse_args().bundle
    in_c, in_python = [], []
    with tempfile.TemporaryDirectory() as folder, load(bundle) as classifier:
        program = _compiled(Path(folder) / "short")
        texts = [cut_texts(classifier.tokenizer, [_TEXT], n)[0] for n in _LENGTHS]
        for _ in range(_TURNS):
            done = subprocess.run([program, bundle, *texts], capture_output=True, check=True)
            in_c.append([float(line) for line in done.stdout.split()])
            in_python.append([_microseconds(classifier, text) for text in texts])
    print("| text to label, microseconds | " + " | ".join(f"{n} tokens" for n in _LENGTHS) + " |")
    print("|---|" + "---:|" * len(_LENGTHS))
    rows = [[min(times) for times in zip(*turns, strict=True)] for turns in (in_c, in_python)]
    for name, row in zip(("C", "Python"), rows, strict=True):
        print(f"| {name} | " + " | ".join(f"{x:.1f}" for x in row) + " |")
    ratios = [f"{b / a:.2f}" for a, b in zip(*rows, strict=True)]
    print("| Python / C | " + " | ".join(ratios) + " |")


def _compiled(out: Path) -> Path:
    sources = [*_NATIVE.glob("src/**/*.c"), Path(__file__).with_name("short.c")]
    options = ["-std=c99", "-O3", f"-I{_NATIVE / 'include'}", f"-I{_NATIVE / 'src'}"]
    subprocess.run(["cc", *options, *sources, "-lm", "-o", out], check=True)
    return out


def _microseconds(classifier: Classifier, text: str) -> float:
    batches = []
    for _ in range(_BATCHES):
        start = time.thread_time()
        for _ in range(_CALLS):
            classifier.predict(text)
        batches.append(1e6 * (time.thread_time() - start) / _CALLS)
    return statistics.median(batches)


if __name__ == "__main__":
    main()
