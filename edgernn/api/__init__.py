"""The Python API: one function for each command.

TensorFlow is imported by the functions that need it, so that `import edgernn` is quick.
"""

from typing import TYPE_CHECKING

from edgernn_runtime.lazy import lazy_names

if TYPE_CHECKING:
    from edgernn.api.benchmarking import benchmark
    from edgernn.api.evaluation import ModelEvaluation, evaluate
    from edgernn.api.exporting import export
    from edgernn.api.searching import search
    from edgernn.api.training import find_preset, train

__all__ = ["ModelEvaluation", "benchmark", "evaluate", "export", "find_preset", "search", "train"]

#: The command line imports this package, and each command only what it needs.
_MODULES = {
    "ModelEvaluation": "edgernn.api.evaluation",
    "benchmark": "edgernn.api.benchmarking",
    "evaluate": "edgernn.api.evaluation",
    "export": "edgernn.api.exporting",
    "find_preset": "edgernn.api.training",
    "search": "edgernn.api.searching",
    "train": "edgernn.api.training",
}

__getattr__ = lazy_names(__name__, _MODULES)
