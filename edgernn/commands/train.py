"""`edgernn train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgernn.commands.options import data_options, force_option, json_option, to_data_options
from edgernn.model_folder import DEFAULT
from edgernn.training.options import NetworkOptions, TrainingOptions
from edgernn_runtime.tokenizer import TRUNCATE

_NETWORK, _TRAINING = NetworkOptions(), TrainingOptions()


class _Units(click.ParamType[tuple[int, ...]]):
    name = "N[,N...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Return the hidden sizes that a list such as `64,32` names."""
        if isinstance(value, tuple):
            return value
        try:
            units = tuple(int(part) for part in value.split(","))
        except ValueError:
            units = ()
        if not units or min(units) < 1:
            self.fail(f"{value!r} is not a list of sizes such as 64,32", param, ctx)
        return units


_POSITIVE = click.IntRange(min=1)


@click.command(context_settings={"show_default": True})
@data_options("reviews")
@click.option(
    "--validation", type=click.Path(path_type=Path), help="A file to validate on.", default=None
)
@click.option(
    "--validation-split",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share to validate on, where the data has no part of its own for it.  [default: 0.1]",
)
@click.option("--cell", type=click.Choice(["lstm", "gru", "rnn"]), default=_NETWORK.cell)
@click.option("--units", type=_Units(), default="64,32", help="Hidden sizes, a layer each.")
@click.option("--embedding-dim", type=_POSITIVE, default=_NETWORK.embedding_dim)
@click.option("--dense-units", type=_POSITIVE, default=_NETWORK.dense_units)
@click.option(
    "--vocabulary-size",
    type=click.IntRange(min=3),
    default=_NETWORK.vocabulary_size,
    help="Tokens.",
)
@click.option(
    "--max-length", type=_POSITIVE, default=_NETWORK.max_length, help="Tokens read of a text."
)
@click.option(
    "--truncate",
    type=click.Choice(TRUNCATE),
    default=_NETWORK.truncate,
    help="Which tokens of a longer text are read.",
)
@click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), default=_NETWORK.dropout)
@click.option(
    "--epochs", type=_POSITIVE, help="Passes over the data.  [default: 500 steps' worth, 3 to 30]"
)
@click.option("--batch-size", type=_POSITIVE, default=_TRAINING.batch_size)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=_TRAINING.learning_rate,
    help="Adam's at the start; it falls to a twentieth.",
)
@click.option(
    "--patience", type=_POSITIVE, default=_TRAINING.patience, help="Epochs without a better loss."
)
@click.option("--class-weight", type=click.Choice(["none", "balanced"]), default="none")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=_TRAINING.seed)
@click.option(
    "--out", type=click.Path(path_type=Path), default=DEFAULT, help="The model folder to write."
)
@force_option
@json_option
def train(**values: Any) -> None:
    """Train a classifier on labeled texts.

    The best epoch by validation loss is kept; Ctrl-C ends the training and keeps the best epoch
    so far.
    """
    from edgernn.heavy import import_tensorflow

    import_tensorflow()
    from edgernn.training.run import TrainRequest, run_training

    network = NetworkOptions(
        cell=values["cell"],
        units=values["units"],
        embedding_dim=values["embedding_dim"],
        dense_units=values["dense_units"],
        vocabulary_size=values["vocabulary_size"],
        max_length=values["max_length"],
        truncate=values["truncate"],
        dropout=values["dropout"],
    )
    training = TrainingOptions(
        epochs=values["epochs"],
        batch_size=values["batch_size"],
        learning_rate=values["learning_rate"],
        patience=values["patience"],
        balance_classes=values["class_weight"] == "balanced",
        seed=values["seed"],
    )
    request = TrainRequest(
        data=to_data_options(values, values["data"]),
        validation=values["validation"],
        validation_split=values["validation_split"],
        network=network,
        training=training,
        out=values["out"],
        overwrite=values["force"],
    )
    run_training(request, as_json=values["as_json"])
