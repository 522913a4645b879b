"""Training and prediction as all published models share them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH = 32


def fit(
    model: Any, inputs: Any, targets: NDArray[np.int64], *, rate: float = 5e-3, epochs: int = 2
) -> None:
    """Train a model of Keras or tf_keras for a few hundred steps.

    Args:
        model: the model, which ends with a sigmoid, a softmax or one logit.
        inputs: the model's inputs for N texts: one array, or a list of them.
        targets: classes int64 [N], or int64 [N, C] of 0 and 1.
        rate: the learning rate of Adam.
        epochs: the passes over the texts.
    """
    import keras
    import tf_keras

    api = keras if isinstance(model, keras.Model) else tf_keras
    activation = model.layers[-1].get_config().get("activation")
    if activation == "softmax":
        loss = api.losses.SparseCategoricalCrossentropy()
    else:
        loss = api.losses.BinaryCrossentropy(from_logits=activation == "linear")
        targets = targets.astype(np.float32).reshape(len(targets), -1)
    model.compile(loss=loss, optimizer=api.optimizers.Adam(rate), jit_compile=False)
    model.fit(inputs, targets, batch_size=BATCH, epochs=epochs, verbose=0)


def predict(model: Any, inputs: Any) -> NDArray[np.float32]:
    """Return a model's outputs, float32 [N, C], for the inputs of N texts."""
    return np.asarray(model.predict(inputs, batch_size=BATCH, verbose=0), dtype=np.float32)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probabilities of logits, float32 [N, C]."""
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))), dtype=np.float32)
