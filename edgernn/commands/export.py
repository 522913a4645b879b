"""`edgernn export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click

import edgernn
from edgernn.commands.options import force_option, json_option
from edgernn.console import Table, say, show, show_json, warn
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT
from edgernn_export import RECIPES, TARGETS, Export
from edgernn_export.keras.padding import Padding
from edgernn_export.targets import Variant
from edgernn_runtime.tokenizer import TRUNCATE


@click.command()
@click.argument("model", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--format", "model_format", required=True, metavar="|".join(TARGETS))
@click.option("--quantize", default="none", show_default=True, metavar="|".join(RECIPES))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The bundle.  [default: in the model folder]"
)
@click.option("--labels", help="The names of the classes, such as neg,pos.")
@click.option(
    "--vocabulary",
    type=click.Path(path_type=Path),
    help="For a model that takes ids: a .keras file with its TextVectorization, or vocab.txt.",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    help="Of a vocab.txt: tokens to cut and pad to.  [default: what the model takes]",
)
@click.option(
    "--truncate",
    type=click.Choice(TRUNCATE),
    help="With --vocabulary: what the model was given of a longer text.  [default: head]",
)
@click.option(
    "--padding",
    type=click.Choice(get_args(Padding)),
    help="With --vocabulary: where its texts were padded; needed if the output depends on it.",
)
@click.option("--stateless", is_flag=True, help="TFLite: needs no reset between two texts.")
@click.option("--ort", is_flag=True, help="ONNX: an .ort file for mobile builds.")
@click.option(
    "--texts",
    type=click.Path(path_type=Path),
    help="A table to verify on.  [default: the model folder's validation texts]",
)
@click.option("--text-column", default="text", show_default=True, help="Of --texts.")
@click.option("--label-column", default="label", show_default=True, help="Of --texts.")
@click.option("--name", default="model", show_default=True, help="Of the model in --format c.")
@click.option("--allow-drop", is_flag=True, help="Write the bundle even if it misses a gate.")
@force_option
@json_option
def export(model: Path, model_format: str, quantize: str, **values: Any) -> None:
    """Export a trained model to a bundle for devices.

    MODEL is a model folder, or a .keras file of your own; ./model by default. The written file is
    compared with Keras before the bundle is kept. The format c is a folder of C that needs nothing
    but a compiler: the format native with the engine beside it.
    """
    done = edgernn.export(
        model,
        values["out"],
        format=model_format,
        quantize=quantize,
        variant=_variant(stateless=values["stateless"], ort=values["ort"]),
        labels=tuple(values["labels"].split(",")) if values["labels"] else None,
        vocabulary=values["vocabulary"],
        max_length=values["max_length"],
        truncate=values["truncate"],
        padding=values["padding"],
        texts=values["texts"],
        text_column=values["text_column"],
        label_column=values["label_column"],
        name=values["name"],
        allow_drop=values["allow_drop"],
        overwrite=values["force"],
        note=say,
        warn=warn,
    )
    if values["as_json"]:
        show_json({**asdict(done), "path": str(done.path)})
    else:
        show(_table(done))


def _variant(*, stateless: bool, ort: bool) -> Variant:
    if stateless and ort:
        raise OptionError("--stateless is of TFLite, --ort of ONNX", expected="one of them")
    return "stateless" if stateless else "ort" if ort else "default"


def _table(done: Export) -> Table:
    rows = tuple(
        ("✓" if check.passed else "✗", check.name, f"{check.found:.4g}", check.expected)
        for check in done.checks
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
    return Table(str(done.path), ("", "check", "measured", "bound"), rows, tuple(notes))
