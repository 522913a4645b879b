"""The cost of Java over C: size, first prediction, and the latency of 20 and 200 tokens.

python benchmarks/binding_java.py [BUNDLE] [--rounds 9]

Both programs use libedgernn, compiled by `cc` with the same options. They take turns; the medians
of the rounds are printed. Run it from the root. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from runtime.tools.java.libraries import FLAGS, amalgamate  # noqa: E402
from tests.hosts.jvm import build_jar  # noqa: E402

HERE = Path(__file__).parent / "bindings"
_WORDS = ("a", "film", "to", "remember")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = ROOT / "examples/sentiment/sentiment.edgernn"
    parser.add_argument("bundle", nargs="?", type=Path, default=default)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = {"C": _compile_c(folder), "Java": _compile_java(folder)}
        arguments = [options.bundle, *_write_texts(folder)]
        found: dict[str, list[list[float]]] = {name: [] for name in programs}
        for _ in range(options.rounds):
            for host, program in programs.items():
                found[host].append(_run([*program, *arguments]))
        library = (ROOT / "build/java/host-library").stat().st_size
        _print(found, f"{library / 1000:.0f} KB, jar {(folder / 'edgernn.jar').stat().st_size:,} B")


def _compile_c(folder: Path) -> list[str | Path]:
    sources = [HERE / "bench.c", amalgamate() / "edgernn.c"]
    output = folder / "bench"
    command = ["cc", *FLAGS, f"-I{sources[1].parent}", *sources, "-lm", "-o", output]
    subprocess.run(command, check=True)
    return [output]


def _compile_java(folder: Path) -> list[str | Path]:
    jar = build_jar(folder)
    subprocess.run(["javac", "-cp", jar, "-d", folder, HERE / "Bench.java"], check=True)
    return ["java", "-cp", f"{jar}:{folder}", "Bench"]


def _write_texts(folder: Path) -> list[Path]:
    paths = []
    for tokens in (20, 200):
        paths.append(folder / f"{tokens}.txt")
        paths[-1].write_text(" ".join(_WORDS * (tokens // len(_WORDS))), encoding="utf-8")
    return paths


def _run(command: list[str | Path]) -> list[float]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(map(float, done.stdout.split()))


def _print(found: dict[str, list[list[float]]], size: str) -> None:
    print(f"Library of this machine: {size}\n")
    print("| host | open and first prediction, ms | 20 tokens, us | 200 tokens, us | to C |")
    print("|---|---:|---:|---:|---|")
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in found.items()
    }
    for name, (first, short, long) in medians.items():
        ratios = f"{short / medians['C'][1]:.2f}, {long / medians['C'][2]:.2f}"
        print(f"| {name} | {first:.1f} | {short:.1f} | {long:.1f} | {ratios} |")


if __name__ == "__main__":
    main()
