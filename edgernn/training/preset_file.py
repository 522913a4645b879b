"""The preset of a trained model, as its model folder stores it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgernn.errors import OptionError
from edgernn.model_folder import METRICS, read_model_folder
from edgernn.training.options import (
    NetworkOptions,
    Preset,
    TextOptions,
    TrainingOptions,
    WideOptions,
)

#: The learning rate of a continued training, as a share of that of the first training.
CONTINUED_RATE = 0.3


def read_preset(path: Path) -> Preset:
    """Return the preset that a model was trained with.

    Args:
        path: its model folder.

    Raises:
        OptionError: the path is not a model folder, or another version wrote it.
        ModelFolderError: a file in it is malformed.
    """
    read_model_folder(path)
    try:
        metrics = json.loads((path / METRICS).read_text(encoding="utf-8"))
        return _preset(metrics["preset"])
    except (OSError, KeyError, TypeError) as error:
        raise OptionError(
            "the options of the model are unknown",
            path=path,
            expected=f"{METRICS} with a preset, as written by this version of `edgernn train`",
            found=f"{type(error).__name__}: {error}",
            hint="train anew without --from",
        ) from error


def continued_preset(path: Path) -> Preset:
    """Return the preset of a training that continues from a model, with a smaller learning rate.

    Args:
        path: the model folder.

    Raises:
        OptionError: the path is not a model folder, or another version wrote it.
        ModelFolderError: a file in it is malformed.
    """
    preset = read_preset(path)
    training = preset.training
    rate = training.learning_rate * CONTINUED_RATE
    return replace(preset, training=replace(training, learning_rate=rate))


def _preset(values: Mapping[str, Any]) -> Preset:
    """Return the preset of the values that `metrics.json` contains."""
    network, wide = values["network"], values["wide"]
    if network is not None:
        network = NetworkOptions(**{**network, "units": tuple(network["units"])})
    if wide is not None:
        wide = WideOptions(**{**wide, "patterns": tuple(wide["patterns"])})
    training = TrainingOptions(**values["training"])
    text = TextOptions(**values["text"])
    return Preset(values["name"], values["summary"], text, network, wide, training)
