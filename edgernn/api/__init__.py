"""The Python API: one function for each command.

TensorFlow is imported by the functions that need it, so that `import edgernn` is quick.
"""

from edgernn.api.benchmarking import benchmark
from edgernn.api.evaluation import ModelEvaluation, evaluate
from edgernn.api.exporting import export
from edgernn.api.searching import search
from edgernn.api.training import find_preset, train

__all__ = ["ModelEvaluation", "benchmark", "evaluate", "export", "find_preset", "search", "train"]
