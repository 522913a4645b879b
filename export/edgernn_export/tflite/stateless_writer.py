"""The variant `stateless`: a `.tflite` file that needs no reset of its variables between calls."""

from __future__ import annotations

from edgernn_export.recipes import Recipe
from edgernn_export.tflite.graph import FileBuilder
from edgernn_export.tflite.layers import TfliteEmitter
from edgernn_export.tflite.writer import finish
from edgernn_runtime.ir import Network


def write(network: Network, recipe: Recipe, vocabulary_sha256: str) -> bytes:
    """Return the network as a `.tflite` file without state between calls.

    Args:
        network: the classifier.
        recipe: how the weight matrices are stored.
        vocabulary_sha256: 64 hexadecimal digits, for the file's metadata beside the labels.

    Raises:
        UnsupportedModelError: a wide path has too many rows.
    """
    graph = FileBuilder().subgraph("main")
    return finish(network, TfliteEmitter(graph, recipe, is_stateless=True), vocabulary_sha256)
