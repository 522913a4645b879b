"""The model in eager PyTorch, from the weights of a float32 `model.bin`; LSTM and Dense only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edgernn.errors import BenchError
from edgernn_runtime.activations import sigmoid, softmax
from edgernn_runtime.ir import Dense, Direction, Recurrent
from edgernn_runtime.model_bin import Model, decode_model


class TorchModel:
    """A stack of `torch.nn.LSTM` and `torch.nn.Linear`."""

    def __init__(self, file: Path, threads: int) -> None:
        """Load the weights.

        Raises:
            BenchError: the model has another kind of layer, or a wide path.
        """
        torch.set_num_threads(threads)
        self._model: Model = decode_model(file.read_bytes())
        if self._model.embedding is None or self._model.wide is not None:
            raise BenchError("PyTorch is not measured with a wide path")
        self._embedding = torch.from_numpy(self._model.embedding.copy())
        self._layers = [_layer(layer) for layer in self._model.layers]

    def __call__(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the probabilities [C] of ids [T]."""
        with torch.inference_mode():
            x: Any = self._embedding[torch.from_numpy(ids.astype(np.int64))]
            for layer, made in zip(self._model.layers, self._layers, strict=True):
                x = _step(layer, made, x)
        final = softmax if self._model.head == "multiclass" else sigmoid
        return final(x.numpy())


def _step(layer: Any, made: Any, x: Any) -> Any:
    if isinstance(layer, Dense):
        y = made(x)
        return torch.relu(y) if layer.activation == "relu" else y
    y, (last, _) = made(x)
    return y if layer.return_sequences else last.reshape(-1)


def _layer(layer: Any) -> Any:
    if isinstance(layer, Dense) and layer.activation in ("relu", "linear"):
        linear = torch.nn.Linear(*layer.kernel.shape)
        linear.weight.data = torch.tensor(np.ascontiguousarray(layer.kernel.T))
        linear.bias.data = torch.tensor(layer.bias)
        return linear
    is_lstm = isinstance(layer, Recurrent) and all(map(_is_standard, layer.directions))
    if not is_lstm or layer.merge != "concat" or layer.forward.reverse:
        raise BenchError(f"layer {layer.name} is neither a standard LSTM nor Dense")
    first: Direction = layer.forward
    lstm = torch.nn.LSTM(first.input_size, first.hidden_size, bidirectional=bool(layer.backward))
    for direction, suffix in zip(layer.directions, ("", "_reverse"), strict=False):
        for name, value in (
            ("weight_ih_l0", direction.kernel.T),
            ("weight_hh_l0", direction.recurrent.T),
            ("bias_ih_l0", direction.bias),
            ("bias_hh_l0", np.zeros_like(direction.bias)),
        ):
            getattr(lstm, name + suffix).data = torch.tensor(np.ascontiguousarray(value))
    return lstm


def _is_standard(direction: Direction) -> bool:
    standard = ("lstm", "tanh", "sigmoid")
    return (direction.cell, direction.activation, direction.gate_activation) == standard
