"""Kill -9 at random moments of a training that resumes, compared with one that was not killed.

python benchmarks/kills.py [--kills 10] [--seed 0]

Each process is killed after 1 to 20 of its checkpoints (there is one after each batch), until all
kills have happened; the last process finishes. Prints the position of the checkpoint at each kill,
and whether the weights, the metrics and the history of both models are equal.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_TEXTS = 600
_WORDS = ("film", "plot", "actor", "scene", "music", "story", "a", "the", "of", "and", "is", "was")
_OPTIONS = (
    *("--preset", "tutorial", "--units", "8", "--embedding-dim", "8", "--epochs", "6"),
    *("--batch-size", "16", "--averaging", "0.9", "--checkpoint-minutes", "0", "--quiet"),
)


def main() -> None:
    """Train once without kills and once with kills, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        table = _table(root / "reviews.csv", draw)
        assert _train(table, root / "whole").wait() == 0
        for number in range(1, options.kills + 1):
            process = _train(table, root / "killed", "--resume")
            position = _kill(process, root / "killed", draw)
            print(f"kill {number}: checkpoint at epoch {position[0]}, batch {position[1]}")
        assert _train(table, root / "killed", "--resume").wait() == 0
        for name in ("metrics.json", "history.json"):
            equal = (root / "whole" / name).read_bytes() == (root / "killed" / name).read_bytes()
            print(f"{name}: {'equal' if equal else 'differs'}")
        whole, killed = _weights(root / "whole"), _weights(root / "killed")
        largest = max(float(np.abs(a - b).max()) for a, b in zip(whole, killed, strict=True))
        print(f"weights: {len(whole)} arrays, largest difference {largest:g}")


def _table(path: Path, draw: random.Random) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("text", "label"))
        for i in range(_TEXTS):
            words = draw.choices(_WORDS, k=draw.randint(3, 20))
            rows.writerow((" ".join(words), ("pos", "neg")[i % 2]))
    return path


def _train(table: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "edgernn", "train", "--data", str(table), "--out", str(out)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*command, *_OPTIONS, *more], **quiet)


def _kill(process: subprocess.Popen[bytes], out: Path, draw: random.Random) -> tuple[int, int]:
    """Kill the process a random number of checkpoints after its start."""
    checkpoint = out / "checkpoint" / "fit-1.npz"
    last = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    count = draw.randint(1, 20)
    while count and process.poll() is None:
        now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        count -= now != last
        last = now
        time.sleep(draw.random() / 1000)
    assert process.poll() is None, "the training ended before the kill"
    process.kill()
    process.wait()
    with np.load(checkpoint) as stored:
        values = json.loads(bytes(stored["values"]))
    return values["epoch"], values["step"]


def _weights(out: Path) -> list[np.ndarray]:
    from edgernn_export.keras.model_file import load_keras

    return load_keras(out / "model.keras").get_weights()


if __name__ == "__main__":
    main()
