"""The engine for `.onnx` files: ONNX Runtime on the CPU."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as state

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import EngineError

_ERRORS = (
    ValueError,
    RuntimeError,
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NotImplemented,
    state.RuntimeException,
)


class Engine:
    """Runs a model with an input `ids` [N, T], int32, and one output [N, C].

    If the model has a second input `lengths` [N], int32, it is the length of each text.
    """

    def __init__(self, model: Buffer, threads: int) -> None:
        """Load the model.

        Raises:
            EngineError: ONNX Runtime cannot run the model.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Errors that it would log are raised too.
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                bytes(model), options, providers=["CPUExecutionProvider"]
            )
            self._has_lengths = len(self._session.get_inputs()) > 1
        except _ERRORS as error:
            raise EngineError("ONNX Runtime cannot load the model", found=str(error)) from error

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output, float32 [C], for the ids of one text, int32 [T].

        Raises:
            EngineError: ONNX Runtime failed.
        """
        feeds = {"ids": ids[np.newaxis]}
        if self._has_lengths:
            feeds["lengths"] = np.array([len(ids)], dtype=np.int32)
        try:
            (output,) = self._session.run(None, feeds)
        except _ERRORS as error:
            raise EngineError("ONNX Runtime failed on the model", found=str(error)) from error
        result: NDArray[np.float32] = output[0]
        return result

    def close(self) -> None:
        """Release the session."""
        del self._session
