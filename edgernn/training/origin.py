"""The trained model that `--from` continues from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from edgernn.data.rows import Rows
from edgernn.model_folder import read_model_folder
from edgernn.training.keras_builder import KerasLayer, RecurrentPath
from edgernn.training.options import Preset
from edgernn.training.preset_file import read_preset
from edgernn.training.wide import WidePath
from edgernn_export.keras.hashed_ngrams import HashedNgrams
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_export.keras.model_file import load_keras
from edgernn_runtime.ir import Array


@dataclass(frozen=True)
class Origin:
    """A trained model to continue from.

    Attributes:
        path: its model folder.
        labels: the names of its classes.
        preset: the preset that it was trained with.
        model: the Keras model, strings to probabilities.
        validation: its validation rows, at most 1,000.
        digest: the SHA-256 of its file.
    """

    path: Path
    labels: tuple[str, ...]
    preset: Preset
    model: KerasModel
    validation: Rows
    digest: str

    @property
    def tokenizer(self) -> tuple[KerasLayer, ...]:
        """The layers from strings to ids."""
        layers = self.model.layers[1:]
        end = next(
            i
            for i, one in enumerate(layers)
            if isinstance(one, (keras.layers.Embedding, HashedNgrams))
        )
        return tuple(layers[:end])

    def wide(self, labels: tuple[str, ...]) -> WidePath | None:
        """Return the wide path with more labels, which have weights of 0; None without one."""
        layer = next((one for one in self.model.layers if isinstance(one, HashedNgrams)), None)
        if layer is None:
            return None
        weights, bias = _with_columns(
            layer.table.numpy(), layer.bias.numpy(), len(self.labels), len(labels)
        )
        empty = np.zeros((0, weights.shape[1]), dtype=np.float32)
        return WidePath(weights, layer.checksums.numpy(), bias, "idf", 0.0, empty)

    def initialize(self, path: RecurrentPath, labels: tuple[str, ...]) -> bool:
        """Copy the weights into a built recurrent path with more labels.

        Returns:
            Whether the model has a recurrent path; if not, nothing is copied.
        """
        kinds = (keras.layers.Embedding, keras.layers.Bidirectional, keras.layers.Dense)
        layers = [one for one in self.model.layers if isinstance(one, kinds)]
        if not layers:
            return False
        for target, source in zip(path.weighted_layers, layers, strict=True):
            weights = source.get_weights()
            if target is path.logits:
                kernel, bias = weights
                weights = _with_columns(kernel, bias, len(self.labels), len(labels))
            target.set_weights(weights)
        return True


def read_origin(path: Path) -> Origin:
    """Return the trained model in a model folder.

    Raises:
        OptionError: the path is not a model folder, or another version wrote it.
        ModelFolderError: a file in it is malformed.
        ModelFileError: its Keras model cannot be read.
    """
    folder = read_model_folder(path)
    return Origin(
        path=path,
        labels=folder.labels,
        preset=read_preset(path),
        model=load_keras(folder.model),
        validation=folder.validation,
        digest=hashlib.sha256(folder.model.read_bytes()).hexdigest(),
    )


def _with_columns(weights: Array, bias: Array, old: int, new: int) -> tuple[Array, Array]:
    """Return the weights [F, C] and the bias [C] for more classes.

    The single logit of two classes becomes a pair with the same difference.
    """
    if old == new:
        return weights, bias
    if old == 2:
        weights = np.concatenate([-weights / 2, weights / 2], axis=1)
        bias = np.concatenate([-bias / 2, bias / 2])
    added = new - weights.shape[1]
    return np.pad(weights, ((0, 0), (0, added))), np.pad(bias, (0, added))
