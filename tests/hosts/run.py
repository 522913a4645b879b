"""Replays the corpus with every host and prints a table: python -m tests.hosts.run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HOSTS = Path(__file__).parent
ROOT = HOSTS.parents[1]
LIBRARY = ROOT / "runtime" / "libedgernn"


def run_python():
    return subprocess.run(
        [sys.executable, "-m", "tests.hosts.host"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip


def run_c(*flags):
    """Compile the two files of the library with the C host, and run it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, LIBRARY / "amalgamate.py", folder], check=True)
        sources = [HOSTS / "host.c", Path(folder) / "edgernn.c"]
        command = ["cc", "-O2", *flags, f"-I{folder}", *sources, "-lm", "-o", f"{folder}/host"]
        subprocess.run(command, check=True)
        return subprocess.run(
            [f"{folder}/host", HOSTS], capture_output=True, text=True, check=True
        ).stdout


#: The hosts by name: functions that return a line for each part: its name, lines replayed, passed.
ALL = {"C": run_c, "Python": run_python}


def main():
    failed = False
    print(f"{'host':<12}{'replayed':<14}{'lines':>7}{'passed':>8}")
    for name, run in ALL.items():
        for part, count, passed in map(str.split, run().splitlines()):
            failed |= count != passed
            print(f"{name:<12}{part:<14}{count:>7}{passed:>8}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
