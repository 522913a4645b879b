"""edgernn: recurrent Keras text classifiers, from training to the device."""

from edgernn.api import ModelEvaluation, benchmark, evaluate, export, find_preset, search, train
from edgernn.data.rows import Rows
from edgernn.errors import (
    BenchError,
    DataError,
    DownloadError,
    ModelFolderError,
    OptionError,
    TrainingError,
)
from edgernn.training.options import PRESETS, Preset
from edgernn_runtime import EdgernnError, __version__

__all__ = [
    "PRESETS",
    "BenchError",
    "DataError",
    "DownloadError",
    "EdgernnError",
    "ModelEvaluation",
    "ModelFolderError",
    "OptionError",
    "Preset",
    "Rows",
    "TrainingError",
    "__version__",
    "benchmark",
    "evaluate",
    "export",
    "find_preset",
    "search",
    "train",
]
