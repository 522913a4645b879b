"""The engine for `.tflite` files: LiteRT's interpreter."""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from edgernn_runtime.buffer import Buffer
from edgernn_runtime.errors import EngineError


class Engine:
    """Runs a model with one input `ids` [1, T], int32, and one output [1, C], float32."""

    def __init__(self, model: Buffer, threads: int) -> None:
        """Load the model.

        Raises:
            EngineError: LiteRT cannot run the model.
        """
        try:
            # No delegate: XNNPACK has no kernel for the recurrent operator, and writes to stderr.
            self._interpreter = Interpreter(
                model_content=bytes(model),
                num_threads=threads,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            (self._input,) = self._interpreter.get_input_details()
            (self._output,) = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise EngineError("LiteRT cannot load the model", found=str(error)) from error
        self._length: int | None = None

    def run(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the model's output, float32 [C], for the ids of one text, int32 [T].

        Raises:
            EngineError: LiteRT failed.
        """
        interpreter, index = self._interpreter, self._input["index"]
        try:
            if len(ids) != self._length:
                self._length = None
                interpreter.resize_tensor_input(index, (1, len(ids)))
                interpreter.allocate_tensors()
                self._length = len(ids)
            # The recurrent operator keeps its state between calls; without this, one text would
            # change the output for the next.
            interpreter.reset_all_variables()
            interpreter.set_tensor(index, ids[np.newaxis])
            interpreter.invoke()
            output: NDArray[np.float32] = interpreter.get_tensor(self._output["index"])
        except (ValueError, RuntimeError) as error:
            raise EngineError("LiteRT failed on the model", found=str(error)) from error
        return np.asarray(output[0])

    def close(self) -> None:
        """Release the interpreter."""
        del self._interpreter
