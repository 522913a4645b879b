"""`python -m edgernn_runtime BUNDLE [TEXT...]`: classify texts with this package alone.

`python -m edgernn_runtime bench BUNDLE` measures a bundle; `--version` prints the versions.

The output is one JSON object per text; errors go to stderr. Without TEXT, each line of stdin is a
text. Exit status 0: done; 1: a bundle or a text was rejected; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from edgernn_runtime import Classifier, EdgernnError, Prediction, __version__, load
from edgernn_runtime.engines import ENGINES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: the command line without the program's name, or None for that of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["bench"]:
        from edgernn_runtime.bench import main as bench

        return bench(given[1:])
    parser = argparse.ArgumentParser(
        prog="python -m edgernn_runtime",
        description="Classify texts with an edgernn bundle.",
        epilog="`python -m edgernn_runtime bench BUNDLE` measures a bundle on this device. "
        'Example: python -m edgernn_runtime film.edgernn "Funny, warm and clever."',
    )
    parser.add_argument("--version", action=_PrintVersions, help="print versions, then exit")
    parser.add_argument("bundle", metavar="BUNDLE", help="a .edgernn file or folder")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="default: the lines of stdin")
    parser.add_argument(
        "--explain", action="store_true", help="add the weight of each token in the prediction"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads for one text")
    options = parser.parse_intermixed_args(given)
    if options.threads < 1:
        parser.error("--threads must be at least 1")
    try:
        with load(options.bundle, threads=options.threads) as classifier:
            for text in options.texts or _lines():
                row = _row(classifier, text, explained=options.explain)
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
            sys.stdout.flush()
    except EdgernnError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if error.is_usage else 1
    except BrokenPipeError:
        # The reader, such as `head`, closed the pipe; nothing more must be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def describe_versions(name: str, packages: Sequence[str] = ()) -> str:
    """Return the versions for a bug report: edgernn, Python, platform, packages and engines.

    Args:
        name: the name of the program.
        packages: further distributions to list; engines are always listed.
    """
    rows = [row for rows in ENGINES.values() for row in rows if row.extra]
    numbers = {p: _version(p) for p in (*packages, "numpy", *(row.distribution for row in rows))}
    has_library = importlib.util.find_spec("edgernn_runtime._native") is not None
    lines = [
        f"{name} {__version__}",
        f"Python {platform.python_version()}, {platform.platform()}",
        ", ".join(f"{p} {number}" for p, number in numbers.items()),
        f"libedgernn {'installed' if has_library else 'not installed'}",
    ]
    return "\n".join(lines)


class _PrintVersions(argparse.Action):
    """Prints the versions. The action `version` of argparse would join the lines."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(describe_versions("edgernn-runtime") + "\n")
        parser.exit()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _row(classifier: Classifier, text: str | bytes, *, explained: bool) -> dict[str, object]:
    if not explained:
        return _values(classifier.predict(text))
    explanation = classifier.explain(text)
    tokens = [asdict(token) for token in explanation.tokens]
    return {**_values(explanation.prediction), "tokens": tokens}


def _values(prediction: Prediction) -> dict[str, object]:
    """Return a prediction as JSON values."""
    ranked = {"best": prediction.best, "runner_up": prediction.runner_up}
    return {**asdict(prediction), **ranked}


def _lines() -> Iterable[bytes]:
    return (line.rstrip(b"\r\n") for line in sys.stdin.buffer)


if __name__ == "__main__":
    sys.exit(main())
