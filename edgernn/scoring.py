"""Probabilities of texts from a Keras model or a bundle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgernn.progress import amount_progress, tracked
from edgernn_export.keras.layer_chain import KerasModel
from edgernn_runtime import Classifier
from edgernn_runtime.heads import expand_binary


def keras_probabilities(model: KerasModel, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a Keras model's probabilities of each label, float32 [N, C], C at least 2.

    Args:
        model: a model that the exporter can read; its outputs are logits or probabilities.
        texts: the texts.

    Raises:
        UnsupportedModelError: the exporter cannot read the model.
    """
    from edgernn_export.keras.predictions import keras_outputs
    from edgernn_export.keras.reader import read_source

    source = read_source(model)
    with amount_progress("running Keras") as callback:
        return expand_binary(keras_outputs(source, texts, callback))


def bundle_probabilities(classifier: Classifier, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a bundle's probabilities of each label, float32 [N, C], C at least 2."""
    predictions = classifier.predict_batch(tracked(texts, "classifying"))
    rows = [list(prediction.probabilities.values()) for prediction in predictions]
    return np.asarray(rows, dtype=np.float32)
