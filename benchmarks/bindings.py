"""The Rust, Go, C# and Swift packages beside C: size, first prediction, 20 and 200 tokens.

python -m benchmarks.bindings [--bundle BUNDLE] [--rounds 21] [--times 2000]

The hosts take turns, a fresh process each. Times are the minimum over the rounds; the first
prediction includes opening the bundle. Prints Markdown; hosts that are not installed are left out.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

from runtime.tools.bindings import OUTPUT, write_package
from tests.hosts import bindings, swift

_WORDS = [
    "this",
    "is",
    "a",
    "film",
    "to",
    "remember",
    "and",
    "i",
    "loved",
    "every",
    "minute",
    "of",
    "it",
    "but",
    "the",
    "end",
    "was",
    "weak",
]
#: The command that prints the version of each compiler or runtime.
_VERSIONS = {
    "C": ("cc", "--version"),
    "Rust": ("rustc", "--version"),
    "Go": ("go", "version"),
    "C#": ("mono", "--version"),
    "Swift": ("swift", "--version"),
}


def main() -> None:
    """Print a row for each host."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, default=bindings.SAMPLE)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--times", type=int, default=2000)
    options = parser.parse_args()
    texts = [" ".join((_WORDS * 15)[:tokens]) for tokens in (20, 200)]
    arguments = [str(options.bundle.resolve()), str(options.times), *texts]
    with tempfile.TemporaryDirectory() as folder:
        commands = {"C": [_build_c(Path(folder))]}
        for title, name in bindings.NAMES.items():
            if not bindings.missing_for(name):
                commands[title] = [*bindings.build(name), "cost"]
        rounds = [
            {title: _measure([*command, *arguments]) for title, command in commands.items()}
            for _ in range(options.rounds)
        ]
        sizes = {title: _size(title, Path(folder)) for title in commands}
    print("| host | KB | first prediction ms | 20 tokens µs | to C | 200 tokens µs | to C |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    least = {
        title: [min(found[title][i] for found in rounds) for i in range(3)] for title in commands
    }
    for title, (first, short, long) in least.items():
        ratios = [ours / theirs for ours, theirs in zip((short, long), least["C"][1:], strict=True)]
        print(
            f"| {title} | {sizes[title] / 1000:.0f} | {first / 1000:.1f} | {short:.1f} "
            f"| {ratios[0]:.2f} | {long:.1f} | {ratios[1]:.2f} |"
        )
    print(f"\nVersions: {', '.join(map(_version, commands))}.")


def _version(title: str) -> str:
    """Return the name and the version of a host's compiler or runtime."""
    words = _VERSIONS[title]
    command = list(map(str, swift.command(*words) if title == "Swift" else words))
    done = subprocess.run(
        command, env=bindings.ENVIRONMENT, capture_output=True, text=True, check=True
    )
    [version] = re.findall(r"\d+\.\d+(?:\.\d+)*", done.stdout)[:1]
    return f"{words[0]} {version}"


def _build_c(folder: Path) -> str:
    """Compile the C program and the shared library, and return the program."""
    sources = write_package("csharp") / "c"
    options = ["-O3", f"-I{sources}", str(sources / "edgernn.c"), "-lm", "-o", str(folder / "c")]
    subprocess.run(["cc", str(Path(__file__).with_suffix(".c")), *options], check=True)
    return str(folder / "c")


def _size(title: str, folder: Path) -> int:
    """Return the bytes that the host adds to a program: a library, or a whole small program."""
    if title == "C#":
        files = [OUTPUT / "csharp" / name for name in ("Edgernn.dll", "libedgernn.so")]
    elif title == "C":
        files = [OUTPUT / "csharp" / "libedgernn.so"]
    else:
        program = {
            "Rust": OUTPUT / "rust" / "target" / "release" / "examples" / "classify",
            "Go": OUTPUT / "go" / "bin" / "classify",
            "Swift": swift.SCRATCH / "release" / "EdgernnHost",
        }[title]
        files = [folder / "stripped"]
        subprocess.run(["strip", str(program), "-o", str(files[0])], check=True)
    return sum(file.stat().st_size for file in files)


def _measure(command: list[object]) -> list[float]:
    """Return the microseconds that a host prints."""
    done = subprocess.run(
        list(map(str, command)), cwd=OUTPUT, capture_output=True, text=True, check=True
    )
    return [float(line) for line in done.stdout.split()]


if __name__ == "__main__":
    main()
