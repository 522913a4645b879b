"""What others make of the same model: `edgernn bench --peers`, conversions included.

python benchmarks/peers.py [--model model]

tf-keras, openvino and torch are measured where they are installed (the extra `peers`). Prints
Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from edgernn.bench.records import read_report
from edgernn.bench.tables import tables
from edgernn.console import markdown


def main() -> None:
    """Print the overview; a peer that fails is a row with its reason."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    model = parser.parse_args().model
    command = [sys.executable, "-m", "edgernn", "bench", "--model", str(model)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        with path.open("wb") as out:
            options = ["--peers", "--quick", "--seconds", "5", "--json"]
            status = subprocess.run([*command, *options], stdout=out, check=False).returncode
        if status not in (0, 1):
            sys.exit(status)
        print(markdown(tables(read_report(path))[0]))


if __name__ == "__main__":
    main()
