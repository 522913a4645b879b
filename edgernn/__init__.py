"""edgernn: recurrent Keras text classifiers, from training to the device."""

from typing import TYPE_CHECKING

from edgernn_runtime.lazy import lazy_names

if TYPE_CHECKING:
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

#: The command line imports this package, and each command only what it needs.
_MODULES = {
    "BenchError": "edgernn.errors",
    "DataError": "edgernn.errors",
    "DownloadError": "edgernn.errors",
    "EdgernnError": "edgernn_runtime",
    "ModelEvaluation": "edgernn.api",
    "ModelFolderError": "edgernn.errors",
    "OptionError": "edgernn.errors",
    "PRESETS": "edgernn.training.options",
    "Preset": "edgernn.training.options",
    "Rows": "edgernn.data.rows",
    "TrainingError": "edgernn.errors",
    "__version__": "edgernn_runtime",
    "benchmark": "edgernn.api",
    "evaluate": "edgernn.api",
    "export": "edgernn.api",
    "find_preset": "edgernn.api",
    "search": "edgernn.api",
    "train": "edgernn.api",
}

__getattr__ = lazy_names(__name__, _MODULES)
