"""`edgernn evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import edgernn
from edgernn.commands.options import (
    LongCommand,
    data_options,
    help_all_option,
    json_option,
    multilabel_options,
    quiet_option,
)
from edgernn.console import show, show_json, warn
from edgernn.errors import OptionError
from edgernn.model_folder import DEFAULT, is_model_folder
from edgernn.progress import announce
from edgernn_export.bundle_file import write_file


@click.command(cls=LongCommand)
@click.argument("model", metavar="[BUNDLE|MODEL]", type=click.Path(path_type=Path), default=DEFAULT)
@data_options(None)
@multilabel_options
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the confusion matrix and the calibration as a .png.",
)
@quiet_option
@json_option
@help_all_option
def evaluate(model: Path, **values: Any) -> None:
    """Evaluate a bundle or a model folder on labeled texts; ./model by default.

    Without --data, the texts are the validation texts of the model folder. A data set contributes
    its test part, else its validation part, else all texts.

    Example: edgernn evaluate model/tflite-int8.edgernn --data test.csv --plot test.png
    """
    from edgernn.evaluation_tables import evaluation_tables

    if is_model_folder(model):
        announce("loading TensorFlow")
    done = edgernn.evaluate(
        model,
        values["data"],
        data_dir=values["data_dir"],
        text_column=values["text_column"],
        label_column=values["label_column"],
        label_delimiter=values["label_delimiter"],
        label_columns=values["label_columns"],
    )
    for warning in done.warnings:
        warn(warning)
    if values["plot"] is not None and not done.evaluation.scores.confusion:
        raise OptionError(
            "--plot draws a confusion matrix, which texts with several labels do not have",
            expected="a model with one label per text",
            found="a multi-label model",
            hint="leave out --plot",
        )
    if values["plot"] is not None:
        from edgernn.score_plots import evaluation_png

        write_file(values["plot"], evaluation_png(done.evaluation))
    if values["as_json"]:
        show_json({"model": str(model), "data": done.data, **done.evaluation.to_json()})
        return
    tables = evaluation_tables(f"{model}: {done.data}", done.evaluation, done.note)
    for i, table in enumerate(tables):
        show(replace(table, title=("\n" if i else "") + table.title))
