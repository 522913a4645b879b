"""The engine for `model.bin` files in C, `runtime/libedgernn`, built by the installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgernn_runtime import _native
from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The number of the best label, and the probability of each label.
Scores = tuple[int, list[float]]


class Engine:
    """Runs a model with the fastest kernels of the processor."""

    def __init__(self, model: Buffer, threads: int, kernels: str | None = None) -> None:
        """Load the model.

        Args:
            model: the file's bytes, which are used in place.
            threads: above 1, a second thread runs one of a layer's two directions on systems with
                POSIX threads; more threads have no effect.
            kernels: a name of `_native.kernels()`, or None for the fastest.

        Raises:
            EngineError: the file is malformed, the processor has no such kernels, or a second
                thread cannot be started.
        """
        try:
            self._engine = _native.Engine(model, kernels, threads)
        except ValueError as error:
            raise _failed("cannot load the model", error) from error
        #: Whether `classify` takes texts: the model contains its tokenizer and labels.
        self.reads_text = self._engine.reads_text

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the output, float32 [C], for the ids, int32 [T], of a text. One thread at a time.

        Raises:
            EngineError: an id is outside the embedding, or the output is NaN.
        """
        import numpy as np

        try:
            output = self._engine.run(np.ascontiguousarray(ids, dtype=np.int32))
        except ValueError as error:
            raise _failed("the engine failed on the ids", error) from error
        return np.frombuffer(output, dtype=np.float32)

    def classify(self, text: bytes) -> tuple[int, list[float]]:
        """Return the number of the most probable label and all probabilities. Thread-safe.

        Args:
            text: UTF-8.

        Raises:
            EngineError: the output is NaN, or an id is outside the embedding.
        """
        try:
            return self._engine.classify(text)
        except ValueError as error:
            raise _failed("the engine failed on the text", error) from error

    def classify_batch(self, texts: Sequence[bytes]) -> list[Scores | EngineError]:
        """Return what `classify` returns for each of many texts, or its error. Thread-safe.

        Args:
            texts: UTF-8, [N].

        Raises:
            EngineError: there is not enough memory.
        """
        try:
            results = self._engine.classify_batch(texts)
        except ValueError as error:
            raise _failed("the engine failed on the texts", error) from error
        return [_result(*result) for result in results]

    def close(self) -> None:
        """Release the model."""
        del self._engine


def _result(first: int | str, second: list[float] | str) -> Scores | EngineError:
    if isinstance(first, int) and isinstance(second, list):
        return first, second
    return _failed("the engine failed on the text", ValueError(first, second))


def _failed(what: str, error: ValueError) -> EngineError:
    message, *name = map(str, error.args)
    status = name[0].removeprefix("EDGERNN_ERROR_") if name else None
    return EngineError(what, found=message, status=status)
