"""The writer of the integer recipe: calibrated on texts, integers only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn_export.errors import OptionError
from edgernn_export.tflite.calibration import LayerRange, calibrate
from edgernn_export.tflite.graph import FileBuilder
from edgernn_export.tflite.integer_layers import IntegerEmitter
from edgernn_export.tflite.writer import finish
from edgernn_runtime.ir import Network


def write(network: Network, vocabulary_sha256: str, texts: Sequence[NDArray[np.int32]]) -> bytes:
    """Return the network as an integer-only `.tflite` file.

    Args:
        network: the classifier.
        vocabulary_sha256: 64 hexadecimal digits, for the file's metadata beside the labels.
        texts: the texts to calibrate on, int32 [T] each; T may be 0.

    Raises:
        OptionError: no text has a token.
        UnsupportedModelError: a layer has no integer form.
    """
    if not any(map(len, texts)):
        raise OptionError(
            "--quantize int8-full has no text to calibrate on",
            expected="texts with at least one token",
            found=f"{len(texts)} texts, all empty",
            hint="give others with --texts",
        )
    return write_calibrated(network, vocabulary_sha256, calibrate(network, texts))


def write_calibrated(
    network: Network, vocabulary_sha256: str, ranges: tuple[LayerRange, ...]
) -> bytes:
    """Return the network as an integer-only file, given the range of each layer's values.

    Raises:
        UnsupportedModelError: a layer has no integer form.
    """
    emitter = IntegerEmitter(FileBuilder().subgraph("main"), ranges)
    return finish(network, emitter, vocabulary_sha256)
