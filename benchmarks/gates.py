"""False refusals and false passes of the export gates, today's and those of version 0.1.

python benchmarks/gates.py trained [MODEL_FOLDER ...] [--details]
python benchmarks/gates.py matrix|large [--details]

Right files are written from models of 2 to 150 classes trained on generated texts, from the model
folders given, and from the models of the test matrix; `large` has their weights four times as
large. Wrong files are written from networks that were perturbed. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from edgernn.data.rows import label_indices
from edgernn.model_folder import read_model_folder
from edgernn.tensorflow_import import import_tensorflow
from edgernn_export import RECIPES, Examples
from edgernn_export.comparison import compare
from edgernn_export.errors import UncoveredError
from edgernn_export.keras.model_file import load_keras
from edgernn_export.keras.predictions import keras_outputs
from edgernn_export.keras.reader import Source, read_source
from edgernn_export.lowering import lower
from edgernn_export.recipes import Recipe
from edgernn_export.targets import TARGETS, Target
from edgernn_export.verification import compute_outputs, compute_perturbed_outputs, verify
from edgernn_runtime.engines import open_engine
from edgernn_runtime.ir import Array, Network
from edgernn_runtime.tokenizer import Tokenizer, with_padding

NAMES = ("none", "float16", "int8")
TEXTS = 60


@dataclass(frozen=True)
class Case:
    """A model to export.

    Attributes:
        group: what it is counted under.
        name: its name.
        source: the model.
        examples: the texts to verify on.
        reference: float32 [N, C], Keras's outputs for them.
    """

    group: str
    name: str
    source: Source
    examples: Examples
    reference: Array


@dataclass(frozen=True)
class Row:
    """The verdicts on one file.

    Attributes:
        case: the model.
        file: `right`, or the perturbation.
        target: the format.
        recipe: the recipe's name.
        old: whether the gate of version 0.1 passes it.
        new: whether today's gate passes it.
        is_lossy: whether it differs from Keras by more than its recipe may ever cost: a right
            file is then refused because this recipe does not suit the model.
        figures: what was measured.
    """

    case: Case
    file: str
    target: str
    recipe: str
    old: bool
    new: bool
    is_lossy: bool
    figures: str


class File:
    """A model file, opened as the runtime opens a bundle."""

    def __init__(self, source: Source, model_format: str, data: bytes) -> None:
        """Open the file's bytes."""
        task = source.task
        self.bundle: Any = SimpleNamespace(vocabulary=task.vocabulary)
        self._tokenizer = Tokenizer(task.tokenizer, task.vocabulary)
        self._pad_to = task.pad_to
        self._engine = open_engine(model_format, data, 1)
        self._outputs: dict[bytes, Array] = {}

    def tokenize(self, text: str) -> Any:
        """Return the ids of a text."""
        return with_padding(self._tokenizer.ids(text), self._pad_to)

    def output(self, text: str) -> Array:
        """Return the output for a text."""
        return self.output_of_ids(self.tokenize(text))

    def output_of_ids(self, ids: Any) -> Array:
        """Return the output for ids; both gates ask for the same ones."""
        key = ids.tobytes()
        if key not in self._outputs:
            self._outputs[key] = self._engine.run(ids.astype(np.int32))
        return self._outputs[key]


def old_gate_passes(file: Any, case: Case, recipe: Recipe) -> bool:
    """Return whether the gate of version 0.1 (commit 955b70b) passes a file."""
    head, examples = case.source.task.head, case.examples

    def holds(reference: Array, found: Array, examples: Examples) -> bool:
        figures = compare(reference, found, head, examples)
        if recipe.name != "int8":
            return figures.max_change <= (1e-5 if recipe.name == "none" else 1e-3)
        return (
            figures.agreement >= 0.99
            and figures.p99_change <= 0.02
            and (figures.accuracy_drop or 0) <= 0.005
        )

    figures = compare(case.reference, case.reference, head, examples)
    labels = None if examples.labels is None else examples.labels[:100]
    few = replace(examples, texts=examples.texts[:100], labels=labels)
    return (
        holds(case.reference, compute_outputs(file, examples.texts), examples)
        and figures.classes_used == len(case.source.task.labels)
        and not holds(case.reference[:100], compute_perturbed_outputs(file, few.texts), few)
    )


def trained_cases(folders: list[Path]) -> Iterator[Case]:
    """Yield the trained models, each with its texts and Keras's outputs."""
    from tests.intents import train_intents

    for classes, stack, epochs in TRAINED:
        done = train_intents(classes, stack, epochs)
        examples = Examples(done.texts, done.labels, "file")
        yield _case("trained", f"{classes} {stack}", done.model, examples)
    for path in folders:
        folder = read_model_folder(path)
        truth = label_indices(folder.validation, folder.labels, str(path))
        examples = Examples(folder.validation.texts, truth, "model folder")
        yield _case("trained", path.name, load_keras(folder.model), examples)


def matrix_cases(scale: int) -> Iterator[Case]:
    """Yield the models of the test matrix, with weights times a scale."""
    from tests.conftest import make_texts
    from tests.models import MODELS, centre

    texts = Examples(tuple(make_texts(TEXTS, seed=5, longest=60)), None, "file")
    for name, (_, build) in MODELS.items():
        model = build()
        for variable in model.trainable_variables:
            variable.assign(variable * scale)
        centre(model, texts.texts)
        yield _case(f"random weights x {scale}", name, model, texts)


#: Classes, kind of layers and epochs.
TRAINED = (
    (2, "bilstm", 1),
    (4, "gru", 2),
    (12, "bilstm_stack", 5),
    (77, "bag", 8),
    (77, "bilstm", 5),
    (150, "bilstm_pooled", 6),
)


def _case(group: str, name: str, model: Any, examples: Examples) -> Case:
    source = read_source(model)
    return Case(group, name, source, examples, keras_outputs(source, examples.texts))


def judge(case: Case) -> Iterator[Row]:
    """Yield the verdicts on the right file and on each wrong one, of each target and recipe."""
    from tests.perturbations import PERTURBATIONS

    network = case.source.network
    assert isinstance(network, Network)
    changed = {name: perturb(network) for name, perturb in PERTURBATIONS.items()}
    # The target c has the model files of native.
    for target in (one for one in TARGETS.values() if one.name == one.format):
        # A verdict depends on outputs alone, so that one target will do for many small models.
        is_enough = case.group != "trained" and target.name != "native"
        files = {"right": network, **({} if is_enough else changed)}
        for recipe in (RECIPES[name] for name in NAMES):
            for name, other in files.items():
                if other is not None:
                    yield from _judge_file(case, name, other, target, recipe)


def _judge_file(
    case: Case, name: str, network: Network, target: Target, recipe: Recipe
) -> Iterator[Row]:
    try:
        data = lower(replace(case.source, network=network), target, recipe, "default", "0" * 64)
    except UncoveredError:
        return
    file: Any = File(case.source, target.name, data.members[target.member])
    # The verdict is made with the true network: it is what the exporter read of Keras.
    verdict = verify(file, case.source, case.reference, case.examples, recipe, target.bits)
    missed = [f"{x.name} {x.found:.3g}" for x in verdict.checks if not x.passed]
    rounding = verdict.comparison.rounding_error
    figures = f"{'; '.join(missed)}; p99 {verdict.comparison.p99_change:.3g}; rounding {rounding}"
    old = old_gate_passes(file, case, recipe)
    found = verdict.comparison
    error = found.p99_change if recipe.name == "int8" else found.max_change
    is_lossy = error > recipe.gate.fit.most  # type: ignore[union-attr]
    yield Row(case, name, target.name, recipe.name, old, verdict.passed, is_lossy, figures)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", choices=("trained", "matrix", "large"))
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--details", action="store_true", help="each wrong verdict on stderr")
    options = parser.parse_args()
    import_tensorflow()
    rows = []
    scale = {"matrix": 1, "large": 4}.get(options.models)
    for case in trained_cases(options.folders) if scale is None else matrix_cases(scale):
        for row in judge(case):
            rows.append(row)
            is_right = row.file == "right"
            if options.details and (row.new != is_right or (is_right and not row.old)):
                print(
                    f"{case.group}, {case.name}, {row.target}, {row.recipe}, {row.file}: "
                    f"old {row.old}, new {row.new}: {row.figures}",
                    file=sys.stderr,
                    flush=True,
                )
    show(rows)


def show(rows: list[Row]) -> None:
    """Print false refusals by kind of model, and false passes by perturbation."""
    right = [row for row in rows if row.file == "right"]
    _table("right files refused", right, lambda row: row.case.group, _refused)
    print()
    wrong = [row for row in rows if row.file != "right"]
    _table("wrong files passed", wrong, lambda row: row.file, _passed)


def _table(
    title: str, rows: list[Row], key: Callable[[Row], str], cell: Callable[[list[Row]], str]
) -> None:
    """Print a row for each key, with a cell for each recipe: before, now, and of how many."""
    print(f"| {title}, before → now | {' | '.join(NAMES)} |\n|---|{'---:|' * len(NAMES)}")
    groups: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[key(row)][row.recipe].append(row)
    for name, recipes in groups.items():
        print(f"| {name} | {' | '.join(cell(recipes[recipe]) for recipe in NAMES)} |")


def _refused(rows: list[Row]) -> str:
    fair = [row for row in rows if not row.is_lossy]
    old, new = sum(not row.old for row in fair), sum(not row.new for row in fair)
    return f"{old} → {new} of {len(fair)}, and {len(rows) - len(fair)} lossy"


def _passed(rows: list[Row]) -> str:
    return f"{sum(row.old for row in rows)} → {sum(row.new for row in rows)} of {len(rows)}"


if __name__ == "__main__":
    main()
