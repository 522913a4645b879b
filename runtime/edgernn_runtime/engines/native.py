"""The engine for `model.bin` files in C: `runtime/libedgernn`, built where there was a compiler."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgernn_runtime import _native
from edgernn_runtime.bundle import Buffer
from edgernn_runtime.errors import EngineError


class Engine:
    """Runs a model with the fastest kernels that the processor has."""

    def __init__(self, model: Buffer, threads: int, kernels: str | None = None) -> None:
        """Load the model.

        Args:
            model: the file's bytes, which are used where they lie.
            threads: above 1, a second thread runs one of a layer's two directions, where the
                system has POSIX threads; more have no use.
            kernels: a name of `_native.kernels()`, or None for the fastest.

        Raises:
            EngineError: the model is none, there are no such kernels, or no second thread.
        """
        try:
            self._engine = _native.Engine(model, kernels, threads)
        except ValueError as error:
            raise EngineError("cannot load the model", found=str(error)) from error

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output [C] for the ids [T] of one text.

        Raises:
            EngineError: an id is outside the embedding.
        """
        try:
            output = self._engine.run(np.ascontiguousarray(ids, dtype=np.int32))
        except ValueError as error:
            raise EngineError("the engine failed on the ids", found=str(error)) from error
        return np.frombuffer(output, dtype=np.float32)

    def close(self) -> None:
        """Let go of the model."""
        del self._engine
