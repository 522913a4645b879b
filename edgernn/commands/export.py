"""`edgernn export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click

import edgernn
from edgernn.commands.options import (
    DetailOption,
    LongCommand,
    force_option,
    get_precision,
    help_all_option,
    json_option,
    multilabel_options,
    precision_options,
    quiet_option,
)
from edgernn.console import Table, print_status, show, show_json, warn
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT
from edgernn.progress import announce
from edgernn.score_tables import threshold_notes
from edgernn_export import RECIPES, TARGETS, Export
from edgernn_export.keras.padding import Padding
from edgernn_export.keras.text_front import Truncating
from edgernn_export.targets import Variant
from edgernn_export.verification import Check

_EXAMPLE = """\b
docs/your-model.md has the command for each kind of model, such as
  edgernn export mine.keras --format native --tokenizer tokenizer.json
    --padding pre --truncating pre --reference predictions.csv"""


@click.command(cls=LongCommand, epilog=_EXAMPLE)
@click.argument("model", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--format", "model_format", required=True, metavar="|".join(TARGETS))
@click.option("--quantize", default="none", show_default=True, metavar="|".join(RECIPES))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Bundle to write.  [default: in or by MODEL]",
)
@click.option("--labels", help="Names in the order of the outputs: neg,pos.")
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="Model of ids: tokenizer.json, of Keras.",
)
@click.option(
    "--vocabulary",
    type=click.Path(path_type=Path),
    help="Model of ids: .keras with its TextVectorization, vocab.txt, or a word index.",
)
@click.option(
    "--padding",
    type=click.Choice(get_args(Padding)),
    help="Model of ids: padding in training (pad_sequences: pre).",
)
@click.option(
    "--truncating",
    type=click.Choice(get_args(Truncating)),
    help="Model of ids: end at which longer texts lost tokens (pad_sequences: pre).",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    help="Model of ids: length to truncate and pad to.  [default: the model's]",
)
@click.option(
    "--standardize",
    metavar="STEP,...",
    help="What your code does to a text, such as lower,strip_html (docs/tokenizer.md).",
)
@click.option(
    "--trust-code",
    type=click.Path(path_type=Path),
    metavar="MODULE.py",
    help="RUN this Python file before the model is loaded: layers and functions of your own.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="CSV of your pipeline's predictions to verify on: text, then a column per output.",
)
@click.option(
    "--stateless", cls=DetailOption, is_flag=True, help="TFLite: without state between texts."
)
@click.option(
    "--ort", cls=DetailOption, is_flag=True, help="ONNX: write an .ort file for mobile builds."
)
@click.option(
    "--texts",
    type=click.Path(path_type=Path),
    help="Table to verify on.  [default: the model folder's validation texts]",
)
@click.option("--text-column", default="text", show_default=True, help="Text column of --texts.")
@click.option("--label-column", default="label", show_default=True, help="Label column of --texts.")
@multilabel_options
@precision_options
@click.option(
    "--name", cls=DetailOption, default="model", show_default=True, help="Name in --format c."
)
@click.option(
    "--allow-drop",
    cls=DetailOption,
    is_flag=True,
    help="Write the bundle even if a gate is missed.",
)
@force_option
@quiet_option
@json_option
@help_all_option
def export(model: Path, model_format: str, quantize: str, **values: Any) -> None:
    """Export a trained model to a bundle for devices.

    MODEL is a model folder, a .keras or .h5 file, or a SavedModel folder of Keras 2; ./model by
    default. The exported model is verified against Keras before the bundle is written. The format
    c is a folder of C sources: the model in the format native, and the engine.

    Example: edgernn export --format native --quantize int8
    """
    announce("loading TensorFlow")
    done = edgernn.export(
        model,
        values["out"],
        format=model_format,
        quantize=quantize,
        variant=_variant(stateless=values["stateless"], ort=values["ort"]),
        labels=_names(values["labels"]) if values["labels"] else None,
        tokenizer=values["tokenizer"],
        vocabulary=values["vocabulary"],
        max_length=values["max_length"],
        truncating=values["truncating"],
        padding=values["padding"],
        standardize=tuple(values["standardize"].split(",")) if values["standardize"] else (),
        trust_code=values["trust_code"],
        reference=values["reference"],
        texts=values["texts"],
        text_column=values["text_column"],
        label_column=values["label_column"],
        label_delimiter=values["label_delimiter"],
        label_columns=values["label_columns"],
        min_precision=get_precision(values),
        name=values["name"],
        allow_drop=values["allow_drop"],
        overwrite=values["force"],
        note=print_status,
        warn=warn,
    )
    if values["as_json"]:
        show_json({**asdict(done), "path": str(done.path)})
    else:
        show(_table(done))


def _names(joined: str) -> tuple[str, ...]:
    """Return the names of a list such as `ham, spam`."""
    return tuple(name.strip() for name in joined.split(","))


def _variant(*, stateless: bool, ort: bool) -> Variant:
    if stateless and ort:
        raise OptionError(
            "--stateless and --ort exclude each other",
            expected="--stateless with --format tflite, or --ort with --format onnx",
            found="both",
            hint="leave out one of them",
        )
    return "stateless" if stateless else "ort" if ort else "default"


def _figures(check: Check) -> tuple[str, str]:
    """Return the measured figure and the tolerance; yes or no for a check without a figure."""
    if check.relation == "at least" and check.bound == 1:
        return "yes" if check.passed else "no", "yes"
    return f"{check.found:.4g}", check.expected


def _table(done: Export) -> Table:
    rows = tuple(
        ("✓" if check.passed else "✗", check.name, *_figures(check)) for check in done.checks
    )
    operators = ", ".join(f"{n} x {count}" for n, count in sorted(done.stats.operators.items()))
    weights = ", ".join(f"{t} {size:,} bytes" for t, size in done.stats.weight_bytes.items())
    kind = "folder" if done.path.is_dir() else "bundle"
    comparison, reference = done.comparison, done.comparison.reference
    notes = [
        f"compared with {reference} on {comparison.texts:,} texts ({comparison.source})",
        f"label agreement {comparison.agreement:.2%}",
        f"model {done.model_size:,} bytes, {kind} {done.size:,} bytes; weights: {weights}",
        f"{done.lowering} lowering; operators: {operators}",
    ]
    if comparison.accuracy is not None and comparison.keras_accuracy is not None:
        accuracies = f"{comparison.accuracy:.2%}, {reference} {comparison.keras_accuracy:.2%}"
        notes.insert(2, f"accuracy {accuracies}")
    notes += threshold_notes(done.labels, done.thresholds, done.coverage)
    return Table(str(done.path), ("", "check", "measured", "tolerance"), rows, tuple(notes))
