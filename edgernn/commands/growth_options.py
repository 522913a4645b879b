"""Options of `edgernn train`: continuing, streams, workers and search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgernn.commands.options import DetailOption, Latency
from edgernn.training.options import CHECKPOINT_MINUTES, SAMPLE_TEXTS

_POSITIVE = click.IntRange(min=1)

_OPTIONS = (
    click.option(
        "--from",
        "origin",
        type=click.Path(path_type=Path),
        help="Model folder to continue from.",
    ),
    click.option(
        "--resume",
        is_flag=True,
        help="Continue an interrupted training from its checkpoint.",
    ),
    click.option(
        "--checkpoint-minutes",
        cls=DetailOption,
        type=click.FloatRange(0),
        default=CHECKPOINT_MINUTES,
        show_default=True,
        help="Time between two checkpoints within an epoch; there is also one after each epoch.",
    ),
    click.option(
        "--stream",
        cls=DetailOption,
        is_flag=True,
        help="Read the tables of --data (file, folder or glob) while training, in constant memory.",
    ),
    click.option(
        "--sample-texts",
        cls=DetailOption,
        type=_POSITIVE,
        default=SAMPLE_TEXTS,
        show_default=True,
        help="With --stream: texts that the vocabulary and the linear classifier are fitted on.",
    ),
    click.option(
        "--steps-per-epoch",
        cls=DetailOption,
        type=_POSITIVE,
        help="With --stream: batches between two validations.  [default: all texts]",
    ),
    click.option(
        "--distribute",
        cls=DetailOption,
        metavar="HOST:PORT,...|auto",
        help="Workers that train together; auto: those in the variable TF_CONFIG.",
    ),
    click.option(
        "--worker",
        cls=DetailOption,
        type=click.IntRange(min=0),
        help="Place of this worker in --distribute, from 0.",
    ),
    click.option(
        "--search",
        "trials",
        cls=DetailOption,
        type=_POSITIVE,
        metavar="N",
        help="Train N variants of the preset, and keep the one with the lowest log loss.",
    ),
    click.option(
        "--max-latency",
        cls=DetailOption,
        type=Latency(),
        help="With --search: longest median latency of the int8 bundle, such as 0.2ms.",
    ),
)


def growth_options(function: Any) -> Any:
    """Add the options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
