"""The engine for `model.bin` files in NumPy: slow, but available without a C compiler."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import EngineError
from edgernn_runtime.model_bin import decode_model
from edgernn_runtime.reference import evaluate


class Engine:
    """Runs a model with the reference implementation of its layers."""

    def __init__(self, model: Buffer, threads: int) -> None:
        """Load the model.

        Args:
            model: the file's bytes.
            threads: ignored; NumPy manages its own threads.

        Raises:
            EngineError: the model is invalid.
        """
        del threads
        self._model = decode_model(model)

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output, float32 [C], for the ids of one text, int32 [T].

        Raises:
            EngineError: an id is outside the embedding.
        """
        model = self._model
        if ids.min() < 0 or ids.max() >= model.words:
            raise EngineError(
                "an id is outside the embedding",
                expected=f"0 to {model.words - 1}",
                found=f"{ids.min()} to {ids.max()}",
            )
        with np.errstate(all="ignore"):
            return evaluate(model.embedding, model.layers, model.wide, model.head, ids)

    def close(self) -> None:
        """Release the model."""
        del self._model
