"""`edgernn evaluate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from edgernn.commands.options import data_options, json_option, to_data_options
from edgernn.console import show, show_json, warn
from edgernn.data.rows import Corpus, label_indices
from edgernn.data.sources import load_corpus
from edgernn.evaluation import evaluation
from edgernn.model_folder import DEFAULT, is_model_folder, read_model_folder
from edgernn.scoring import bundle_probabilities, keras_probabilities
from edgernn_export.bundle_writer import write_file
from edgernn_runtime import load


@click.command()
@click.argument("model", metavar="[BUNDLE|MODEL]", type=click.Path(path_type=Path), default=DEFAULT)
@data_options(None)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the confusion matrix and the calibration as a .png.",
)
@json_option
def evaluate(model: Path, **values: Any) -> None:
    """Score a bundle or a model folder on labeled texts; ./model by default.

    Without --data, on the validation texts that the model folder keeps. A data set with an
    official test part is scored on that, one with a held-out part on that.
    """
    from edgernn.evaluation_report import evaluation_tables, plot_evaluation

    if values["data"] is None:
        home = model if is_model_folder(model) else model.parent
        rows = read_model_folder(home).validation
        corpus = Corpus(name=f"validation texts of {home}", train=rows)
    else:
        corpus = load_corpus(to_data_options(values, values["data"]))
        rows = corpus.test or corpus.validation or corpus.train
    for warning in rows.warnings:
        warn(warning)
    if is_model_folder(model):
        labels, probabilities = _score_keras(model, rows.texts)
    else:
        with load(model) as classifier:
            labels, probabilities = classifier.labels, bundle_probabilities(classifier, rows.texts)
    truth = label_indices(rows, labels, corpus.name)
    found = evaluation(rows.texts, truth, probabilities, labels)
    if values["plot"] is not None:
        write_file(values["plot"], plot_evaluation(found))
    if values["as_json"]:
        show_json({"model": str(model), "data": corpus.name, **found.to_json()})
        return
    for i, table in enumerate(evaluation_tables(f"{model}: {corpus.name}", found, corpus.note)):
        show(replace(table, title=("\n" if i else "") + table.title))


def _score_keras(model: Path, texts: tuple[str, ...]) -> tuple[tuple[str, ...], Any]:
    from edgernn.heavy import import_tensorflow

    import_tensorflow()
    from edgernn_export.keras.model_file import load_keras

    folder = read_model_folder(model)
    return folder.labels, keras_probabilities(load_keras(folder.model), texts)
