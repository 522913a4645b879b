"""Memory growth of a process over 100,000 predictions of one bundle.

python benchmarks/endurance.py BUNDLE [--count 100000]

Prints the resident memory after 2,000 warm-up predictions, and its growth after the others.
"""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path

from edgernn_runtime import load

_WARM_UP = 2_000


def main() -> None:
    """Predict, and print the growth."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    options = parser.parse_args()
    draw = random.Random(0)
    with load(options.bundle) as classifier:
        words = [token.decode() for token in classifier.bundle.vocabulary[2:1000]]
        texts = [" ".join(draw.choices(words, k=draw.randint(1, 40))) for _ in range(500)]
        for i in range(_WARM_UP):
            classifier.predict(texts[i % len(texts)])
        before = _resident_bytes()
        for i in range(options.count):
            classifier.predict(texts[i % len(texts)])
        growth = _resident_bytes() - before
    print(f"{options.count:,} predictions: {before:,} bytes before, {growth:+,} after")


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
