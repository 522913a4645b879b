"""Speed, size and quality of all bundles of a model folder, at 20, 200 and 400 tokens.

python benchmarks/speed.py [--model model] [--tokens 20 200 400] [--seconds 10] [--twice]

Runs `edgernn bench --json` at each length. With --twice it runs each again and prints the largest
difference of a speedup over Keras `predict`. Prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from edgernn.benchmarking.records import BenchmarkReport, read_report
from edgernn.benchmarking.tables import tables
from edgernn.console import markdown


def main() -> None:
    """Print p50 and speedup at each length, then the tables of the middle length."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--tokens", type=int, nargs="+", default=[20, 200, 400])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--twice", action="store_true")
    options = parser.parse_args()
    reports = {n: _bench(options.model, n, options.seconds) for n in options.tokens}
    _print_ratios(reports)
    for table in tables(reports[options.tokens[len(options.tokens) // 2]]):
        print(f"\n{markdown(table)}")
    if options.twice:
        for tokens, report in reports.items():
            again = _bench(options.model, tokens, options.seconds)
            print(f"\n{tokens} tokens, a second run: {_difference(report, again)}")


def _bench(model: Path, tokens: int, seconds: float) -> BenchmarkReport:
    command = ["bench", "--model", model, "--tokens", tokens, "--seconds", seconds, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "edgernn", *map(str, command)], stdout=subprocess.PIPE, check=True
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        path.write_bytes(done.stdout)
        return read_report(path)


def _print_ratios(reports: dict[int, BenchmarkReport]) -> None:
    heads = [f"{n} tokens p50 ms" for n in reports] + [f"{n} tokens speedup" for n in reports]
    print("| variant | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(heads))
    for rows in zip(*(report.results for report in reports.values()), strict=True):
        times = [f"{row.summary.p50:.3f}" if row.summary else "" for row in rows]
        ratios = [
            row.speedup(report.results[0])
            for row, report in zip(rows, reports.values(), strict=True)
        ]
        cells = times + ["" if ratio is None else f"{ratio:.1f}" for ratio in ratios]
        print(f"| {rows[0].variant} | " + " | ".join(cells) + " |")


def _difference(first: BenchmarkReport, second: BenchmarkReport) -> str:
    """Return the largest difference of a speedup over Keras between two runs, as a sentence."""
    found = []
    for a, b in zip(first.results, second.results, strict=True):
        before, after = a.speedup(first.results[0]), b.speedup(second.results[0])
        if before and after:
            found.append((abs(after / before - 1), a.variant))
    largest, variant = max(found)
    return f"the speedups over Keras predict differ by at most {largest:.1%} ({variant})"


if __name__ == "__main__":
    main()
