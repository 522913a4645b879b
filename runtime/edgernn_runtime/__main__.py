"""`python -m edgernn_runtime BUNDLE [TEXT...]`: classify texts with this package alone.

`python -m edgernn_runtime bench BUNDLE` measures a bundle.

The output is one JSON object per text; errors go to stderr. Without TEXT, each line of stdin is a
text. Exit status 0: done; 1: a bundle or a text was rejected; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from edgernn_runtime import Classifier, EdgernnError, load


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
        epilog="`python -m edgernn_runtime bench BUNDLE` measures a bundle on this device.",
    )
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


def _row(classifier: Classifier, text: str | bytes, *, explained: bool) -> dict[str, object]:
    if not explained:
        return asdict(classifier.predict(text))
    explanation = classifier.explain(text)
    tokens = [asdict(token) for token in explanation.tokens]
    return {**asdict(explanation.prediction), "tokens": tokens}


def _lines() -> Iterable[bytes]:
    return (line.rstrip(b"\r\n") for line in sys.stdin.buffer)


if __name__ == "__main__":
    sys.exit(main())
