"""The engine for `model.bin` files in C: `runtime/libedgernn`, compiled at installation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime import _native
from edgernn_runtime.bundle import Buffer
from edgernn_runtime.errors import EngineError


class Engine:
    """Runs a model with the fastest kernels of the processor."""

    def __init__(self, model: Buffer, threads: int, kernels: str | None = None) -> None:
        """Load the model.

        Args:
            model: the file's bytes, which are used in place.
            threads: with 2 or more, a second thread runs one of a layer's two directions, if the
                system has POSIX threads.
            kernels: a name in `_native.kernels()`, or None for the fastest.

        Raises:
            EngineError: the model is invalid, the kernels do not exist, or the second thread
                cannot start.
        """
        try:
            self._engine = _native.Engine(model, kernels, threads)
        except ValueError as error:
            raise EngineError("cannot load the model", found=str(error)) from error

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output, float32 [C], for the ids of one text, int32 [T].

        Raises:
            EngineError: an id is outside the embedding.
        """
        try:
            output = self._engine.run(np.ascontiguousarray(ids, dtype=np.int32))
        except ValueError as error:
            raise EngineError("the engine failed on the ids", found=str(error)) from error
        return np.frombuffer(output, dtype=np.float32)

    def close(self) -> None:
        """Release the model."""
        del self._engine
