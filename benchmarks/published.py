"""Models as people publish them: what each needs on the command line, and how it then differs.

python benchmarks/published.py DATA [--only NAME ...] [--out FOLDER]

DATA contains imdb/, agnews/, trec6/ and sms_spam/ with train and test tables (columns text and
label). The models of `tests/published` are trained on a few thousand texts, exported to every
target, and compared on 200 texts each with their original pipelines: string in, probability out.
Prints Markdown. Models that exist in FOLDER are not trained again.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from edgernn.tensorflow_import import import_tensorflow
from edgernn_runtime import EdgernnError
from tests.published.exporting import Outcome, export_published
from tests.published.pattern import Published, command, prepare
from tests.published.patterns import PATTERNS

TARGETS = tuple((f, q) for f in ("tflite", "onnx", "native") for q in ("none", "int8"))


def main() -> None:
    """Train what is missing, export everything, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=PATTERNS, nargs="*")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    import_tensorflow()
    names = options.only or list(PATTERNS)
    with tempfile.TemporaryDirectory() as folder:
        models = []
        for name in names:
            print(name, file=sys.stderr)
            models.append(prepare(PATTERNS[name], options.data, options.out or Path(folder)))
        for lines in (_commands(models), _differences(models), _mistakes(models)):
            for line in lines:
                print(line, flush=True)


def _commands(models: list[Published]) -> Iterator[str]:
    yield "What is given on the command line, beside --format and --quantize:"
    yield ""
    yield "| model | after | command |"
    yield "| --- | --- | --- |"
    for model in models:
        given = command(model.pattern, model.labels)
        yield f"| {model.pattern.name} | {model.pattern.title} | `{given}` |"


def _differences(models: list[Published]) -> Iterator[str]:
    yield ""
    yield (
        f"Largest difference of a probability from the original pipeline, on {_count(models)} texts"
        " each:"
    )
    yield ""
    yield f"| model | {' | '.join(f'{f}-{q}' for f, q in TARGETS)} |"
    yield f"| --- |{' ---: |' * len(TARGETS)}"
    notes: list[str] = []
    for model in models:
        print(f"export {model.pattern.name}", file=sys.stderr)
        cells = [_cell(export_published(model, f, q), notes) for f, q in TARGETS]
        yield f"| {model.pattern.name} | {' | '.join(cells)} |"
    yield ""
    yield "`f`: by the fallback conversion, with a warning."
    yield from (f"Refused ({number}): {note}" for number, note in enumerate(notes, 1))


def _mistakes(models: list[Published]) -> Iterator[str]:
    yield ""
    yield "A wrong option is refused, here with native-none:"
    yield ""
    yield "| model | mistake | result |"
    yield "| --- | --- | --- |"
    for model in models:
        for wrong in model.pattern.wrong:
            outcome = export_published(model, "native", "none", wrong.options)
            result = "**not refused**" if outcome.error is None else _refusal(outcome.error)
            yield f"| {model.pattern.name} | {wrong.what} | {result} |"


def _cell(outcome: Outcome, notes: list[str]) -> str:
    """Return a cell of the table; a refusal is added to the notes."""
    if outcome.error is None:
        return f"{outcome.largest:.1e}" + (" f" if outcome.lowering == "fallback" else "")
    sentence = _sentence(outcome.error)
    if sentence not in notes:
        notes.append(sentence)
    return f"refused ({notes.index(sentence) + 1})"


def _refusal(error: EdgernnError) -> str:
    """Return what refused a mistake: a gate with its figure, or an option."""
    figures = re.findall(r"max absolute error ([\d.e-]+)", str(error.found))
    if not figures:
        return error.what.replace("|", "\\|")
    gate = "reference predictions" if "reference predictions" in error.what else "Keras"
    return f"gate: differs from {gate} by {figures[0]}"


def _sentence(error: EdgernnError) -> str:
    parts = (error.what, error.expected and f"expected {error.expected}", error.found)
    return "; ".join(part for part in parts if part).replace("|", "\\|").replace("\n", " ")


def _count(models: list[Published]) -> int:
    return min(len(model.texts) for model in models)


if __name__ == "__main__":
    main()
