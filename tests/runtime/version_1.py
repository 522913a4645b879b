"""model.bin files of version 1, as edgernn 0.1.0 before the text section wrote them."""

from __future__ import annotations

from unittest import mock

import numpy as np

from edgernn_export.native import writer
from edgernn_export.recipes import RECIPES
from edgernn_runtime.model_bin import ACTIVATIONS, CELLS
from edgernn_runtime.text_section import with_checksum


def written_as_version_1(network, recipe, vocabulary_sha256="0" * 64):
    """Return a network as a model.bin whose matrices are stored row by row."""
    with (
        mock.patch.object(writer, "_direction", _direction),
        mock.patch.object(writer, "VERSION", 1),
    ):
        data = writer.write(network, RECIPES[recipe], vocabulary_sha256)
    return data[:32] + vocabulary_sha256.encode() + data[96:]


def _direction(tensors, direction):
    first = tensors.add_weights(direction.kernel.T)
    tensors.add_weights(direction.recurrent.T)
    tensors.add(np.atleast_2d(direction.bias))
    return (
        CELLS.index(direction.cell),
        ACTIVATIONS.index(direction.activation),
        ACTIVATIONS.index(direction.gate_activation),
        int(direction.reset_after),
        int(direction.reverse),
        first,
    )


def mended(data):
    """Return a file that was changed with a right checksum; version 1 has none."""
    return with_checksum(data) if len(data) >= 128 and data[8:12] == b"\2\0\0\0" else data
