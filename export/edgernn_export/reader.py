"""The reader: a `.keras` file to a Network."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from edgernn_export.errors import OptionError, UnsupportedModelError
from edgernn_export.keras_model import KerasModel, layers_of
from edgernn_runtime.network import (
    GATES,
    Activation,
    Cell,
    Dense,
    Direction,
    Head,
    Merge,
    Network,
    Recurrent,
)
from edgernn_runtime.tokenizer import SPLIT, STANDARDIZE, TokenizerSpec

#: Layers that do nothing at inference.
NO_OPERATION = (
    "InputLayer",
    "Dropout",
    "SpatialDropout1D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "ActivityRegularization",
)
_Name = TypeVar("_Name", bound=str)

_CELLS: dict[str, Cell] = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
_ACTIVATIONS: tuple[Activation, ...] = ("linear", "relu", "tanh", "sigmoid")
_ISSUES = "see docs/architecture.md for what can be exported"


def read_network(model: KerasModel, labels: tuple[str, ...] | None = None) -> Network:
    """Return the Network of a Keras model.

    Args:
        model: a Sequential model, or a functional one that is a chain, with its TextVectorization
            layer inside.
        labels: the names of the classes; None names them by their numbers.

    Raises:
        UnsupportedModelError: the model has a layer or an option that is not covered.
        OptionError: the number of labels does not fit the model's output.
    """
    layers = [layer for layer in layers_of(model) if type(layer).__name__ not in NO_OPERATION]
    layers = _take(layers, "TextVectorization")
    vectorizer, layers = layers[0], _take(layers[1:], "Embedding")
    embedding, layers = layers[0], layers[1:]
    recurrent: list[Recurrent] = []
    while layers and type(layers[0]).__name__ in ("Bidirectional", *_CELLS):
        recurrent.append(_recurrent(layers.pop(0)))
    _check_sequences(recurrent)
    others = [layer for layer in layers if type(layer).__name__ != "Dense"]
    if others or not layers:
        expected = "Dense layers after the recurrent ones, and nothing else"
        raise _unsupported(others[0] if others else None, expected)
    head = _head(layers[-1])
    dense = [_dense(layer, is_last=layer is layers[-1]) for layer in layers]
    vocabulary = tuple(token.encode() for token in vectorizer.get_vocabulary())
    table = _array(embedding.embeddings)
    if len(vocabulary) > len(table):
        raise UnsupportedModelError(
            f"layer {embedding.name}: the vocabulary is larger than the embedding",
            expected=f"at most {len(table):,} tokens",
            found=f"{len(vocabulary):,}",
            hint="build Embedding with input_dim of at least the vocabulary's size",
        )
    tokenizer, padded_to = _tokenizer(vectorizer)
    return Network(
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        embedding=table,
        recurrent=tuple(recurrent),
        dense=tuple(dense),
        head=head,
        labels=_labels(labels, head, dense[-1].kernel.shape[1]),
        pad_to=None if embedding.mask_zero else padded_to,
    )


def _take(layers: list[KerasModel], kind: str) -> list[KerasModel]:
    if layers and type(layers[0]).__name__ == kind:
        return layers
    expected = f"a {kind} layer here: text, TextVectorization, Embedding, recurrent, Dense"
    raise _unsupported(layers[0] if layers else None, expected)


def _unsupported(layer: KerasModel | None, expected: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        "the model has no layer left"
        if layer is None
        else f"layer {layer.name} cannot be exported here",
        expected=expected,
        found="the end of the model" if layer is None else type(layer).__name__,
        hint=_ISSUES,
    )


def _tokenizer(layer: KerasModel) -> tuple[TokenizerSpec, int | None]:
    """Return the spec of a TextVectorization layer, and the length that it pads to."""
    config = layer.get_config()
    for name, expected in (("output_mode", "int"), ("ragged", False), ("encoding", "utf-8")):
        if config[name] != expected:
            raise _tokenizer_option(layer, name, (str(expected),), config[name])
    standardize = _named(layer, "standardize", STANDARDIZE, config["standardize"] or "none")
    split = _named(layer, "split", SPLIT, config["split"] or "none")
    ngrams, max_length = config["ngrams"] or (), config["output_sequence_length"]
    widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else tuple(ngrams)
    spec = TokenizerSpec(standardize=standardize, split=split, ngrams=widths, max_length=max_length)
    return spec, max_length


def _named(layer: KerasModel, option: str, allowed: tuple[_Name, ...], found: object) -> _Name:
    for name in allowed:
        if found == name:
            return name
    raise _tokenizer_option(layer, option, allowed, found)


def _tokenizer_option(
    layer: KerasModel, name: str, allowed: tuple[str, ...], found: object
) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"layer {layer.name}: {name} is outside the tokenizer's contract",
        expected=" | ".join(allowed),
        found=str(found),
        hint="train with one of these; a device cannot run a Python function",
    )


def _recurrent(layer: KerasModel) -> Recurrent:
    forward, backward = layer, None
    merge: Merge = "concat"
    if type(layer).__name__ == "Bidirectional":
        forward, backward, merge = layer.forward_layer, layer.backward_layer, layer.merge_mode
        if merge not in ("concat", "sum", "ave", "mul"):
            raise _option(layer, "merge_mode", "concat | sum | ave | mul", merge)
    for cell in [forward] if backward is None else [forward, backward]:
        _check_cell(cell)
    if forward.go_backwards or (backward is not None and not backward.go_backwards):
        raise _option(layer, "go_backwards", "the default", forward.go_backwards)
    if backward is not None:
        _check_twins(layer, forward, backward)
    return Recurrent(
        name=layer.name,
        cell=_CELLS[type(forward).__name__],
        forward=_direction(forward),
        backward=None if backward is None else _direction(backward),
        merge=merge,
        return_sequences=forward.return_sequences,
        reset_after=getattr(forward, "reset_after", True),
    )


def _check_twins(layer: KerasModel, forward: KerasModel, backward: KerasModel) -> None:
    """Refuse a backward layer of its own that is not of the forward one's shape."""
    kinds = [(type(cell).__name__, cell.units) for cell in (forward, backward)]
    orders = [getattr(cell, "reset_after", None) for cell in (forward, backward)]
    if kinds[0] != kinds[1] or orders[0] != orders[1]:
        expected = "one of the forward layer's kind, units and reset_after"
        raise _option(layer, "backward_layer", expected, kinds[1])


def _check_cell(layer: KerasModel) -> None:
    if type(layer).__name__ not in _CELLS:
        raise _unsupported(layer, "LSTM, GRU or SimpleRNN")
    config = layer.get_config()
    required = {"activation": "tanh", "stateful": False, "return_state": False}
    if type(layer).__name__ != "SimpleRNN":
        required["recurrent_activation"] = "sigmoid"
    for name, value in required.items():
        if config[name] != value:
            raise _option(layer, name, str(value), config[name])


def _option(layer: KerasModel, name: str, expected: str, found: object) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"layer {layer.name}: {name} cannot be exported",
        expected=f"{name}={expected}",
        found=f"{name}={found}",
        hint=_ISSUES,
    )


def _check_sequences(layers: list[Recurrent]) -> None:
    for i, layer in enumerate(layers):
        wanted = i < len(layers) - 1
        if layer.return_sequences != wanted:
            raise UnsupportedModelError(
                f"layer {layer.name}: return_sequences cannot be exported",
                expected=f"return_sequences={wanted} in this place",
                found=f"return_sequences={layer.return_sequences}",
                hint="every recurrent layer but the last returns sequences; the last does not",
            )
    if not layers:
        raise UnsupportedModelError(
            "the model has no recurrent layer",
            expected="LSTM, GRU or SimpleRNN after the Embedding",
            found="none",
        )


def _direction(layer: KerasModel) -> Direction:
    cell = layer.cell
    gates = GATES[_CELLS[type(layer).__name__]]
    after = getattr(layer, "reset_after", False)
    size = gates * layer.units
    zeros = np.zeros((2, size) if after else size, dtype=np.float32)
    return Direction(
        kernel=_array(cell.kernel),
        recurrent=_array(cell.recurrent_kernel),
        bias=_array(cell.bias) if layer.use_bias else zeros,
    )


def _dense(layer: KerasModel, *, is_last: bool) -> Dense:
    activation = layer.get_config()["activation"]
    if is_last:
        # The head carries it; see `_head`.
        activation = "linear"
    elif activation not in _ACTIVATIONS:
        raise _option(layer, "activation", " | ".join(_ACTIVATIONS), activation)
    zeros = np.zeros(layer.units, dtype=np.float32)
    bias = _array(layer.bias) if layer.use_bias else zeros
    return Dense(layer.name, _array(layer.kernel), bias, activation)


def _head(last: KerasModel) -> Head:
    """Return what the last layer's size and activation say about the answer."""
    activation = last.get_config()["activation"]
    if activation not in ("linear", "sigmoid", "softmax") or (
        activation == "softmax" and last.units == 1
    ):
        raise _option(last, "activation", "linear | sigmoid | softmax (of two or more)", activation)
    if last.units == 1:
        return "binary"
    return "multilabel" if activation == "sigmoid" else "multiclass"


def _labels(labels: tuple[str, ...] | None, head: Head, outputs: int) -> tuple[str, ...]:
    wanted = 2 if head == "binary" else outputs
    if labels is None:
        return tuple(str(i) for i in range(wanted))
    if len(labels) != wanted or len(set(labels)) != wanted:
        raise OptionError(
            "the labels do not fit the model",
            expected=f"{wanted} different labels",
            found=", ".join(labels),
        )
    return labels


def _array(variable: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(variable, dtype=np.float32)
