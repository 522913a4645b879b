"""Every bundle of a model folder beside Keras, at 20, 200 and 400 tokens.

python benchmarks/speed.py [--model model] [--tokens 20 200 400] [--seconds 10] [--twice]

`edgernn bench --json` for each length; with --twice each is run again, and the largest difference
of a ratio to Keras `predict` is printed. Prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from edgernn.bench.records import Report, read_report
from edgernn.bench.tables import tables
from edgernn.console import markdown


def main() -> None:
    """Print a table of the ratios and times, then the tables of the middle length."""
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


def _bench(model: Path, tokens: int, seconds: float) -> Report:
    command = ["bench", "--model", model, "--tokens", tokens, "--seconds", seconds, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "edgernn", *map(str, command)], stdout=subprocess.PIPE, check=True
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        path.write_bytes(done.stdout)
        return read_report(path)


def _print_ratios(reports: dict[int, Report]) -> None:
    heads = [f"{n} tokens ms" for n in reports] + [f"{n} tokens, times faster" for n in reports]
    print("| form | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(heads))
    for rows in zip(*(report.rows for report in reports.values()), strict=True):
        times = [f"{row.summary.p50:.3f}" if row.summary else "" for row in rows]
        ratios = [
            row.times_faster(report.rows[0])
            for row, report in zip(rows, reports.values(), strict=True)
        ]
        cells = times + ["" if ratio is None else f"{ratio:.1f}" for ratio in ratios]
        print(f"| {rows[0].form} | " + " | ".join(cells) + " |")


def _difference(first: Report, second: Report) -> str:
    """Return the largest difference of a ratio to Keras between two runs, and whose it is."""
    found = []
    for a, b in zip(first.rows, second.rows, strict=True):
        before, after = a.times_faster(first.rows[0]), b.times_faster(second.rows[0])
        if before and after:
            found.append((abs(after / before - 1), a.form))
    largest, form = max(found)
    return f"the ratios to Keras predict differ by at most {largest:.1%} ({form})"


if __name__ == "__main__":
    main()
